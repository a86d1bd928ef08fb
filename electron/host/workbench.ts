import { mkdir } from 'node:fs/promises'
import { freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { Emitter } from '../base/event.ts'
import type { KinoraEvent } from '../contract/rpc.ts'
import { savedViewSchema } from '../contract/run.ts'
import type { SystemInfo } from '../contract/system.ts'
import { freeBytes } from '../engine/doctor.ts'
import { emptyTrash } from '../engine/runs/run-trash.ts'
import { forkChild, type SpawnChild } from '../platform/child-process.ts'
import { delay } from '../platform/clock.ts'
import { ioError } from '../platform/fs-atomic.ts'
import { FileLog, type Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import { kinoraVersion } from '../platform/version.ts'
import { Audience } from '../rpc/audience.ts'
import type { Services } from '../rpc/services.ts'
import { Catalogue } from '../store/catalogue.ts'
import { AblationControl } from './ablation-control.ts'
import { DatasetIndex } from './dataset-index.ts'
import { DeskClient } from './desk-client.ts'
import { EvaluationControl } from './evaluation-control.ts'
import { HomeFile } from './home-file.ts'
import { HostSettingsFile } from './host-settings.ts'
import { RunControl } from './run-control.ts'
import { RunCurves } from './run-curves.ts'
import { RunIndex } from './run-index.ts'
import { createServices } from './services.ts'
import { Supervisor } from './supervisor.ts'

/** Three short waits lie between a record and the page that shows it: the writer's, this one, and that of event batches. */
const passMs = 100
/** Between two looks while nobody is at a page: each takes from what trains. */
const unattendedPassMs = 1000
const datasetScanMs = 3000
const ablationScanMs = 3000
const ablationPassMs = 250
const systemInfoMs = 10_000
/** How long the first lists wait for the folders to be read. */
const firstScanMs = 4000

export interface WorkbenchOptions {
  readonly home: Home
  readonly host: SystemInfo['host']
  readonly spawn?: SpawnChild
}

/**
 * The host process's whole service behind the router: the catalogue with its scanners, the desk and the jobs. It never
 * computes. Hold the home's lock before opening one.
 */
export class Workbench {
  readonly services: Services
  readonly log: Log
  readonly supervisor: Supervisor
  readonly desk: DeskClient
  readonly #options: WorkbenchOptions
  readonly #fileLog: FileLog
  readonly #catalogue: Catalogue
  readonly #runs: RunIndex
  readonly #datasets: DatasetIndex
  readonly #control: RunControl
  readonly #evaluations: EvaluationControl
  readonly #ablations: AblationControl
  readonly #settings: HostSettingsFile
  readonly #events = new Emitter<KinoraEvent>()
  readonly #audience = new Audience()
  readonly #closing = new AbortController()
  #loops: Promise<void>[] = []
  #firstScan: Promise<unknown> = Promise.resolve()

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const { home } = options
    try {
      for (const folder of [home.root, home.runs, home.datasets, home.reports, join(home.cache, 'logs')]) await mkdir(folder, { recursive: true })
    } catch (error) {
      throw ioError(error, `make the home ${home.root}`)
    }
    const workbench = new Workbench(options)
    workbench.#start()
    return workbench
  }

  private constructor(options: WorkbenchOptions) {
    const { home } = options
    const spawn = options.spawn ?? forkChild
    this.#options = options
    this.#fileLog = new FileLog(join(home.cache, 'logs', 'host.ndjson'), { maxBytes: 5_000_000 })
    this.log = this.#fileLog.log
    this.#catalogue = Catalogue.open(home.catalogue)
    this.supervisor = new Supervisor(home, spawn, this.log)
    this.desk = new DeskClient(home, spawn, this.log)
    this.#runs = new RunIndex(home, this.#catalogue, this.log, (path) => this.supervisor.hasJob(path))
    this.#datasets = new DatasetIndex(home, this.#catalogue, this.desk, this.log)
    this.#control = new RunControl(home, this.#runs, this.supervisor)
    this.#evaluations = new EvaluationControl(home, spawn, this.log)
    this.#settings = new HostSettingsFile(home)
    this.#ablations = new AblationControl({ home, index: this.#runs, runs: this.#control, evaluations: this.#evaluations, desk: this.desk, log: this.log, device: async () => (await this.#settings.read()).device })
    this.#runs.onEvent((event) => this.#events.fire(event))
    this.#datasets.onDidChange((dataset) => this.#events.fire({ type: 'dataset-changed', dataset }))
    this.desk.onReplayProgress((progress) => this.#events.fire({ type: 'replay-progress', ...progress }))
    for (const source of [this.desk, this.#evaluations]) source.onWarning((message) => this.#events.fire({ type: 'engine-warning', message }))
    this.#evaluations.onDidChange((job) => this.#events.fire({ type: 'evaluation-changed', job }))
    this.#ablations.onDidChange((ablation) => this.#events.fire({ type: 'ablation-changed', ablation }))
    this.#ablations.onDidRemove((id) => this.#events.fire({ type: 'ablation-removed', id }))
    this.#evaluations.onDidEnd(({ owner }) => {
      if (owner?.kind === 'run') void this.#runs.refreshNow(owner.runId).catch((error: unknown) => this.log.error('An evaluated run could not be read', error))
    })
    this.desk.onDidChangeState(() => void this.#tellSystem())
    this.supervisor.onJobEnded(({ runPath }) => void this.#jobEnded(runPath))
    this.services = createServices({
      home, catalogue: this.#catalogue, runs: this.#runs, datasets: this.#datasets, control: this.#control, evaluations: this.#evaluations, ablations: this.#ablations, curves: new RunCurves(home, this.#runs, this.log),
      desk: this.desk, settings: this.#settings, views: new HomeFile(home, 'views.json', z.array(savedViewSchema), []), events: this.#events, audience: this.#audience, info: () => this.#info(), ready: () => this.#ready(),
    })
  }

  /** Pauses what trains, ends the processes, and lets the home go. */
  async close(patienceMs?: number): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#control.close()
    await this.#ablations.close()
    await Promise.all([this.supervisor.close(patienceMs), this.desk.close(), this.#evaluations.close()])
    await Promise.all(this.#loops)
    // The last states of the jobs go into the catalogue for the next start.
    await this.#runs.refreshActive().catch((error: unknown) => this.log.error('The last look at the runs failed', error))
    this.#catalogue.dispose()
    this.#events.dispose()
    await this.#fileLog.close()
  }

  #start(): void {
    const { signal } = this.#closing
    this.desk.start()
    // Without the kept order the runs wait oldest first; a damaged file is told in the log and not overwritten.
    void this.#control.open().catch((error: unknown) => this.log.error('The order of the queue could not be read', error))
    void this.#emptyOldTrash().catch((error: unknown) => this.log.error('The trash could not be looked through', error))
    const runs = this.#runs.scan().catch((error: unknown) => this.log.error('The first scan of runs failed', error))
    this.#firstScan = Promise.all([runs, this.#scanDatasets()])
    this.#loops = [
      runs.then(() => this.#repeat(() => this.#untilNextPass(), async () => {
        await this.#runs.pass()
        await this.#control.finishStops()
        this.#control.startNext()
      })),
      runs.then(() => this.#repeat(() => delay(ablationScanMs, signal), () => this.#ablations.scan())),
      runs.then(() => this.#repeat(() => delay(ablationPassMs, signal), () => this.#ablations.pass())),
      this.#repeat(() => delay(datasetScanMs, signal), () => this.#scanDatasets()),
      this.#repeat(() => delay(systemInfoMs, signal), () => this.#tellSystem()),
    ]
  }

  /** Until closed; a failure is logged and does not end the loop. */
  async #repeat(pause: () => Promise<void>, body: () => Promise<void>): Promise<void> {
    const { signal } = this.#closing
    let lastFailure = ''
    while (!signal.aborted) {
      try {
        await body()
      } catch (error) {
        const failure = String(error)
        if (failure !== lastFailure) this.log.error('A background pass failed', error)
        lastFailure = failure
      }
      await pause()
    }
  }

  /** Somebody who comes to a page does not wait out the longer time. */
  async #untilNextPass(): Promise<void> {
    const { signal } = this.#closing
    if (this.#audience.isAttended) return delay(passMs, signal)
    const somebodyCame = new AbortController()
    const listening = this.#audience.onDidChange(() => {
      if (this.#audience.isAttended) somebodyCame.abort()
    })
    await delay(unattendedPassMs, AbortSignal.any([signal, somebodyCame.signal]))
    listening.dispose()
  }

  async #scanDatasets(): Promise<void> {
    try {
      await this.#datasets.scan()
    } catch (error) {
      if (!this.#closing.signal.aborted) this.log.error('The scan of datasets failed', error)
    }
  }

  async #emptyOldTrash(): Promise<void> {
    const { trashDays } = await this.#settings.read()
    if (trashDays === 0) return
    const oldest = Date.now() - trashDays * 86_400_000
    const freed = await emptyTrash(this.#options.home, ({ deletedAt }) => deletedAt < oldest)
    if (freed > 0) this.log.info(`Runs deleted more than ${trashDays} days ago are gone for good`, { freed })
  }

  async #jobEnded(runPath: string): Promise<void> {
    const id = runPath.slice(this.#options.home.runs.length + 1)
    await this.#runs.refreshNow(id).catch((error: unknown) => this.log.error('An ended run could not be read', error))
    this.#control.startNext()
  }

  async #info(): Promise<SystemInfo> {
    const { home, host } = this.#options
    return {
      version: kinoraVersion(),
      home: home.root,
      host,
      engine: this.desk.state,
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      homeFreeBytes: await freeBytes(home),
    }
  }

  async #tellSystem(): Promise<void> {
    this.#events.fire({ type: 'system-changed', info: await this.#info() })
  }

  /** The first list after a start is whole if the folders are read soon enough; events bring the rest. */
  async #ready(): Promise<void> {
    await Promise.race([this.#firstScan, delay(firstScanMs, this.#closing.signal)])
  }
}
