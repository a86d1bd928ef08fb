import { KinoraError } from '../../contract/errors.ts'
import type { RunStatus } from '../../contract/run.ts'
import { loadCheckpoint } from '../../checkpoint/restore.ts'
import { saveCheckpoint } from '../../checkpoint/save.ts'
import { mapDataset } from '../../dataset/mapping.ts'
import { MetricWriter } from '../../metrics/writer.ts'
import { FileLog, type Log } from '../../platform/log.ts'
import type { Home } from '../../platform/paths.ts'
import { openProvider, passedOverWarning } from '../../tensor/registry.ts'
import { train, type RestoredCheckpoint, type TrainEvent } from '../../trainer/train.ts'
import { DisposableStore } from '../../base/disposable.ts'
import { letGo } from '../../base/host-tensor.ts'
import { findDataset, openPlace } from '../dataset-places.ts'
import { dataOf, refuseShortMemory } from '../estimate/estimate.ts'
import { keepSamples } from '../runs/motion-samples.ts'
import { openRun, runFile, type RunFolder } from '../runs/run-folder.ts'
import { RunStatusKeeper } from '../runs/run-status-keeper.ts'
import { listSteps } from '../../checkpoint/folders.ts'
import { readEvaluations } from '../runs/run-summary.ts'
import { loadStart } from '../runs/start-checkpoint.ts'
import { vaeCache } from './vae-cache.ts'

export interface TrainingJobOptions {
  readonly runPath: string
  readonly home: Home
  /** Aborting pauses: the step in progress ends, a checkpoint is written, the run can be resumed. */
  readonly signal?: AbortSignal
  /** Aborting stops: like a pause, but the run is marked as stopped by its user. */
  readonly stopSignal?: AbortSignal
  /** Train though memory looks too short for it. */
  readonly ignoresMemory?: boolean
  /** Hears everything that training tells, after it was written down. */
  readonly onEvent?: (event: TrainEvent) => void
}

/**
 * Trains one run in this process from its last whole checkpoint (or from the start) and keeps its folder true: status
 * with heartbeat, metrics, checkpoints, log. Returns the last status; what goes wrong in training is in its `error`.
 * @throws KinoraError `not-found`, `config-invalid`, `already-running`, `usage` when the run cannot be started at all
 */
export async function runTrainingJob(options: TrainingJobOptions): Promise<RunStatus> {
  const folder = await openRun(options.runPath)
  const fileLog = new FileLog(runFile.log(folder.path))
  const { log } = fileLog
  try {
    const keeper = await RunStatusKeeper.claim(folder.path, (error) => log.error('The status could not be written; training goes on', KinoraError.from(error).toJSON()))
    const abort = new AbortController()
    const onPause = (): void => ask(abort, keeper, log, 'pause')
    const onStop = (): void => ask(abort, keeper, log, 'stop')
    listen(options.signal, onPause)
    listen(options.stopSignal, onStop)
    try {
      const isDone = await trainFolder(folder, options, keeper, abort.signal, log)
      const state = isDone ? 'finished' : options.stopSignal?.aborted ? 'stopped' : 'paused'
      log.info(`The run is ${state} at step ${keeper.status.step}`)
      return await keeper.end({ state, phase: state, error: null })
    } catch (error) {
      const known = KinoraError.from(error)
      if (abort.signal.aborted && (known.code === 'interrupted' || isAbortError(error))) {
        return await keeper.end({ state: options.stopSignal?.aborted ? 'stopped' : 'paused', error: null })
      }
      log.error(`The run failed at step ${keeper.status.step}: ${known.message}`, known.code === 'internal' ? error : known.toJSON())
      return await keeper.end({ state: 'failed', error: known.toJSON() })
    } finally {
      options.signal?.removeEventListener('abort', onPause)
      options.stopSignal?.removeEventListener('abort', onStop)
    }
  } finally {
    await fileLog.close()
  }
}

/** Steps between two records of the memory that the process takes. */
const memoryEvery = 10

