import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Emitter } from '../base/event.ts'
import { listSteps } from '../checkpoint/folders.ts'
import { KinoraError } from '../contract/errors.ts'
import { isWaiting } from '../contract/queue.ts'
import type { KinoraEvent } from '../contract/rpc.ts'
import { activeStates, type RunStatus, type RunSummary } from '../contract/run.ts'
import { readAnnotations } from '../engine/runs/annotations.ts'
import { findDataset } from '../engine/dataset-places.ts'
import { openRun, readStatus, reconcileRun, type RunFolder } from '../engine/runs/run-folder.ts'
import { readEvaluations, runSignature, summarise } from '../engine/runs/run-summary.ts'
import type { RunMetrics } from '../metrics/reader.ts'
import { temporarySuffix } from '../platform/fs-atomic.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import type { Catalogue } from '../store/catalogue.ts'
import { MetricsCache } from './metrics-cache.ts'
import { RunAlerts } from './run-alerts.ts'

/** A run whose heartbeat is older than this while its process lives is shown as stalled: its event loop is blocked. */
const silentMs = 60_000
/** Between two looks at an active run's whole folder, whose status is written twice a second at most; its records are looked at in every pass. */
const wholeMs = 500
/** How often folders are looked for, and ended runs looked at in turn for changes from outside (by the command line). */
const idleMs = 1000
const idleRunsPerTurn = 50
/** Folders read side by side: each has all records of its run in memory meanwhile. */
const readers = 4

/**
 * Keeps the catalogue in line with the folders in `<home>/runs`, whoever writes them, and tells what changed. Active
 * runs are looked at in every pass, ended ones in turn.
 */
export class RunIndex {
  readonly #home: Home
  readonly #catalogue: Catalogue
  readonly #log: Log
  readonly #isSupervised: (path: string) => boolean
  readonly #events = new Emitter<KinoraEvent>()
  readonly metrics = new MetricsCache()
  readonly #alerts = new RunAlerts()
  readonly #folders = new Map<string, RunFolder>()
  readonly #summaries: Map<string, RunSummary>
  /** Signatures of the runs of the catalogue and of folders that are no readable run. */
  #signatures: Map<string, string>
  #active = new Set<string>()
  #turn: string[] = []
  #lastIdleMs = -Infinity
  #lastWholeMs = -Infinity
  /** Runs with records that their summary does not tell of yet. */
  readonly #behind = new Set<string>()
  readonly #refreshing = new Map<string, Promise<void>>()
  readonly onEvent = this.#events.event
  /** Awaited when a run has been read, with its records; so no more than a few are worked on at a time. */
  whenRead: (run: RunSummary, metrics: RunMetrics) => Promise<void> = async () => {}

