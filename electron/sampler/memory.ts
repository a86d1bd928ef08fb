import { freemem } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset, EpisodeColumns } from '../dataset/dataset.ts'
import { hasActionHead } from '../model/dual-head.ts'
import { checkMirrored, mirrorOf, type Mirror } from './mirror.ts'
import { readFutureFrames, readSquareFrames } from './motion-images.ts'
import { isMadeOfFlow, readFlowTargets } from './motion-targets.ts'

type MemoryConfig = TrainConfig

/**
 * Episodes held in memory as bytes: one sample per frame. Pictures are [S, S, 3] at the model's size; a sample's chunk
 * is read from `action` and clamped at its episode's end.
 */
export interface EpisodeMemory {
  readonly sampleCount: number
  readonly sizePx: number
  readonly stateDimension: number
  readonly actionDimension: number
  /** One per camera in the configuration's order, [N, S, S, 3]. */
  readonly pictures: readonly Uint8Array[]
  /** What the motion head learns of K cameras, [N, K, S, S, 3]; null for a run without one. */
  readonly motion: Uint8Array | null
  /** The same of the scene in a mirror, where samples may be mirrored and targets are made of flow. */
  readonly mirroredMotion: Uint8Array | null
  /** What a mirror does to state and action; null where nothing is mirrored or there are none. */
  readonly mirror: Mirror | null
  /** [N, stateDimension] and [N, actionDimension] as in the dataset; dimensions 0 in a motion warm-up, which needs neither. */
  readonly state: Float32Array
  readonly action: Float32Array
  /** Sample index of the last frame of the sample's episode, [N]. */
  readonly episodeEnd: Int32Array
  /** Index into `instructions`, [N]. */
  readonly instruction: Uint16Array
  readonly instructions: readonly string[]
}

/** Refuses a dataset that lacks what the configuration asks for, naming what it has. */
export function checkDataset(dataset: Dataset, config: MemoryConfig): void {
  const { cameras, name } = dataset.detail
  const missing = config.data.cameras.filter((camera) => !cameras.includes(camera))
  if (missing.length > 0) {
    throw new KinoraError('dataset-invalid', `The dataset "${name}" has no camera ${missing.map((camera) => `"${camera}"`).join(', ')}; it has ${cameras.map((camera) => `"${camera}"`).join(', ') || 'none'}.`, 'Set data.cameras (and motion.cameras) to cameras of this dataset.')
  }
  if (!(dataset.detail.fps > 0)) throw new KinoraError('dataset-invalid', `The dataset "${name}" does not say its frame rate (fps is ${dataset.detail.fps}), so steps have no length in time.`, 'Put the frame rate into the dataset\'s description (meta/info.json: fps).')
  if (!hasActionHead(config)) return
  const warmUp = 'or use it for a motion warm-up, which needs none (stage "motion-warm-up").'
  if (dataset.actionNames.length === 0) throw new KinoraError('dataset-invalid', `The dataset "${name}" has no actions.`, `Choose a dataset with an action column, ${warmUp}`)
  if (dataset.stateNames.length === 0) throw new KinoraError('dataset-invalid', `The dataset "${name}" has no proprioceptive state.`, `Choose a dataset with a state column, ${warmUp}`)
}

function checkMemory(frames: number, config: MemoryConfig): void {
  const targets = config.motion.target === 'none' ? 0 : config.motion.cameras.length * (isMadeOfFlow(config) && config.data.flipProbability > 0 ? 2 : 1)
  const pictures = config.data.cameras.length + targets
  const bytes = frames * pictures * config.data.imageSizePx ** 2 * 3
  const free = freemem()
  if (bytes < free * 0.9) return
  const gib = (count: number): string => (count / 2 ** 30).toFixed(1)
  throw new KinoraError('out-of-memory', `The pictures of ${frames} frames take ${gib(bytes)} GiB, and ${gib(free)} GiB of memory are free.`, 'Lower data.imageSizePx, data.episodesPerTask or the number of cameras, or use a machine with more memory.')
}

/**
 * Reads whole episodes. Yields how many are done, and lets the event loop run between two.
 * @param scalePx flow length at full saturation, where it was measured
 * @throws KinoraError `dataset-invalid`, `out-of-memory`; the signal's reason when aborted
 */
