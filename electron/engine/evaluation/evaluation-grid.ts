import { cellStates, type EvaluationJob } from '../../contract/evaluate.ts'
import type { Rollout } from '../../contract/run.ts'

/** Every rollout of an evaluation on its way, task by task, seed by seed, with the time that is left. */
export class EvaluationGrid {
  readonly #places: ReadonlyMap<string, number>
  readonly #cells: string[]
  readonly #steps: number[]
  readonly #nowMs: () => number
  #done = 0
  #successes = 0
  /** Rollouts that were on record, which tell nothing about the time of the others. */
  #known = 0
  #firstStepMs: number | undefined

  constructor(tasks: readonly string[], seeds: readonly number[], nowMs: () => number = Date.now) {
    this.#places = new Map(tasks.flatMap((task) => seeds.map((seed) => `${task}\n${seed}`)).map((key, place) => [key, place]))
    this.#cells = new Array<string>(this.#places.size).fill(cellStates.waiting)
    this.#steps = new Array<number>(this.#places.size).fill(0)
    this.#nowMs = nowMs
  }

  advanced(task: string, seed: number, steps: number): void {
    this.#firstStepMs ??= this.#nowMs()
    const place = this.#places.get(`${task}\n${seed}`)
    if (place === undefined) return
    this.#cells[place] = cellStates.running
    this.#steps[place] = steps
  }

  ended({ task, seed, success, steps }: Pick<Rollout, 'task' | 'seed' | 'success' | 'steps'>): void {
    const place = this.#places.get(`${task}\n${seed}`)
    if (place === undefined) return
    if (this.#firstStepMs === undefined) this.#known++
    this.#cells[place] = success ? cellStates.success : cellStates.failure
    this.#steps[place] = steps
    this.#done++
    if (success) this.#successes++
  }

  snapshot(): Pick<EvaluationJob, 'cells' | 'steps' | 'done' | 'successes' | 'etaSeconds'> {
    const played = this.#done - this.#known
    const left = this.#places.size - this.#done
    const etaSeconds = left === 0 ? 0 : played === 0 ? null : ((this.#nowMs() - this.#firstStepMs!) / 1000 / played) * left
    return { cells: this.#cells.join(''), steps: [...this.#steps], done: this.#done, successes: this.#successes, etaSeconds }
  }
}
