import { createHash } from 'node:crypto'
import type { Disposable } from '../../base/disposable.ts'
import type { RgbImage } from '../../base/image.ts'
import { listSteps } from '../../checkpoint/folders.ts'
import { openCheckpoint } from '../../checkpoint/restore.ts'
import type { TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Replay, ReplayErrors } from '../../contract/replay.ts'
import { DatasetFlow } from '../../dataset/dataset-flow.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { imagineFrame, predictEpisode } from '../../evaluate/motion.ts'
import { parseSnapshotMeta } from '../../model/snapshot-meta.ts'
import type { Home } from '../../platform/paths.ts'
import { splitEpisodes } from '../../sampler/episodes.ts'
import { fullColourPxOf, motionImageOf, readFlow, readMotionImages } from '../../sampler/motion-images.ts'
import { findDataset } from '../dataset-places.ts'
import { findEpisode, type OpenDatasets } from './open-datasets.ts'
import { OpenPolicies } from './open-policies.ts'
import { contactSheet, toRgba } from './picture.ts'
import { PredictionCache, type Prediction } from './prediction-cache.ts'
import type { DeskNews, ImagineRequest, Picture, ReplayRequest } from '../protocol.ts'
import { ReplayFrameSources, type EpisodeOf } from './replay-frames.ts'
import { openRun } from '../runs/run-folder.ts'

interface OpenReplay {
  readonly replay: Replay
  readonly request: ReplayRequest
  readonly config: TrainConfig
  readonly truths: readonly RgbImage[] | null
  readonly predictions: (Prediction | undefined)[]
  readonly abort: AbortController
  predictedFrames: number
  /** Why the prediction ended before the last frame. */
  failure: KinoraError | null
  /** Viewers that have opened it and not closed it. */
  viewers: number
}

/** Replays of episodes and rollouts: what the policy of a checkpoint imagines, beside what truly moved. */
export class Replays implements Disposable {
  readonly #home: Home
  readonly #frames: ReplayFrameSources
  readonly #policies: OpenPolicies
  readonly #onProgress: (id: string, predictedFrames: number) => void
  readonly #cache: PredictionCache
  readonly #open = new Map<string, OpenReplay>()
  /** Whole episodes are predicted one after the other. */
  #predicting: Promise<void> = Promise.resolve()

  constructor(home: Home, datasets: OpenDatasets, { onReplayProgress, onWarning }: DeskNews) {
    this.#home = home
    this.#frames = new ReplayFrameSources(home, datasets)
    this.#policies = new OpenPolicies(home, onWarning)
    this.#onProgress = onReplayProgress
    this.#cache = new PredictionCache(home)
  }

  /** Describes the replay at once and begins to predict its frames. Opening an open one gives that one. */
  async open(request: ReplayRequest): Promise<Replay> {
    const { config } = await openRun(request.runPath)
    const step = request.checkpointStep ?? (await listSteps(request.runPath)).at(-1)
    if (step === undefined) throw new KinoraError('not-found', `Run ${request.runId} has no checkpoint yet.`, 'Wait for its first checkpoint, or pause the run: that writes one.')
    const opened = await this.#frames.use(request.frames, config, (episode) => this.#describe(request, config, step, episode))
    const { id, frameCount, panes } = opened.replay
    const before = this.#open.get(id)
    if (before && before.failure === null) {
      before.viewers++
      return before.replay
    }
    this.#open.set(id, opened)
    if (panes.includes('predicted-motion')) {
      const cached = await this.#cache.load(id, frameCount)
      if (cached) {
        opened.predictions.splice(0, cached.length, ...cached)
        opened.predictedFrames = cached.length
        this.#onProgress(id, cached.length)
      } else {
        this.#predicting = this.#predicting.then(() => this.#predict(opened))
      }
    }
    return opened.replay
  }

