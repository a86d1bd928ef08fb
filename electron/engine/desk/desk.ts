import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { DatasetDetail, EpisodeDetail } from '../../contract/dataset.ts'
import type { DatasetStatistics } from '../../contract/dataset-statistics.ts'
import type { FlowSource, MotionHealth } from '../../contract/flow.ts'
import type { Estimate } from '../../contract/estimate.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Disposable } from '../../base/disposable.ts'
import type { Home } from '../../platform/paths.ts'
import type { Preset } from '../../contract/run.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { Lru } from '../../base/lru.ts'
import type { DatasetFlow } from '../../dataset/dataset-flow.ts'
import { presets } from '../../model/presets.ts'
import { parameterCounts } from '../../model/parameter-counts.ts'
import { readFrameBatch, type FrameBatch } from './frame-batch.ts'
import { findDataset, openPlace } from '../dataset-places.ts'
import { doctor } from '../doctor.ts'
import { withImportedVae } from '../training/imported-vaes.ts'
import { findEpisode, OpenDatasets } from './open-datasets.ts'
import { openRun } from '../runs/run-folder.ts'
import { flowPicture, toPng, toRgba } from './picture.ts'
import type { DeskMethods, DeskNews, Picture } from '../protocol.ts'
import type { Replays } from './replays.ts'
import type { Simulations } from './simulations.ts'
import { parseTrainConfig } from '../runs/train-config.ts'

/** Observations of each kind on which an exported policy is compared. */
const comparedObservations = 16

/** Of each open dataset; one has about 10 KiB. */
const thumbnailCount = 1000

/** The desk's answers: like {@link DeskMethods}, but each may take its time. */
export type DeskAnswers = { [Method in keyof DeskMethods]: (argument: Parameters<DeskMethods[Method]>[0]) => Promise<ReturnType<DeskMethods[Method]>> }

/** What reads data for the page: datasets, frames, replays, presets and the doctor's report. Trains nothing. */
export class Desk implements DeskAnswers, Disposable {
  readonly #home: Home
  readonly #datasets: OpenDatasets
  readonly #openReplays: () => Promise<Replays>
  readonly #onWarning: (message: string) => void
  readonly #flows = new WeakMap<Dataset, Map<FlowSource, DatasetFlow>>()
  readonly #thumbnails = new WeakMap<Dataset, Lru<string, Promise<Picture>>>()
  readonly #statistics = new WeakMap<Dataset, Promise<DatasetStatistics>>()
  /** The estimate that was asked for last: a newer one ends its trial, whose steps would slow the other's. */
  #lastEstimate = new AbortController()
  #replays: Promise<Replays> | undefined
  #simulations: Promise<Simulations> | undefined

  constructor(home: Home, news: DeskNews) {
    this.#home = home
    this.#onWarning = news.onWarning
    this.#datasets = new OpenDatasets(async (path) => openPlace(home, await findDataset(home, path)))
    // The model and the compute engine are loaded with the first replay: lists and frames need neither.
    this.#openReplays = async () => {
      const { Replays } = await import('./replays.ts')
      return new Replays(home, this.#datasets, news)
    }
  }