/** Whether training reached its last step (rather than being asked to end). */
async function trainFolder(folder: RunFolder, options: TrainingJobOptions, keeper: RunStatusKeeper, signal: AbortSignal, log: Log): Promise<boolean> {
  const { home } = options
  const { config } = folder
  const resources = new DisposableStore()
  let metrics: MetricWriter | undefined
  try {
    const place = await findDataset(home, config.data.dataset)
    const asStored = resources.add(await openPlace(home, place, signal))
    if (options.ignoresMemory !== true && keeper.status.ignoresMemory !== true) refuseShortMemory(config, dataOf(asStored, config))
    const dataset = mapDataset(asStored, config.data)
    const opened = await openProvider(config.device, { threads: config.threads, cacheDir: home.cache, signal, log: (level, message) => log[level](message) })
    const provider = resources.add(opened.provider)
    const warning = passedOverWarning(opened)
    if (warning !== null) options.onEvent?.({ type: 'notice', message: warning })
    keeper.update({ provider: provider.name, passedOver: warning === null ? undefined : [...opened.passedOver] })
    log.info(`Training on ${provider.name} (${provider.deviceName}, version ${provider.version}), dataset ${place.path}`)
    const restore = await restoreLatest(folder.path, log)
    keeper.update({ step: restore?.step ?? 0, totalSteps: config.steps })
    metrics = await MetricWriter.open(runFile.metrics(folder.path), restore === undefined ? 0 : restore.step + 1, {
      onTrouble: (error, dropped) => tellTrouble(keeper, log, error, dropped),
    })

    const start = restore === undefined && config.startFrom !== null ? await loadStart(home, config.startFrom) : undefined
    if (start) {
      tellSkipped(start.skipped, `${config.startFrom}: `, log)
      log.info(`Starting from ${config.startFrom}, its checkpoint of step ${start.step}`)
    }
    let isDone = false
    let snapshotError: unknown
    for await (const event of train({ config, dataset, provider, restore, start, vaeCache: vaeCache(home, log), signal })) {
      switch (event.type) {
        case 'phase':
          keeper.phaseBegins()
          keeper.update({ phase: event.phase, step: event.phase === 'train' ? (restore?.step ?? 0) : 0, totalSteps: event.totalSteps })
          log.info(`Phase ${event.phase} begins`)
          break
        case 'progress':
          keeper.update({ step: event.step, totalSteps: event.totalSteps })
          break
        case 'step':
          metrics.append(event.step, event.step % memoryEvery === 0 ? { ...event.values, 'memory_mib': process.memoryUsage.rss() / 2 ** 20 } : event.values)
          keeper.stepDone(event.step)
          break
        case 'vae':
          metrics.append(config.vae.steps, event.values)
          log.info(event.isCached ? 'The autoencoder was trained by an earlier run' : 'The autoencoder is trained', event.values)
          break
        case 'validation':
          metrics.append(event.step, event.values)
          break
        case 'notice':
          log.warning(event.message)
          break
        case 'samples':
          await keepSamples(folder.path, event.step, event.samples, log)
          break
        case 'snapshot':
          // Metrics up to the checkpoint are in their file before it exists: a resumed run has no gap.
          await metrics.flush()
          snapshotError = await keepSnapshot(folder, event, log)
          break
        case 'done':
          isDone = true
          break
      }
      options.onEvent?.(event)
      // On disk now; the autoencoder in it is the one that training goes on with.
      if (event.type === 'snapshot') letGo(Object.entries(event.tensors).flatMap(([name, tensor]) => (name.startsWith('vae/') ? [] : [tensor])))
    }
    // A periodic checkpoint that failed is made good by the next one; the last one has no next.
    if (snapshotError !== undefined) throw snapshotError
    return isDone
  } finally {
    await metrics?.close()
    resources.dispose()
  }
}

async function restoreLatest(runPath: string, log: Log): Promise<RestoredCheckpoint | undefined> {
  if ((await listSteps(runPath)).length === 0) return undefined
  const { step, tensors, meta, skipped } = await loadCheckpoint(runPath, 'latest')
  tellSkipped(skipped, '', log)
  log.info(`Continuing from the checkpoint of step ${step}`)
  return { step, tensors, meta }
}

function tellSkipped(skipped: readonly { readonly step: number; readonly reason: string }[], whose: string, log: Log): void {
  for (const damaged of skipped) log.warning(`${whose}The checkpoint of step ${damaged.step} is damaged and is passed over: ${damaged.reason}`)
}

/** The error, if the checkpoint could not be written: training goes on, and the one before stays. */
async function keepSnapshot(folder: RunFolder, event: Extract<TrainEvent, { type: 'snapshot' }>, log: Log): Promise<unknown> {
  try {
    // Checkpoints that were evaluated stay: their numbers would otherwise speak of something that is gone.
    const evaluated = (await readEvaluations(folder.path)).map(({ checkpointStep }) => checkpointStep)
    const best = event.meta.best?.step
    await saveCheckpoint(folder.path, event.step, { tensors: event.tensors, meta: event.meta, frozen: ['vae'] }, { keep: folder.config.keepCheckpoints, also: best === undefined ? evaluated : [...evaluated, best] })
    log.info(`Checkpoint of step ${event.step} written`)
    return undefined
  } catch (error) {
    log.error(`The checkpoint of step ${event.step} could not be written; the one before stays`, KinoraError.from(error).toJSON())
    return error
  }
}

function ask(abort: AbortController, keeper: RunStatusKeeper, log: Log, what: 'pause' | 'stop'): void {
  log.info(`Asked to ${what}`)
  if (keeper.status.state !== 'pausing') keeper.update({ state: 'pausing' })
  abort.abort()
}

/** Said aloud in the status, since training goes on: `error` holds it until the disk takes records again. */
function tellTrouble(keeper: RunStatusKeeper, log: Log, error: unknown, dropped: number): void {
  if (error === null) {
    keeper.update({ error: null })
    log.info('Metrics are written again', { dropped })
    return
  }
  const known = KinoraError.from(error)
  keeper.update({ error: { ...known.toJSON(), message: `Metrics cannot be written and wait in memory; training goes on. ${known.message}` } })
  log.error('Metrics cannot be written; training goes on', known.toJSON())
}

function listen(signal: AbortSignal | undefined, listener: () => void): void {
  if (signal?.aborted) listener()
  else signal?.addEventListener('abort', listener, { once: true })
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