  /** Null while the frame is not predicted yet. */
  async frame({ id, pane, frame }: { id: string; pane: Replay['panes'][number]; frame: number }): Promise<Picture | null> {
    const opened = this.#find(id)
    const { replay, truths } = opened
    if (frame >= replay.frameCount) throw new KinoraError('not-found', `This replay has no frame ${frame}.`, `Its frames are 0 to ${replay.frameCount - 1}.`)
    if (!replay.panes.includes(pane)) throw new KinoraError('not-found', `This replay has no pane "${pane}".`, `Its panes: ${replay.panes.join(', ')}.`)
    if (pane === 'camera') return this.#frames.use(opened.request.frames, opened.config, async ({ dataset, episode }) => toRgba(await dataset.readFrame(episode, replay.camera, frame)))
    if (pane === 'true-motion') return toRgba(truths![frame]!)
    const prediction = opened.predictions[frame]
    if (prediction !== undefined) return toRgba(prediction.predicted)
    if (opened.failure) throw opened.failure
    return null
  }

  async errors({ id }: { id: string }): Promise<ReplayErrors> {
    const { predictions, predictedFrames, failure } = this.#find(id)
    if (failure) throw failure
    const column = (name: 'endPointError' | 'directionErrorDeg' | 'movingIou'): (number | null)[] => Array.from(predictions, (prediction) => prediction?.errors[name] ?? null)
    return { endPointError: column('endPointError'), directionErrorDeg: column('directionErrorDeg'), movingIou: column('movingIou'), predictedFrames }
  }

