import type { EpisodeSummary } from '../contract/dataset.ts'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'

export interface EpisodeSplit {
  /** Episode indices that training reads, ascending. */
  readonly training: readonly number[]
  /** Episode indices that never enter training, ascending. */
  readonly heldOut: readonly number[]
}

/**
 * Holds out the last share of each instruction's episodes (at least one where there are two), so that every task is
 * validated; `episodesPerTask` then keeps the first of what remains. A pure function of the index and the configuration.
 */
export function splitEpisodes(episodes: readonly EpisodeSummary[], data: Pick<TrainConfig['data'], 'validationFraction' | 'episodesPerTask'>): EpisodeSplit {
  const byTask = new Map<string, EpisodeSummary[]>()
  for (const episode of [...episodes].sort((a, b) => a.index - b.index)) {
    if (episode.frameCount === 0) continue
    const list = byTask.get(episode.instruction)
    if (list) list.push(episode)
    else byTask.set(episode.instruction, [episode])
  }
  const training: number[] = []
  const heldOut: number[] = []
  for (const list of byTask.values()) {
    const share = Math.round(list.length * data.validationFraction)
    const held = data.validationFraction === 0 || list.length < 2 ? 0 : Math.min(list.length - 1, Math.max(1, share))
    const kept = list.slice(0, list.length - held)
    training.push(...(data.episodesPerTask > 0 ? kept.slice(0, data.episodesPerTask) : kept).map((episode) => episode.index))
    heldOut.push(...list.slice(list.length - held).map((episode) => episode.index))
  }
  if (training.length === 0) {
    throw new KinoraError('dataset-invalid', `The dataset has no episode to train on (${episodes.length} in its index).`, 'Record or choose a dataset with at least one readable episode.')
  }
  return { training: training.sort((a, b) => a - b), heldOut: heldOut.sort((a, b) => a - b) }
}
