import type { Problem } from '../contract/problem.ts'
import { KinoraError } from '../contract/errors.ts'

/** Rows beyond this many are counted, not kept: a dataset that is wrong everywhere must not fill memory. */
const maxProblems = 10_000

/** Collects what is wrong with a dataset while the good rest is read on. */
export class ProblemLog {
  readonly #problems: Problem[] = []
  #dropped = 0

  add(problem: Problem): void {
    if (this.#problems.length < maxProblems) this.#problems.push(problem)
    else this.#dropped++
  }

  error(what: string, hint: string, where: { file?: string; episode?: number } = {}): void {
    this.add({ severity: 'error', what, hint, ...where })
  }

  warning(what: string, hint: string, where: { file?: string; episode?: number } = {}): void {
    this.add({ severity: 'warning', what, hint, ...where })
  }

  /** A refusal of a reader, in band. Anything but a KinoraError is a bug and goes on. */
  caught(error: unknown, where: { file?: string; episode?: number } = {}): void {
    if (!(error instanceof KinoraError)) throw error
    this.error(error.message, error.hint, where)
  }

  list(): Problem[] {
    if (this.#dropped === 0) return [...this.#problems]
    return [...this.#problems, { severity: 'warning', what: `${this.#dropped} more problems are not listed.`, hint: 'Solve the listed ones first.' }]
  }
}
