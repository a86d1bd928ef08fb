import type { Disposable } from '../../base/disposable.ts'
import type { TrainConfig } from '../../contract/config.ts'
import type { Replay } from '../../contract/replay.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { mapDataset } from '../../dataset/mapping.ts'
import type { Home } from '../../platform/paths.ts'
import { Lending } from './lending.ts'
import { findEpisode, type OpenDatasets } from './open-datasets.ts'
import type { ReplayFrames } from '../protocol.ts'
import { findRollout, ownerName } from '../evaluation/rollout-files.ts'

interface OpenRollout extends Disposable {
  readonly dataset: Dataset
  readonly outcome: Replay['outcome']
}

/** One episode among the frames that a replay may show. */
export interface EpisodeOf {
  readonly dataset: Dataset
  readonly episode: number
  readonly instruction: string
  readonly outcome: Replay['outcome']
}

/** Lends the dataset that a replay's frames are in: a recorded one, or a rollout rendered again. */
export class ReplayFrameSources implements Disposable {
  readonly #datasets: OpenDatasets
  readonly #rollouts: Lending<OpenRollout>

  constructor(home: Home, datasets: OpenDatasets) {
    this.#datasets = datasets
    // A rollout of 400 frames is about 10 MB at 64 px.
    this.#rollouts = new Lending(async (key) => {
      const { owner, task, seed, sizePx } = JSON.parse(key) as Extract<ReplayFrames, { kind: 'rollout' }> & { sizePx: number }
      const { openRollout } = await import('../../evaluate/rollout-dataset.ts')
      const rollout = await findRollout(home, owner, task, seed)
      const dataset = openRollout(rollout, { sizePx, name: `rollout of ${ownerName(owner)}` })
      return { dataset, outcome: { success: rollout.success, reason: rollout.reason }, dispose: () => dataset.dispose() }
    }, 4)
  }

  /** @throws KinoraError `not-found` without such an episode or rollout */
  async use<T>(frames: ReplayFrames, config: TrainConfig, use: (episode: EpisodeOf) => Promise<T> | T): Promise<T> {
    if (frames.kind === 'episode') {
      return this.#datasets.use(frames.dataset.path, (asStored) => {
        const dataset = mapDataset(asStored, config.data)
        return use({ dataset, episode: frames.episode, instruction: findEpisode(dataset, frames.episode).instruction, outcome: null })
      })
    }
    // Rendered as large as the policy saw it, so that what it predicts is what it would have predicted.
    const key = JSON.stringify({ ...frames, sizePx: config.data.imageSizePx })
    return this.#rollouts.use(key, ({ dataset, outcome }) => use({ dataset, episode: 0, instruction: dataset.detail.tasks[0]!, outcome }))
  }

  dispose(): void {
    this.#rollouts.dispose()
  }
}
