import type { DistributionSummary } from '../contract/dataset-statistics.ts'
import type { Problem } from '../contract/problem.ts'
import type { EpisodeColumns } from './dataset.ts'

/** From this share of its values at one and the same end on, a dimension counts as clipped. */
const clippedShare = 0.05
/** What lies at its two ends most of the time is a gripper that is open or closed. */
const twoEndedShare = 0.8
/** A gripper may have two values only: neither is a clip. */
const fewValues = 3

/** What is wrong with the numbers of one episode. Pure; `where` goes into each row. */
export function checkColumns({ frameCount, state, action, timestamps }: EpisodeColumns, names: { state: readonly string[]; action: readonly string[] }, fps: number, where: { episode: number; file?: string }): Problem[] {
  const problems: Problem[] = []
  const say = (what: string, hint: string): number => problems.push({ severity: 'warning', what, hint, ...where })
  for (const [key, values] of [['state', state], ['action', action]] as const) {
    const own = names[key]
    if (own.length === 0) continue
    const bad = values.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) say(`The ${key} "${own[bad % own.length]}" of episode ${where.episode} is ${values[bad]} in frame ${Math.floor(bad / own.length)}.`, 'Leave the episode out of training (kinora convert --leave-out), or correct its source.')
  }
  if (names.action.length > 0 && frameCount > 1 && isConstant(action, names.action.length)) {
    say(`The action of episode ${where.episode} never changes.`, 'The recording was not running or the column is a placeholder: leave the episode out.')
  }
  const time = checkTimestamps(timestamps, fps)
  if (time !== null) say(`The timestamps of episode ${where.episode} ${time}.`, 'Frames are counted, not timed, so training is not touched; correct the timestamps, or fps in the metadata, before videos are cut by them.')
  return problems
}

function isConstant(matrix: Float32Array, dimension: number): boolean {
  return matrix.every((value, index) => Object.is(value, matrix[index % dimension]))
}

/** Null if they are frame / fps (from whatever start) to half a frame. */
function checkTimestamps(timestamps: Float64Array, fps: number): string | null {
  const first = timestamps[0] ?? 0
  for (const [frame, seconds] of timestamps.entries()) {
    if (!Number.isFinite(seconds)) return `are ${seconds} in frame ${frame}`
    if (frame > 0 && seconds <= timestamps[frame - 1]!) return `do not rise: frame ${frame} is at ${seconds.toFixed(3)} s, the one before at ${timestamps[frame - 1]!.toFixed(3)} s`
    const drift = seconds - first - frame / fps
    if (Math.abs(drift) > 0.5 / fps) return `are off by ${(drift * 1000).toFixed(0)} ms in frame ${frame}: ${seconds.toFixed(3)} s, where ${fps} Hz gives ${(first + frame / fps).toFixed(3)} s`
  }
  return null
}

/**
 * Dimensions of the action that never change, or that lie at one end so often that they were cut off there.
 * @param values all of them by dimension
 */
export function checkActions(names: readonly string[], values: readonly Float32Array[]): Problem[] {
  return names.flatMap((name, dimension): Problem[] => {
    const own = values[dimension]!
    if (own.length === 0) return []
    const seen = new Set<number>()
    for (const value of own) if (seen.add(value).size > fewValues) break
    if (seen.size === 1) return [{ severity: 'warning', what: `The action "${name}" is ${own[0]} in every frame of every episode.`, hint: 'A policy learns nothing of it; leave it if the robot has the joint, else drop the dimension.' }]
    if (seen.size <= fewValues) return []
    let [low, high] = [Infinity, -Infinity]
    for (const value of own) {
      if (value < low) low = value
      if (value > high) high = value
    }
    const shares = [low, high].map((end) => own.reduce((count, value) => count + (value === end ? 1 : 0), 0) / own.length)
    if (shares[0]! + shares[1]! >= twoEndedShare) return []
    for (const [index, end] of [low, high].entries()) {
      const share = shares[index]!
      if (share >= clippedShare) return [{ severity: 'warning', what: `The action "${name}" is exactly ${Number(end.toPrecision(5))} in ${(share * 100).toFixed(0)} % of the frames: it was clipped there.`, hint: 'Record with a wider range, or accept that the policy cannot learn faster moves.' }]
    }
    return []
  })
}

/** So many times the range of the middle 98 % beyond it, a value is no motion of the robot. */
const spikeRanges = 20

/** Numbers of one episode, [frameCount, dimension]. */
export interface EpisodeMatrix {
  readonly episode: number
  readonly file?: string
  readonly values: Float32Array
}

/** The worst value of each dimension that lies absurdly far from all others, such as a failed reading; NaN is {@link checkColumns}' affair. */
export function checkSpikes(key: 'state' | 'action', names: readonly string[], spreads: readonly Pick<DistributionSummary, 'q01' | 'q99' | 'min' | 'max'>[], episodes: readonly EpisodeMatrix[]): Problem[] {
  return names.flatMap((name, dimension): Problem[] => {
    const { q01, q99, min, max } = spreads[dimension]!
    const range = q99 - q01
    const worst = q01 - min > max - q99 ? min : max
    if (range <= 0 || Math.max(q01 - min, max - q99) <= spikeRanges * range) return []
    for (const { episode, file, values } of episodes) {
      for (let at = dimension; at < values.length; at += names.length) {
        if (values[at] !== worst) continue
        const [low, high] = [q01, q99].map((value) => Number(value.toPrecision(3)))
        return [{ severity: 'warning', what: `The ${key} "${name}" of episode ${episode} is ${Number(worst.toPrecision(3))} in frame ${Math.floor(at / names.length)}, where 98 % of all frames lie from ${low} to ${high}.`, hint: 'One such value flattens all others where numbers are normalised by mean or range: correct its source, leave the episode out (kinora convert --leave-out), or train with data.normalisation=quantile.', episode, ...(file === undefined ? {} : { file }) }]
      }
    }
    return []
  })
}