  async dataset({ id, path, format, fresh }: Parameters<DeskMethods['dataset']>[0]): Promise<DatasetDetail> {
    if (fresh === true) this.#datasets.forget(path)
    if (fresh !== true || format === undefined) return this.#datasets.use(path, (dataset) => ({ ...dataset.detail, id, path }))
    // On trial: what is kept open is opened as it is written down.
    const dataset = await openPlace(this.#home, { id, path, format })
    try {
      return { ...dataset.detail, id, path }
    } finally {
      dataset.dispose()
    }
  }

  async episode(place: { id: string; path: string; episode: number }): Promise<EpisodeDetail> {
    return this.#datasets.use(place.path, async (dataset) => {
      const summary = findEpisode(dataset, place.episode)
      const columns = await dataset.readEpisode(place.episode)
      return {
        ...summary,
        fps: dataset.detail.fps,
        cameras: dataset.detail.cameras,
        stateNames: [...dataset.stateNames],
        actionNames: [...dataset.actionNames],
        state: rows(columns.state, columns.frameCount),
        action: rows(columns.action, columns.frameCount),
      }
    })
  }

  async frame(place: { id: string; path: string; episode: number; camera: string; frame: number; format: 'png' | 'rgba'; maxPx?: number }): Promise<Picture> {
    return this.#datasets.use(place.path, async (dataset) => {
      const { frameCount } = findEpisode(dataset, place.episode)
      findCamera(dataset, place.id, place.camera)
      if (place.frame >= frameCount) throw new KinoraError('not-found', `Episode ${place.episode} of ${place.id} has no frame ${place.frame}.`, `Its frames are 0 to ${frameCount - 1}.`)
      if (place.maxPx !== undefined) return this.#thumbnail(dataset, place, place.maxPx)
      const image = await dataset.readFrame(place.episode, place.camera, place.frame)
      return place.format === 'png' ? toPng(image) : toRgba(image)
    })
  }

  /** Kept, as the grid and the list of episodes ask for the same ones each time that they are shown. */
  #thumbnail(dataset: Dataset, { episode, camera, frame }: { episode: number; camera: string; frame: number }, maxPx: number): Promise<Picture> {
    let kept = this.#thumbnails.get(dataset)
    if (kept === undefined) this.#thumbnails.set(dataset, (kept = new Lru(thumbnailCount)))
    const key = `${episode} ${frame} ${maxPx} ${camera}`
    let picture = kept.get(key)
    if (picture === undefined) {
      picture = dataset.readFrame(episode, camera, frame).then((image) => toPng(image, maxPx))
      picture.catch(() => kept.delete(key))
      kept.set(key, picture, 1)
    }
    return picture
  }

  async frames(place: Parameters<DeskMethods['frames']>[0]): Promise<FrameBatch> {
    return this.#datasets.use(place.path, (dataset) => {
      const { frameCount } = findEpisode(dataset, place.episode)
      const beyond = place.frames.find((frame) => frame >= frameCount)
      if (beyond !== undefined) throw new KinoraError('not-found', `Episode ${place.episode} of ${place.id} has no frame ${beyond}.`, `Its frames are 0 to ${frameCount - 1}.`)
      for (const camera of place.cameras) findCamera(dataset, place.id, camera)
      return readFrameBatch(dataset, place)
    })
  }

  async statistics(place: { id: string; path: string }): Promise<DatasetStatistics> {
    return this.#datasets.use(place.path, (dataset) => {
      let found = this.#statistics.get(dataset)
      if (found === undefined) {
        found = import('../../dataset/describe.ts').then(({ describeDataset }) => describeDataset(dataset))
        found.catch(() => this.#statistics.delete(dataset))
        this.#statistics.set(dataset, found)
      }
      return found
    })
  }

  async fingerprint({ path }: { id: string; path: string }): Promise<string> {
    const { fingerprintOf } = await import('../../dataset/fingerprint.ts')
    return this.#datasets.use(path, fingerprintOf)
  }

  async motionHealth({ id: _id, path, camera, source, horizonSteps }: Parameters<DeskMethods['motionHealth']>[0]): Promise<MotionHealth> {
    const { checkMotion } = await import('../../dataset/motion-health.ts')
    return this.#datasets.use(path, (dataset) => checkMotion(dataset, camera, { source, horizonSteps }))
  }

  async flow({ path, episode, camera, frame, source, horizonSteps, format }: Parameters<DeskMethods['flow']>[0]): Promise<Picture | null> {
    return this.#datasets.use(path, async (dataset) => {
      findEpisode(dataset, episode)
      const field = await (await this.#flowOf(dataset, source)).read(episode, camera, frame, horizonSteps)
      return field === null ? null : await flowPicture(field, format)
    })
  }

  /** Kept with the dataset: the page asks for frame after frame of one episode. */
  async #flowOf(dataset: Dataset, source: FlowSource): Promise<DatasetFlow> {
    const { DatasetFlow } = await import('../../dataset/dataset-flow.ts')
    let bySource = this.#flows.get(dataset)
    if (bySource === undefined) this.#flows.set(dataset, (bySource = new Map()))
    let flow = bySource.get(source)
    if (flow === undefined) bySource.set(source, (flow = new DatasetFlow(dataset, { source })))
    return flow
  }

  async presets(): Promise<Preset[]> {
    return presets.map(({ name, title, description, config }) => ({
      name,
      title,
      description,
      config: config as Record<string, unknown>,
      parameterCounts: { ...parameterCounts(parseTrainConfig({ ...config, data: { ...config.data, dataset: 'none' } }, `Preset ${name}`)) },
    }))
  }

  async estimate({ config: value, tries }: { config: unknown; tries: boolean }): Promise<Estimate> {
    this.#lastEstimate.abort()
    const { signal: trialSignal } = (this.#lastEstimate = new AbortController())
    const { dataOf, estimateHere } = await import('../estimate/estimate.ts')
    const config = await withImportedVae(this.#home, parseTrainConfig(value))
    const { path } = await findDataset(this.#home, config.data.dataset)
    return estimateHere(this.#home, config, await this.#datasets.use(path, (dataset) => dataOf(dataset, config)), { tries, trialSignal, onWarning: this.#onWarning })
  }

  doctor: DeskAnswers['doctor'] = (options) => doctor(this.#home, options)

  log: DeskAnswers['log'] = async ({ file, ...request }) => (await import('../runs/log-search.ts')).readLogPart(file, request)

  exportRun: DeskAnswers['exportRun'] = async ({ runPath, format }) => (await import('../exchange/run-export.ts')).exportRun(await openRun(runPath), format)

  exportPolicy: DeskAnswers['exportPolicy'] = async ({ runPath }) => {
    const { exportPolicy } = await import('../exchange/export-policy.ts')
    const folder = join(this.#home.root, 'exports')
    await mkdir(folder, { recursive: true })
    const path = join(folder, `${basename(runPath)}-${Date.now()}`)
    const { checkpointStep, random, dataset, datasetNote } = await exportPolicy({ home: this.#home, runPath, out: path, samples: comparedObservations, onWarning: this.#onWarning })
    return { path, checkpointStep, random, dataset, datasetNote }
  }

  importRun: DeskAnswers['importRun'] = async ({ path, name }) => (await (await import('../exchange/run-import.ts')).importRun(this.#home, path, name)).identity.id

  openReplay: DeskAnswers['openReplay'] = async (request) => (await this.#replaysNow()).open(request)
  replayFrame: DeskAnswers['replayFrame'] = async (request) => (await this.#replaysNow()).frame(request)
  replayErrors: DeskAnswers['replayErrors'] = async (request) => (await this.#replaysNow()).errors(request)
  imagineFrame: DeskAnswers['imagineFrame'] = async (request) => (await this.#replaysNow()).imagine(request)
  closeReplay: DeskAnswers['closeReplay'] = async (request) => (await this.#replaysNow()).close(request)

  openSimulation: DeskAnswers['openSimulation'] = async (request) => (await this.#simulationsNow()).open(request)
  advanceSimulation: DeskAnswers['advanceSimulation'] = async (request) => (await this.#simulationsNow()).advance(request)
  simulationFrame: DeskAnswers['simulationFrame'] = async (request) => (await this.#simulationsNow()).frame(request)
  closeSimulation: DeskAnswers['closeSimulation'] = async (request) => (await this.#simulationsNow()).close(request)

  async tasks(): ReturnType<DeskAnswers['tasks']> {
    const { listTasks } = await import('../../sim/suites.ts')
    return listTasks().map(({ id, suite, instruction, maxSteps }) => ({ id, suite, instruction, maxSteps }))
  }

  async baselines(): ReturnType<DeskAnswers['baselines']> {
    const { readBaselines } = await import('../evaluation/evaluation.ts')
    return readBaselines(this.#home)
  }

  createAblation: DeskAnswers['createAblation'] = async (spec) => {
    const { createAblation } = await import('../ablation/ablation-creation.ts')
    return { id: (await createAblation(this.#home, spec)).id }
  }

  compareEvaluations: DeskAnswers['compareEvaluations'] = async (request) => {
    const { compareOwners } = await import('../evaluation/evaluation.ts')
    return compareOwners(this.#home, request)
  }

  writeReport: DeskAnswers['writeReport'] = async ({ id, runPaths }) => {
    const { writeRunReport } = await import('../exchange/run-report.ts')
    return { path: await writeRunReport(this.#home, { id, runPaths, onWarning: this.#onWarning }) }
  }

  #replaysNow(): Promise<Replays> {
    this.#replays ??= this.#openReplays()
    return this.#replays
  }

  /** The simulator is loaded with the first episode that somebody wants to watch. */
  #simulationsNow(): Promise<Simulations> {
    this.#simulations ??= Promise.all([import('./simulations.ts'), import('./open-policies.ts')]).then(([{ Simulations }, { OpenPolicies }]) => new Simulations(new OpenPolicies(this.#home, this.#onWarning)))
    return this.#simulations
  }

  dispose(): void {
    void this.#simulations?.then((simulations) => simulations.dispose(), () => {})
    void this.#replays?.then((replays) => replays.dispose(), () => {})
    this.#datasets.dispose()
  }
}

function findCamera(dataset: Dataset, id: string, camera: string): void {
  if (!dataset.detail.cameras.includes(camera)) throw new KinoraError('not-found', `Dataset ${id} has no camera "${camera}".`, `Its cameras: ${dataset.detail.cameras.join(', ')}.`)
}

/** A row-major matrix as rows, for JSON. */
function rows(matrix: Float32Array, count: number): number[][] {
  const dimension = count === 0 ? 0 : matrix.length / count
  return Array.from({ length: count }, (_, row) => Array.from(matrix.subarray(row * dimension, (row + 1) * dimension)))
}
