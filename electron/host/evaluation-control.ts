import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Emitter } from '../base/event.ts'
import { KinoraError } from '../contract/errors.ts'
import { cellStates, type EvaluationJob, type EvaluationRequest } from '../contract/evaluate.ts'
import type { FromEvaluation, ToEvaluation } from '../engine/protocol.ts'
import type { ChildProcess, SpawnChild } from '../platform/child-process.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import { serveEntries } from './entry-service.ts'
import { exitReason } from './exit-reason.ts'

/** Ended ones that are still shown. */
const keptJobs = 20
const exitPatienceMs = 3000

/**
 * Evaluations that the page asked for: one process each, one at a time. What they find lies in the runs' folders; here
 * is only how far they are.
 */
export class EvaluationControl {
  readonly #home: Home
  readonly #spawn: SpawnChild
  readonly #log: Log
  readonly #jobs = new Map<string, EvaluationJob>()
  readonly #didChange = new Emitter<EvaluationJob>()
  readonly #didEnd = new Emitter<EvaluationJob>()
  #child: { readonly id: string; readonly process: ChildProcess; readonly exited: Promise<void> } | undefined
  #next = 1
  #isClosing = false
  readonly #warning = new Emitter<string>()
  readonly onDidChange = this.#didChange.event
  readonly onDidEnd = this.#didEnd.event
  readonly onWarning = this.#warning.event

  constructor(home: Home, spawn: SpawnChild, log: Log) {
    this.#home = home
    this.#spawn = spawn
    this.#log = log
  }

  /** In the order in which they were asked for. */
  list(): EvaluationJob[] {
    return [...this.#jobs.values()]
  }

  start(request: EvaluationRequest): EvaluationJob {
    const count = request.tasks.length * request.seeds
    const id = `evaluation-${this.#next++}`
    const job: EvaluationJob = {
      id, request, owner: null, state: 'queued', seeds: [], cells: cellStates.waiting.repeat(count), steps: new Array<number>(count).fill(0),
      done: 0, successes: 0, startedAt: null, etaSeconds: null, error: null,
    }
    this.#jobs.set(id, job)
    const ended = this.list().filter((one) => !isOnItsWay(one))
    for (const old of ended.slice(0, Math.max(0, ended.length - keptJobs))) this.#jobs.delete(old.id)
    this.#startNext()
    return this.#find(id)
  }

  stop(id: string): EvaluationJob {
    const job = this.#find(id)
    if (job.state === 'queued') return this.#end(id, { state: 'stopped' })
    if (this.#child?.id === id) this.#child.process.send({ type: 'stop' } satisfies ToEvaluation)
    return job
  }

  /** Stops what plays; its rollouts are kept, and the same request goes on with those that are missing. */
  async close(): Promise<void> {
    this.#isClosing = true
    const child = this.#child
    if (child === undefined) return
    child.process.send({ type: 'stop' } satisfies ToEvaluation)
    const kill = setTimeout(() => child.process.kill(), exitPatienceMs)
    await child.exited
    clearTimeout(kill)
  }

  #startNext(): void {
    const next = this.list().find(({ state }) => state === 'queued')
    if (this.#isClosing || this.#child !== undefined || next === undefined) return
    const logs = join(this.#home.cache, 'logs')
    mkdirSync(logs, { recursive: true })
    const process = this.#spawn('engine-worker', { args: ['evaluate', this.#home.root, JSON.stringify(next.request)], name: 'Kinora evaluation', outputPath: join(logs, 'evaluation.log') })
    process.onMessage((message) => this.#receive(next.id, message as FromEvaluation))
    serveEntries(process)
    const exited = new Promise<void>((resolve) => {
      process.onExit((exit) => {
        this.#child = undefined
        if (isOnItsWay(this.#find(next.id))) {
          const { message, hint } = exitReason(exit)
          this.#log.error('An evaluation ended without a word', { id: next.id, exit })
          this.#end(next.id, { state: 'failed', error: { code: 'engine-crashed', message, hint } })
        }
        resolve()
        this.#startNext()
      })
    })
    this.#child = { id: next.id, process, exited }
    this.#change(next.id, { state: 'running', startedAt: Date.now() })
  }

  #receive(id: string, message: FromEvaluation): void {
    if (message.type === 'warning') this.#warning.fire(message.message)
    if (message.type === 'evaluation-begins') this.#change(id, { owner: message.owner, seeds: [...message.seeds] })
    if (message.type === 'evaluation-progress') {
      const { cells, steps, done, successes, etaSeconds } = message
      this.#change(id, { cells, steps, done, successes, etaSeconds })
    }
    if (message.type === 'evaluation-ended') this.#end(id, { state: message.isStopped === true ? 'stopped' : message.error === null ? 'finished' : 'failed', error: message.error, ...(message.stoppedEarly && { stoppedEarly: message.stoppedEarly }) })
  }

  #end(id: string, change: Partial<EvaluationJob>): EvaluationJob {
    const { cells } = this.#find(id)
    // What was on its way when it ended did not happen.
    const job = this.#change(id, { ...change, cells: cells.replaceAll(cellStates.running, cellStates.waiting), etaSeconds: null })
    this.#didEnd.fire(job)
    return job
  }

  #change(id: string, change: Partial<EvaluationJob>): EvaluationJob {
    const job = { ...this.#find(id), ...change }
    this.#jobs.set(id, job)
    this.#didChange.fire(job)
    return job
  }

  #find(id: string): EvaluationJob {
    const job = this.#jobs.get(id)
    if (job !== undefined) return job
    throw new KinoraError('not-found', `There is no evaluation "${id}".`, 'The list of evaluations shows those since the host was started.')
  }
}

function isOnItsWay({ state }: EvaluationJob): boolean {
  return state === 'queued' || state === 'running'
}
