import type { Disposable } from '../../base/disposable.ts'

interface Entry<T> {
  readonly opened: Promise<T>
  lastUse: number
  users: number
}

/**
 * Things that are costly to open, by key, kept open between uses: the least recently used is closed first, and one that
 * is in use stays open. How they are opened is injected.
 */
export class Lending<T extends Disposable> implements Disposable {
  readonly #open: (key: string) => Promise<T>
  readonly #limit: number
  readonly #entries = new Map<string, Entry<T>>()
  #uses = 0

  constructor(open: (key: string) => Promise<T>, limit = 8) {
    this.#open = open
    this.#limit = limit
  }

  /** Lends the thing to `use` and closes nothing beneath it. */
  async use<R>(key: string, use: (thing: T) => Promise<R> | R): Promise<R> {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { opened: this.#open(key), lastUse: 0, users: 0 }
      this.#entries.set(key, entry)
    }
    entry.lastUse = ++this.#uses
    entry.users++
    try {
      return await use(await entry.opened)
    } catch (error) {
      // What did not open may be mended by the next use.
      if (await entry.opened.then(() => false, () => true)) this.#entries.delete(key)
      throw error
    } finally {
      entry.users--
      this.#trim()
    }
  }

  /** The next use opens it again, as when its files have changed. */
  forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.users > 0) return
    this.#entries.delete(key)
    void entry.opened.then((thing) => thing.dispose(), () => {})
  }

  dispose(): void {
    for (const key of [...this.#entries.keys()]) this.forget(key)
  }

  #trim(): void {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0).sort((a, b) => a[1].lastUse - b[1].lastUse)
    for (const [key] of idle.slice(0, Math.max(0, this.#entries.size - this.#limit))) this.forget(key)
  }
}
