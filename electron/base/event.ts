import { toDisposable, type Disposable } from './disposable.ts'

export type Listener<T> = (value: T) => void
export type Event<T> = (listener: Listener<T>) => Disposable

/** A typed event source. One listener that throws does not keep the others from hearing. */
export class Emitter<T> implements Disposable {
  #listeners = new Set<Listener<T>>()

  readonly event: Event<T> = (listener) => {
    const own: Listener<T> = (value) => listener(value)
    this.#listeners.add(own)
    return toDisposable(() => this.#listeners.delete(own))
  }

  fire(value: T): void {
    const errors: unknown[] = []
    for (const listener of [...this.#listeners]) {
      try {
        listener(value)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors)
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0
  }

  dispose(): void {
    this.#listeners.clear()
  }
}
