import type { AblationCell } from '../contract/ablation.ts'
import { KinoraError } from '../contract/errors.ts'
import type { EvaluationJob } from '../contract/evaluate.ts'
import { resumableStates } from '../contract/run.ts'
import type { Failures } from '../engine/ablation/ablation-folder.ts'
import type { ProcessLock } from '../platform/process-lock.ts'

/** What is to be done for one run of an ablation. */
export interface Deed {
  readonly do: 'create' | 'resume' | 'evaluate'
  readonly cell: AblationCell
}

const isOnItsWay = ({ state }: EvaluationJob): boolean => state === 'queued' || state === 'running'

/**
 * What this host is to do next for one ablation: the first run that is not done is trained, then judged, then the next.
 * A run that fails, crashes twice, or that its user pauses by itself is left out, and the others go on.
 */
export class AblationDrive {
  readonly lock: ProcessLock
  /** Runs to be resumed once, whatever ended them. */
  readonly #resume: Set<string>
  readonly #crashed = new Set<string>()
  /** Runs that could not be made or judged, and why; null for an evaluation that its user stopped. */
  readonly #left = new Map<string, KinoraError | null>()
  /** Whether the ablation's files hold them: what a host before left is no news, unless it is tried again. */
  #isKept: boolean
  /** Runs whose evaluation was asked for. */
  readonly #asked = new Set<string>()

  /** @param isAsked by its user now: then runs that failed are tried again, too. @param failures of the host before */
  constructor(lock: ProcessLock, cells: readonly AblationCell[], isAsked: boolean, failures: Failures) {
    this.lock = lock
    this.#isKept = !isAsked || Object.keys(failures).length === 0
    if (!isAsked) for (const [runId, error] of Object.entries(failures)) this.#left.set(runId, KinoraError.from(error))
    this.#resume = new Set(cells.filter(({ runState }) => runState !== null && resumableStates.includes(runState) && (isAsked || runState !== 'failed')).map(({ runId }) => runId))
  }

  /** Whether this is an evaluation on its way that was asked for here. */
  evaluates(job: EvaluationJob): boolean {
    const { policy } = job.request
    return policy.kind === 'run' && this.#asked.has(policy.runId) && isOnItsWay(job)
  }

  leave(runId: string, error: KinoraError | null): void {
    this.#left.set(runId, error)
    this.#isKept &&= error === null
  }

  /** What could not be made or judged, where that has changed since it was asked for; else null. */
  newFailures(): Failures | null {
    if (this.#isKept) return null
    this.#isKept = true
    return Object.fromEntries([...this.#left].flatMap(([runId, error]) => (error ? [[runId, error.toJSON()]] : [])))
  }

  next(cells: readonly AblationCell[], jobs: readonly EvaluationJob[]): Deed | 'wait' | 'end' {
    for (const cell of cells) {
      if (cell.state === 'done' || this.#left.has(cell.runId)) continue
      const deed = cell.runState === 'finished' ? this.#judge(cell, jobs) : this.#train(cell)
      if (deed !== null) return deed
    }
    return 'end'
  }

  /** Null where nothing is to be done for it any more. */
  #train(cell: AblationCell): Deed | 'wait' | null {
    const { runId, runState } = cell
    if (runState === null) return { do: 'create', cell }
    if (!resumableStates.includes(runState)) return 'wait'
    const isFirstCrash = runState === 'crashed' && !this.#crashed.has(runId)
    if (isFirstCrash) this.#crashed.add(runId)
    return this.#resume.delete(runId) || isFirstCrash ? { do: 'resume', cell } : null
  }

  #judge(cell: AblationCell, jobs: readonly EvaluationJob[]): Deed | 'wait' | null {
    const job = jobOf(cell, jobs)
    if (job && isOnItsWay(job)) return 'wait'
    if (!this.#asked.has(cell.runId)) {
      this.#asked.add(cell.runId)
      return { do: 'evaluate', cell }
    }
    this.leave(cell.runId, job?.error ? new KinoraError(job.error.code, job.error.message, job.error.hint) : null)
    return null
  }

  /** The run as it is shown: with its evaluation, which only this host knows. */
  shown(cell: AblationCell, jobs: readonly EvaluationJob[]): AblationCell {
    const job = jobOf(cell, jobs)
    return cell.state === 'trained' && job && isOnItsWay(job) ? { ...cell, state: 'evaluating' } : cell
  }
}

function jobOf({ runId }: AblationCell, jobs: readonly EvaluationJob[]): EvaluationJob | undefined {
  return jobs.findLast(({ request: { policy } }) => policy.kind === 'run' && policy.runId === runId)
}