export async function* loadEpisodes(dataset: Dataset, episodes: readonly number[], config: MemoryConfig, scalePx: number | null = null, signal?: AbortSignal): AsyncGenerator<number, EpisodeMemory> {
  checkDataset(dataset, config)
  const isMirrored = config.data.flipProbability > 0
  if (isMirrored) checkMirrored(dataset.detail.tasks)
  const mirror = isMirrored && hasActionHead(config) ? mirrorOf(config.data, dataset.stateNames, dataset.actionNames) : null
  const summaries = new Map(dataset.detail.episodes.map((episode) => [episode.index, episode]))
  const frames = episodes.reduce((sum, episode) => sum + (summaries.get(episode)?.frameCount ?? 0), 0)
  checkMemory(frames, config)
  const sizePx = config.data.imageSizePx
  const pictureBytes = sizePx * sizePx * 3
  const stateDimension = hasActionHead(config) ? dataset.stateNames.length : 0
  const actionDimension = hasActionHead(config) ? dataset.actionNames.length : 0
  const targetBytes = config.motion.target === 'none' ? 0 : frames * config.motion.cameras.length * pictureBytes
  const memory = {
    sampleCount: frames,
    sizePx,
    stateDimension,
    actionDimension,
    pictures: config.data.cameras.map(() => new Uint8Array(frames * pictureBytes)),
    motion: targetBytes > 0 ? new Uint8Array(targetBytes) : null,
    mirroredMotion: targetBytes > 0 && isMirrored && isMadeOfFlow(config) ? new Uint8Array(targetBytes) : null,
    state: new Float32Array(frames * stateDimension),
    action: new Float32Array(frames * actionDimension),
    episodeEnd: new Int32Array(frames),
    instruction: new Uint16Array(frames),
    instructions: [] as string[],
  }
  let start = 0
  for (const [index, episode] of episodes.entries()) {
    signal?.throwIfAborted()
    const summary = summaries.get(episode)
    if (!summary) throw new KinoraError('dataset-invalid', `Episode ${episode} is not in the index of "${dataset.detail.name}".`, 'The dataset changed since it was opened; open it again.')
    const columns = await dataset.readEpisode(episode)
    const count = columns.frameCount
    if (count !== summary.frameCount) throw new KinoraError('dataset-invalid', `Episode ${episode} has ${count} rows, and its index says ${summary.frameCount}.`, 'Check the dataset (kinora inspect).')
    if (hasActionHead(config)) checkFinite(columns, dataset, episode)
    if (stateDimension > 0) memory.state.set(columns.state, start * stateDimension)
    if (actionDimension > 0) memory.action.set(columns.action, start * actionDimension)
    memory.episodeEnd.fill(start + count - 1, start, start + count)
    let instruction = memory.instructions.indexOf(summary.instruction)
    if (instruction < 0) instruction = memory.instructions.push(summary.instruction) - 1
    memory.instruction.fill(instruction, start, start + count)
    for (const [camera, name] of config.data.cameras.entries()) {
      memory.pictures[camera]!.set(await readSquareFrames(dataset, episode, name, sizePx), start * pictureBytes)
    }
    const { cameras } = config.motion
    for (const [place, camera] of memory.motion ? cameras.entries() : []) {
      const { targets, mirrored } = await readTargets(dataset, episode, camera, config, scalePx)
      if (targets.length !== count * pictureBytes) throw new KinoraError('dataset-invalid', `Episode ${episode} has flow of "${camera}" for ${targets.length / pictureBytes} of ${count} frames.`, 'Record the dataset again, or train with motion.target "none".')
      for (let frame = 0; frame < count; frame++) {
        const to = ((start + frame) * cameras.length + place) * pictureBytes
        memory.motion!.set(targets.subarray(frame * pictureBytes, (frame + 1) * pictureBytes), to)
        if (mirrored) memory.mirroredMotion?.set(mirrored.subarray(frame * pictureBytes, (frame + 1) * pictureBytes), to)
      }
    }
    start += count
    yield index + 1
    await setImmediate()
  }
  return { ...memory, mirror }
}

async function readTargets(dataset: Dataset, episode: number, camera: string, config: MemoryConfig, scalePx: number | null): Promise<{ targets: Uint8Array; mirrored: Uint8Array | null }> {
  if (isMadeOfFlow(config)) return readFlowTargets(dataset, episode, camera, config, scalePx)
  return { targets: await readFutureFrames(dataset, episode, camera, config), mirrored: null }
}

function checkFinite(columns: EpisodeColumns, { detail, stateNames, actionNames }: Dataset, episode: number): void {
  for (const [key, names] of [['state', stateNames], ['action', actionNames]] as const) {
    const index = columns[key].findIndex((value) => !Number.isFinite(value))
    if (index < 0) continue
    throw new KinoraError('dataset-invalid', `The ${key} "${names[index % names.length]}" of episode ${episode} of ${detail.name} is ${columns[key][index]} in frame ${Math.floor(index / names.length)}.`, `Write the dataset without this episode (kinora convert --leave-out ${episode}), or correct its source. kinora inspect --stats names every episode like it.`)
  }
}