  /** `isSupervised`: whether this host's supervisor looks after that run's process itself. */
  constructor(home: Home, catalogue: Catalogue, log: Log, isSupervised: (path: string) => boolean) {
    this.#home = home
    this.#catalogue = catalogue
    this.#log = log
    this.#isSupervised = isSupervised
    this.#signatures = catalogue.runSignatures()
    this.#summaries = new Map(catalogue.runs().map((run) => [run.id, run]))
    // What was alive when the last host ended is looked at whether its folder has changed or not: it may have died since.
    for (const [id, run] of this.#summaries) if (isActiveStatus(run.status)) this.#active.add(id)
  }

  /** Whether any run of this home has a living process. */
  get hasActive(): boolean {
    return this.#active.size > 0
  }

  pathOf(id: string): string {
    // An id is one path segment: anything else is not a run of this home.
    if (!/^[\w.-]+$/.test(id) || id.startsWith('.')) throw unknownRun(id)
    return join(this.#home.runs, id)
  }

  /** Newest first. */
  list(): RunSummary[] {
    return [...this.#summaries.values()].map(withSilence).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
  }

  /** Runs that wait to be started, in no order. */
  waiting(): RunSummary[] {
    return [...this.#summaries.values()].filter((run) => isWaiting(run.status))
  }

  has(id: string): boolean {
    return this.#summaries.has(id)
  }

  get(id: string): RunSummary {
    const known = this.#summaries.get(id)
    if (known === undefined) throw unknownRun(id)
    return withSilence(known)
  }

  async folder(id: string): Promise<RunFolder> {
    let folder = this.#folders.get(id)
    if (folder === undefined) {
      folder = await openRun(this.pathOf(id))
      this.#folders.set(id, folder)
    }
    return folder
  }

  /** Every record of a run. They are read here once; each look at the run reads on, and tells of what it found. */
  async records(id: string): Promise<RunMetrics> {
    const metrics = this.metrics.of(this.get(id).path)
    if (!metrics.isRead) await metrics.poll()
    return metrics
  }

  /** Looks for new and removed folders, then at every run whose folder looks different from when it was read last. */
  async scan(): Promise<void> {
    const names = await this.#present()
    await Promise.all(
      Array.from({ length: readers }, async () => {
        for (let id = names.pop(); id !== undefined; id = names.pop()) await this.refresh(id)
      }),
    )
  }

  /** One short pass: records of the active runs, twice a second their folders, and once a second new and removed folders and some of the ended runs in turn. */
  async pass(): Promise<void> {
    const now = performance.now()
    if (now - this.#lastWholeMs < wholeMs) {
      // Records that cannot be read are a matter of the whole folder.
      await Promise.all([...this.#active].map((id) => this.#takeRecords(id).catch(() => this.refresh(id))))
      return
    }
    this.#lastWholeMs = now
    const look = new Set(this.#active)
    if (now - this.#lastIdleMs > idleMs) {
      this.#lastIdleMs = now
      const names = await this.#present()
      for (const id of names) if (!this.#signatures.has(id)) look.add(id)
      if (this.#turn.length === 0) this.#turn = names
      for (const id of this.#turn.splice(0, idleRunsPerTurn)) look.add(id)
    }
    await Promise.all([...look].map((id) => this.refresh(id)))
  }

  /** Looks at the active runs once more. */
  async refreshActive(): Promise<void> {
    await Promise.all([...this.#active].map((id) => this.refresh(id)))
  }

  /** Ids of the folders that there are; those that have gone leave the catalogue. */
  async #present(): Promise<string[]> {
    const names = await runNames(this.#home)
    const present = new Set(names)
    for (const id of [...this.#signatures.keys()]) if (!present.has(id)) this.#remove(id)
    return names
  }

  /** Reads a run's folder if it looks different. Calls at the same time share one reading. */
  refresh(id: string): Promise<void> {
    let running = this.#refreshing.get(id)
    if (running === undefined) {
      running = this.#refresh(id).finally(() => this.#refreshing.delete(id))
      this.#refreshing.set(id, running)
    }
    return running
  }

  /** As {@link refresh}, but sure to have begun after this call. */
  async refreshNow(id: string): Promise<RunSummary> {
    await this.#refreshing.get(id)
    await this.refresh(id)
    return this.get(id)
  }

  async #refresh(id: string): Promise<void> {
    const path = this.pathOf(id)
    try {
      const isActive = this.#active.has(id)
      if (isActive && !this.#isSupervised(path)) await reconcileRun(path)
      const signature = await runSignature(path)
      const isNew = signature !== this.#signatures.get(id)
      const metrics = isActive || isNew ? await this.#takeRecords(id) : undefined
      const known = this.#summaries.get(id)
      if (isNew) await this.#read(id, path, signature, metrics!)
      // A record a step: the folder is read, and the catalogue written, when the status file tells of progress.
      else if (this.#behind.has(id) && known !== undefined) this.#put({ ...known, lastMetrics: metrics!.last() })
      this.#behind.delete(id)
    } catch (error) {
      if (error instanceof KinoraError && error.code === 'not-found' && !(await runNames(this.#home)).includes(id)) return this.#remove(id)
      const signature = await runSignature(path)
      if (this.#signatures.get(id) !== signature) this.#log.warning(`${path} is left out of the list`, KinoraError.from(error).toJSON())
      this.#forget(id)
      this.#signatures.set(id, signature)
    }
  }

  /** Reads what a run has logged since the last time, and tells of it while the run is at work. */
  async #takeRecords(id: string): Promise<RunMetrics> {
    const metrics = this.metrics.of(this.pathOf(id))
    const appended = await metrics.poll()
    if (appended === null || !this.#active.has(id)) return metrics
    this.#behind.add(id)
    this.#events.fire({ type: 'metrics-appended', id, step: appended.lastStep, names: [...appended.names] })
    for (const alert of this.#alerts.look(id, metrics, appended.names)) this.#events.fire({ type: 'run-alert', alert })
    return metrics
  }

  async #read(id: string, path: string, signature: string, metrics: RunMetrics): Promise<void> {
    this.#folders.delete(id)
    const folder = await this.folder(id)
    const status = this.#isSupervised(path) ? await readStatus(path) : await reconcileRun(path)
    const [checkpoints, evaluations, annotations, place] = await Promise.all([
      listSteps(path),
      readEvaluations(path),
      readAnnotations(path),
      // A dataset that has gone does not hide the run.
      findDataset(this.#home, folder.config.data.dataset).catch(() => ({ id: folder.config.data.dataset })),
    ])
    const summary = summarise(folder, { datasetId: place.id, status, checkpoints, lastMetrics: metrics.last(), evaluations, annotations })
    // The folder's name is the id under which everything is found; a copied folder keeps its own.
    const run: RunSummary = { ...summary, id }
    this.#catalogue.putRun(run, signature, { evaluations, config: folder.config, extent: metrics.extent() })
    this.#signatures.set(id, signature)
    if (isActiveStatus(status)) {
      this.#active.add(id)
    } else {
      this.#active.delete(id)
    }
    this.#put(run)
    await this.whenRead(run, metrics)
  }

  #put(run: RunSummary): void {
    this.#summaries.set(run.id, run)
    this.#events.fire({ type: 'run-changed', run: withSilence(run) })
  }

  #remove(id: string): void {
    this.#signatures.delete(id)
    this.#forget(id)
  }

  /** Takes a run out of the list, and tells if it was in it. */
  #forget(id: string): void {
    this.#active.delete(id)
    this.#behind.delete(id)
    this.#folders.delete(id)
    this.#alerts.forget(id)
    this.metrics.forget(this.pathOf(id))
    this.#catalogue.removeRun(id)
    if (this.#summaries.delete(id)) this.#events.fire({ type: 'run-removed', id })
  }
}

function isActiveStatus(status: RunStatus): boolean {
  return activeStates.includes(status.state) || (status.state === 'queued' && status.pid !== null)
}

/** What a reader sees of a run whose process lives and has not written its heartbeat for long. */
function withSilence(run: RunSummary): RunSummary {
  if (run.status.state !== 'running' || Date.now() - run.status.updatedAt < silentMs) return run
  return { ...run, status: { ...run.status, state: 'stalled' } }
}

async function runNames(home: Home): Promise<string[]> {
  try {
    const entries = await readdir(home.runs, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && /^[\w.-]+$/.test(entry.name) && !entry.name.startsWith('.') && !entry.name.endsWith(temporarySuffix)).map((entry) => entry.name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

function unknownRun(id: string): KinoraError {
  return new KinoraError('not-found', `There is no run "${id}".`, 'It may have been deleted; the list of runs shows those that there are.')
}

