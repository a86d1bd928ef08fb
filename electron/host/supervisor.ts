import type { Disposable } from '../base/disposable.ts'
import { Emitter } from '../base/event.ts'
import type { ToJob } from '../engine/protocol.ts'
import { reconcileRun, runFile, writeStatus } from '../engine/runs/run-folder.ts'
import { tailLines } from '../engine/runs/run-summary.ts'
import type { ChildProcess, SpawnChild } from '../platform/child-process.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import { serveEntries } from './entry-service.ts'
import { exitReason } from './exit-reason.ts'

/** How long a job may take to save its last checkpoint when the host closes. */
const closePatienceMs = 60_000

interface Job {
  readonly child: ChildProcess
  readonly ended: Promise<void>
}

/** Starts one engine process per training run and notices how each ends. It never reads or writes tensors itself. */
export class Supervisor implements Disposable {
  readonly #home: Home
  readonly #spawn: SpawnChild
  readonly #log: Log
  readonly #jobs = new Map<string, Job>()
  readonly #ended = new Emitter<{ runPath: string }>()
  /** Fires when a job's process has gone and its status is in line with that. */
  readonly onJobEnded = this.#ended.event

  constructor(home: Home, spawn: SpawnChild, log: Log) {
    this.#home = home
    this.#spawn = spawn
    this.#log = log
  }

  get runningJobs(): readonly string[] {
    return [...this.#jobs.keys()]
  }

  hasJob(runPath: string): boolean {
    return this.#jobs.has(runPath)
  }

  pidOf(runPath: string): number | undefined {
    return this.#jobs.get(runPath)?.child.pid
  }

  /** Resolves when the run has no process any more. */
  async whenEnded(runPath: string): Promise<void> {
    await this.#jobs.get(runPath)?.ended
  }

  startJob(runPath: string): void {
    if (this.#jobs.has(runPath)) return
    const child = this.#spawn('engine-worker', { args: ['job', this.#home.root, runPath], name: 'Kinora job', outputPath: runFile.output(runPath) })
    serveEntries(child)
    const ended = new Promise<void>((resolve) => {
      child.onExit((exit) => {
        void this.#exited(runPath, exit).finally(resolve)
      })
    })
    this.#jobs.set(runPath, { child, ended })
  }

  /** Whether there was a job to tell. */
  tellJob(runPath: string, message: ToJob): boolean {
    const job = this.#jobs.get(runPath)
    job?.child.send(message)
    return job !== undefined
  }

  /** Pauses every job, waits until each has saved, and ends those that do not. */
  async close(patienceMs: number = closePatienceMs): Promise<void> {
    const jobs = [...this.#jobs.values()]
    for (const { child } of jobs) child.send({ type: 'pause' } satisfies ToJob)
    await Promise.all(
      jobs.map(async ({ child, ended }) => {
        const kill = setTimeout(() => child.kill(), patienceMs)
        await ended
        clearTimeout(kill)
      }),
    )
  }

  dispose(): void {
    for (const { child } of this.#jobs.values()) child.kill()
    this.#ended.dispose()
  }

  async #exited(runPath: string, exit: { code: number | null; signal: string | null }): Promise<void> {
    try {
      const reason = exitReason(exit, await tailLines(runFile.output(runPath), 5))
      let status = await reconcileRun(runPath, reason)
      if (status.state === 'queued' && status.pid === null) {
        // It died before it took the run: left queued, it would be started again for ever.
        status = { ...status, state: 'crashed', updatedAt: Date.now(), error: { code: 'engine-crashed', ...reason } }
        await writeStatus(runPath, status)
      }
      this.#log.info('A job ended', { runPath, exit, state: status.state })
    } catch (error) {
      // The folder may have been deleted under the run: there is nothing left to mark.
      this.#log.error('A job ended and its status could not be brought in line', { runPath, exit, error })
    }
    this.#jobs.delete(runPath)
    this.#ended.fire({ runPath })
  }
}
