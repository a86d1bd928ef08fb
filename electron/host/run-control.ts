import { z } from 'zod'
import { KinoraError } from '../contract/errors.ts'
import { isWaiting, queueOf } from '../contract/queue.ts'
import { activeStates, resumableStates, type RunStatus, type RunSummary } from '../contract/run.ts'
import type { Device } from '../contract/config.ts'
import { findDataset } from '../engine/dataset-places.ts'
import { createRun, isQueuedNow, readStatus, writeStatus } from '../engine/runs/run-folder.ts'
import { checkTransition } from '../engine/runs/run-states.ts'
import { parseTrainConfig } from '../engine/runs/train-config.ts'
import { delay } from '../platform/clock.ts'
import type { Home } from '../platform/paths.ts'
import { HomeFile } from './home-file.ts'
import type { RunIndex } from './run-index.ts'
import type { Supervisor } from './supervisor.ts'

const queueSchema = z.object({ order: z.array(z.string()) })

export interface NewRun {
  readonly name: string
  readonly config: unknown
  /** What the configuration's `auto` means here. */
  readonly device: Device
  /** A run that has this id already is that run. */
  readonly id?: string
  readonly ignoresMemory?: boolean
}

/** How long an answer to pause or stop waits for the run to say that it heard. */
const echoMs = 1500

/**
 * What a user does to runs. One run trains at a time on this home (two would share one device's memory); the others
 * wait in the queue, oldest first unless their user put them in another order.
 */
export class RunControl {
  readonly #home: Home
  readonly #index: RunIndex
  readonly #supervisor: Supervisor
  /** Runs of other processes that were asked to pause so that they can then be marked stopped. */
  readonly #stopWhenPaused = new Set<string>()
  readonly #queueFile: HomeFile<typeof queueSchema>
  #order: readonly string[] = []
  #isClosing = false

  constructor(home: Home, index: RunIndex, supervisor: Supervisor) {
    this.#home = home
    this.#index = index
    this.#supervisor = supervisor
    this.#queueFile = new HomeFile(home, 'queue.json', queueSchema, { order: [] })
  }

  /** Reads the order that was kept. @throws KinoraError `config-invalid` for a damaged file. */
  async open(): Promise<void> {
    this.#order = (await this.#queueFile.read()).order
  }

  /** Ids of the waiting runs, next first. */
  queue(): string[] {
    return queueOf(this.#index.waiting(), this.#order).map(({ id }) => id)
  }

  /** Puts waiting runs in an order; ids that wait no more are forgotten. */
  async reorder(ids: readonly string[]): Promise<string[]> {
    const waiting = new Set(this.queue())
    this.#order = ids.filter((id) => waiting.has(id))
    await this.#queueFile.write({ order: [...this.#order] })
    return this.queue()
  }

  async create({ config, device, ...wanted }: NewRun): Promise<RunSummary> {
    // A run that could not even begin is refused before it has a folder.
    const parsed = parseTrainConfig(config)
    await findDataset(this.#home, parsed.data.dataset)
    const folder = await createRun(this.#home, { ...wanted, config: parsed.device === 'auto' ? { ...parsed, device } : parsed, forHost: true })
    const run = await this.#index.refreshNow(folder.identity.id)
    this.startNext()
    return run
  }

  async pause(id: string): Promise<RunSummary> {
    const path = this.#index.pathOf(id)
    const status = await this.#status(id)
    if (isWaiting(status)) return this.#set(id, { ...status, state: 'paused' })
    if (!activeStates.includes(status.state)) throw wrongState(id, status, 'paused', 'Only a queued or running run can be paused.')
    if (!this.#supervisor.tellJob(path, { type: 'pause' })) this.#signal(id, status)
    return this.#echo(id, status)
  }

  async stop(id: string): Promise<RunSummary> {
    const path = this.#index.pathOf(id)
    const status = await this.#status(id)
    if (isWaiting(status) || status.state === 'paused' || status.state === 'crashed') return this.#set(id, { ...status, state: 'stopped' })
    if (!activeStates.includes(status.state)) throw wrongState(id, status, 'stopped', 'Only a queued, running, paused or crashed run can be stopped.')
    if (!this.#supervisor.tellJob(path, { type: 'stop' })) {
      this.#stopWhenPaused.add(id)
      this.#signal(id, status)
    }
    return this.#echo(id, status)
  }

  async resume(id: string, ignoresMemory = false): Promise<RunSummary> {
    const status = await this.#status(id)
    if (!resumableStates.includes(status.state)) {
      const hint = status.state === 'finished' ? 'It has reached its last step. Create a new run to train longer.' : 'It is on its way already.'
      throw wrongState(id, status, 'resumed', hint)
    }
    this.#stopWhenPaused.delete(id)
    // A job that has just paused is still on its way out.
    await this.#supervisor.whenEnded(this.#index.pathOf(id))
    const run = await this.#set(id, { ...status, state: 'queued', phase: 'queued', ignoresMemory, error: null })
    this.startNext()
    return run
  }

  /** Starts the next run of the queue, if none is training. Called after every pass of the index. */
  startNext(): void {
    if (this.#isClosing || this.#index.hasActive || this.#supervisor.runningJobs.length > 0) return
    // One that died as it began may still be listed as waiting: it would be started again for ever.
    const next = queueOf(this.#index.waiting(), this.#order).find(({ path }) => isQueuedNow(path))
    if (next) this.#supervisor.startJob(next.path)
  }

  /** Marks runs of other processes as stopped once they have paused. */
  async finishStops(): Promise<void> {
    for (const id of this.#stopWhenPaused) {
      const status = await this.#status(id)
      if (activeStates.includes(status.state)) continue
      this.#stopWhenPaused.delete(id)
      if (status.state === 'paused') await this.#set(id, { ...status, state: 'stopped' })
    }
  }

  /** Starts nothing more. */
  close(): void {
    this.#isClosing = true
  }

  async #status(id: string): Promise<RunStatus> {
    await this.#index.refreshNow(id)
    return readStatus(this.#index.pathOf(id))
  }

  async #set(id: string, status: RunStatus): Promise<RunSummary> {
    const path = this.#index.pathOf(id)
    checkTransition(id, (await readStatus(path)).state, status.state)
    await writeStatus(path, { ...status, pid: null, processStart: null, updatedAt: Date.now() })
    return this.#index.refreshNow(id)
  }

  /** A run that the command line trains: SIGTERM asks it to pause. */
  #signal(id: string, status: RunStatus): void {
    if (status.pid === null) throw wrongState(id, status, 'reached', 'Try again in a moment.')
    if (process.platform === 'win32') {
      throw new KinoraError('usage', `Run ${id} is trained by another program (process ${status.pid}).`, 'Press Ctrl-C there: it saves a checkpoint and pauses.')
    }
    process.kill(status.pid, 'SIGTERM')
  }

  /** Answers when the run has heard, or after a moment: the events tell the rest. */
  async #echo(id: string, before: RunStatus): Promise<RunSummary> {
    const path = this.#index.pathOf(id)
    for (let waitedMs = 0; waitedMs < echoMs; waitedMs += 50) {
      if ((await readStatus(path)).state !== before.state) break
      await delay(50)
    }
    return this.#index.refreshNow(id)
  }
}

function wrongState(id: string, status: RunStatus, verb: string, hint: string): KinoraError {
  return new KinoraError('usage', `Run ${id} is ${status.state} and cannot be ${verb}.`, hint)
}