  /** A sheet of pictures: a row for each seed, its columns the states from noise to the end. Seed 0 is the replay's own. */
  async imagine({ id, frame, seeds, steps }: ImagineRequest): Promise<Picture> {
    const { request, replay, config } = this.#find(id)
    return this.#policies.use(request.runPath, replay.checkpointStep, config, (policy) =>
      this.#frames.use(request.frames, config, async ({ dataset, episode }) => toRgba(contactSheet(await imagineFrame(policy, dataset, episode, frame, { seeds, steps, camera: replay.camera })))),
    )
  }

  async close({ id }: { id: string }): Promise<null> {
    const opened = this.#open.get(id)
    if (opened && --opened.viewers <= 0) {
      opened.abort.abort()
      this.#open.delete(id)
    }
    return null
  }

  dispose(): void {
    for (const { abort } of this.#open.values()) abort.abort()
    this.#open.clear()
    this.#policies.dispose()
    this.#frames.dispose()
  }

  #find(id: string): OpenReplay {
    const opened = this.#open.get(id)
    if (opened) return opened
    throw new KinoraError('not-found', 'This replay is not open (any more).', 'Open it again.')
  }

  async #describe(request: ReplayRequest, config: TrainConfig, checkpointStep: number, { dataset, episode, instruction, outcome }: EpisodeOf): Promise<OpenReplay> {
    const { cameras, horizonSteps, eulerSteps, sign, target } = config.motion
    const camera = cameras.find((one) => one === request.camera) ?? cameras[0]!
    if (!dataset.detail.cameras.includes(camera)) {
      throw new KinoraError('dataset-invalid', `The run looks through camera "${camera}", which ${dataset.detail.name} does not have.`, `Choose a dataset with that camera; this one has ${dataset.detail.cameras.join(', ')}.`)
    }
    const { frameCount } = findEpisode(dataset, episode)
    const size = config.data.imageSizePx
    const holdsFlow = target !== 'future-frame'
    const flowSource = holdsFlow ? await new DatasetFlow(dataset, { source: config.motion.flow, model: config.motion.flowModel }).sourceOf(episode, camera, horizonSteps) : null
    const flows = flowSource === null ? null : await readFlow(dataset, episode, camera, config)
    // The scale that training measured; the other normalisations know theirs.
    const scalePx = config.motion.normalisation === 'quantile' ? parseSnapshotMeta((await openCheckpoint(request.runPath, checkpointStep, { groups: [] })).meta).flowScalePx : null
    const picture = (data: Uint8Array): RgbImage => ({ width: size, height: size, data })
    const truths = holdsFlow ? (flows?.map((flow) => picture(motionImageOf(flow, config, scalePx))) ?? null) : inFrames(await readMotionImages(dataset, episode, camera, config), frameCount).map(picture)
    const replay: Replay = {
      id: replayId(request, checkpointStep, dataset, camera === cameras[0] ? [] : [camera]),
      runId: request.runId,
      checkpointStep,
      source: request.frames.kind === 'rollout' ? request.frames : { kind: 'episode', datasetId: request.frames.dataset.id, episode },
      camera,
      cameras,
      instruction,
      fps: dataset.detail.fps,
      frameCount,
      horizonSteps,
      eulerSteps,
      width: size,
      height: size,
      isHeldOut: await this.#isHeldOut(request, config, dataset),
      outcome,
      panes: ['camera', ...(truths ? (['true-motion'] as const) : []), ...(truths && target !== 'none' ? (['predicted-motion'] as const) : [])],
      holdsFlow,
      flowSource,
      sign,
      fullColourPx: flows?.map((flow) => fullColourPxOf(flow, config, scalePx)) ?? [],
    }
    return { replay, request, config, truths, predictions: new Array<Prediction | undefined>(frameCount).fill(undefined), abort: new AbortController(), predictedFrames: 0, failure: null, viewers: 1 }
  }

  async #isHeldOut({ frames }: ReplayRequest, config: TrainConfig, dataset: Dataset): Promise<boolean> {
    if (frames.kind === 'rollout') return true
    const { id: ownId } = await findDataset(this.#home, config.data.dataset).catch(() => ({ id: null }))
    return frames.dataset.id !== ownId || !splitEpisodes(dataset.detail.episodes, config.data).training.includes(frames.episode)
  }

  async #predict(opened: OpenReplay): Promise<void> {
    const { replay, request, config, abort } = opened
    if (abort.signal.aborted) return
    try {
      await this.#policies.use(request.runPath, replay.checkpointStep, config, (policy) =>
        this.#frames.use(request.frames, config, async ({ dataset, episode }) => {
          for await (const { frame, predicted, errors } of predictEpisode(policy, dataset, episode, { camera: replay.camera, batchSize: 8, signal: abort.signal })) {
            opened.predictions[frame] = { predicted, errors }
            opened.predictedFrames++
            this.#onProgress(replay.id, opened.predictedFrames)
          }
        }),
      )
      if (opened.predictedFrames === replay.frameCount && replay.frameCount > 0) {
        // A cache that cannot be written costs the time to predict again, not the replay.
        await this.#cache.save(replay.id, opened.predictions as Prediction[]).catch(() => {})
      }
    } catch (error) {
      if (abort.signal.aborted) return
      opened.failure = KinoraError.from(error)
      // The page asks for the errors at every progress and so hears what went wrong.
      this.#onProgress(replay.id, opened.predictedFrames)
    }
  }
}

/** Pictures one after the other as so many of their own. */
function inFrames(pictures: Uint8Array, count: number): Uint8Array[] {
  const bytes = pictures.length / count
  return Array.from({ length: count }, (_, frame) => pictures.subarray(frame * bytes, (frame + 1) * bytes))
}

/** The same question gets the same id, so that its predictions are found again. @param camera where it is not the first */
function replayId({ runId, frames }: ReplayRequest, step: number, { detail }: Dataset, camera: readonly string[]): string {
  const where = frames.kind === 'episode' ? [frames.dataset.path, detail.episodeCount, detail.frameCount, frames.episode] : [frames.owner, frames.task, frames.seed, detail.frameCount]
  return createHash('sha256').update(JSON.stringify([runId, step, where, ...camera])).digest('hex').slice(0, 24)
}
