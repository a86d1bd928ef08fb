import { median } from '../../base/statistics.ts'
import type { RunState, RunStatus } from '../../contract/run.ts'
import { systemClock, type Clock } from '../../platform/clock.ts'
import { isAlive, ownIdentity } from '../../platform/process-table.ts'
import { acquireLock, type ProcessLock } from '../../platform/process-lock.ts'
import { KinoraError } from '../../contract/errors.ts'
import { reconcileRun, runFile, writeStatus } from './run-folder.ts'
import { checkTransition } from './run-states.ts'

export const heartbeatMs = 2000
/** Between heartbeats, progress is written at most this often. */
const progressMs = 500
/** No step for this long, or for ten times the usual, makes a running run `stalled`. */
const stallMs = 60_000

/**
 * The one writer of `status.json` while a process trains a run. Writes on every change of state and as a heartbeat.
 * A disk that refuses is told once through `onTrouble` and does not end the training; the last state is tried again.
 */
export class RunStatusKeeper {
  readonly #path: string
  readonly #lock: ProcessLock
  readonly #clock: Clock
  readonly #onTrouble: (error: unknown) => void
  #status: RunStatus
  #writing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #lastStepMs: number
  #stepMs: number[] = []
  #isTroubled = false
  #lastWriteMs = 0

  private constructor(path: string, status: RunStatus, lock: ProcessLock, clock: Clock, onTrouble: (error: unknown) => void) {
    this.#path = path
    this.#status = status
    this.#lock = lock
    this.#clock = clock
    this.#onTrouble = onTrouble
    this.#lastStepMs = clock.monotonicMs()
  }

  /**
   * Takes the run for this process and writes `starting`.
   * @throws KinoraError `already-running` when another living process has it, `usage` when its state cannot start.
   */
  static async claim(path: string, onTrouble: (error: unknown) => void, clock: Clock = systemClock): Promise<RunStatusKeeper> {
    const result = await acquireLock(runFile.lock(path))
    if ('holder' in result) {
      throw new KinoraError('already-running', `Process ${result.holder.pid} is training ${path} already.`, 'Wait until it ends, or pause it first.')
    }
    try {
      const before = await reconcileRun(path)
      if (before.state === 'queued' && before.pid !== null && before.pid !== process.pid && (await isAlive({ pid: before.pid, processStart: before.processStart }))) {
        throw new KinoraError('already-running', `Process ${before.pid} made this run and is about to start it.`, 'Wait a moment, or end that process.')
      }
      checkTransition(path, before.state, 'starting')
      const status: RunStatus = { ...before, ...(await ownIdentity()), state: 'starting', phase: 'starting', error: null, stepsPerSecond: null, etaSeconds: null, updatedAt: clock.now() }
      await writeStatus(path, status)
      const keeper = new RunStatusKeeper(path, status, result.lock, clock, onTrouble)
      keeper.#timer = setInterval(() => keeper.#beat(), heartbeatMs).unref()
      return keeper
    } catch (error) {
      await result.lock.release()
      throw error
    }
  }

  get status(): RunStatus {
    return this.#status
  }

  /** Changes what is known; written at once when state or phase change, else soon. */
  update(change: Partial<RunStatus>): void {
    const state = change.state ?? this.#status.state
    if (state !== this.#status.state) checkTransition(this.#path, this.#status.state, state)
    const isNewState = state !== this.#status.state || (change.phase !== undefined && change.phase !== this.#status.phase)
    this.#status = { ...this.#status, ...change }
    if (isNewState || this.#clock.monotonicMs() - this.#lastWriteMs > progressMs) void this.#write()
  }

  /**
   * Tells that a step is done: keeps the rate (from the median step), the time left (from the mean, so that validation
   * and checkpoints count) and the watch for stalls.
   */
  stepDone(step: number): void {
    const now = this.#clock.monotonicMs()
    this.#stepMs.push(now - this.#lastStepMs)
    if (this.#stepMs.length > 100) this.#stepMs.shift()
    this.#lastStepMs = now
    const medianMs = median(this.#stepMs)
    const meanMs = this.#stepMs.reduce((sum, ms) => sum + ms, 0) / this.#stepMs.length
    const left = Math.max(0, this.#status.totalSteps - step)
    const state: RunState = this.#status.state === 'stalled' || this.#status.state === 'starting' ? 'running' : this.#status.state
    this.update({ state, step, stepsPerSecond: medianMs > 0 ? 1000 / medianMs : null, etaSeconds: (left * meanMs) / 1000 })
  }

  /** A new phase has steps of its own length; time spent until its first step is no step. */
  phaseBegins(): void {
    this.#stepMs = []
    this.#lastStepMs = this.#clock.monotonicMs()
    this.#status = { ...this.#status, stepsPerSecond: null, etaSeconds: null }
  }

  /** Writes the last state, lets the run go and returns the status. */
  async end(change: Partial<RunStatus> & { state: RunState }): Promise<RunStatus> {
    clearInterval(this.#timer)
    checkTransition(this.#path, this.#status.state, change.state)
    this.#status = { ...this.#status, stepsPerSecond: null, etaSeconds: null, ...change, pid: null, processStart: null }
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await this.#write()) break
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    await this.#lock.release()
    return this.#status
  }

  #beat(): void {
    const silentMs = this.#clock.monotonicMs() - this.#lastStepMs
    const patienceMs = Math.max(stallMs, 10 * median(this.#stepMs))
    if (this.#status.state === 'running' && silentMs > patienceMs) this.update({ state: 'stalled' })
    else void this.#write()
  }

  /** Writes in order; resolves whether the file now says what it should. */
  #write(): Promise<boolean> {
    this.#lastWriteMs = this.#clock.monotonicMs()
    const result = this.#writing.then(async () => {
      this.#status = { ...this.#status, updatedAt: this.#clock.now() }
      this.#lastWriteMs = this.#clock.monotonicMs()
      try {
        await writeStatus(this.#path, this.#status)
        this.#isTroubled = false
        return true
      } catch (error) {
        if (!this.#isTroubled) this.#onTrouble(error)
        this.#isTroubled = true
        return false
      }
    })
    this.#writing = result.then(() => {})
    return result
  }
}
