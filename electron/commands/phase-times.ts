import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../platform/fs-atomic.ts'

export interface PhaseTime {
  readonly name: string
  readonly seconds: number
  readonly note: string
}

/** Seconds that each phase has taken, also over several starts of the program: a continued phase adds to what it took before. */
export class PhaseTimes {
  readonly #path: string
  readonly #times: Map<string, PhaseTime>

  private constructor(path: string, times: readonly PhaseTime[]) {
    this.#path = path
    this.#times = new Map(times.map((time) => [time.name, time]))
  }

  static async open(path: string): Promise<PhaseTimes> {
    try {
      const value = JSON.parse(await readFile(path, 'utf8')) as unknown
      const isTime = (entry: unknown): entry is PhaseTime => typeof entry === 'object' && entry !== null && 'name' in entry && 'seconds' in entry && typeof entry.seconds === 'number' && 'note' in entry
      return new PhaseTimes(path, Array.isArray(value) ? value.filter(isTime) : [])
    } catch {
      // Absent or damaged: only how long things took is forgotten.
      return new PhaseTimes(path, [])
    }
  }

  get all(): PhaseTime[] {
    return [...this.#times.values()]
  }

  seconds(name: string): number {
    return this.#times.get(name)?.seconds ?? 0
  }

  /** Forgets a phase that begins from nothing. */
  restart(name: string): void {
    this.#times.delete(name)
  }

  /** Runs a phase and adds its time, also when it is interrupted. */
  async measure<T>(name: string, note: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    try {
      return await work()
    } finally {
      this.#times.set(name, { name, seconds: this.seconds(name) + (performance.now() - startedAt) / 1000, note })
      await writeFileAtomic(this.#path, `${JSON.stringify(this.all, null, 2)}\n`)
    }
  }
}
