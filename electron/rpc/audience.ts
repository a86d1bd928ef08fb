import { DisposableStore, toDisposable, type Disposable } from '../base/disposable.ts'
import { Emitter } from '../base/event.ts'
import type { EventPace } from './event-batches.ts'

/** The pages that listen to a host. What nobody is there to see need not be looked for many times a second. */
export class Audience {
  readonly #pages = new Set<EventPace>()
  readonly #didChange = new Emitter<void>()
  /** A page came or went, or somebody came to one or left it. */
  readonly onDidChange = this.#didChange.event

  /** Whether somebody is at one of the pages. */
  get isAttended(): boolean {
    return [...this.#pages].some((page) => page.isAttended)
  }

  join(page: EventPace): Disposable {
    this.#pages.add(page)
    this.#didChange.fire()
    const left = new DisposableStore()
    left.add(page.onDidChange(() => this.#didChange.fire()))
    left.add(toDisposable(() => {
      this.#pages.delete(page)
      this.#didChange.fire()
    }))
    return left
  }
}
