/** A cache of the entries used last, bounded by the sum of their sizes. What it drops is handed to `onDrop`. */
export class Lru<K, V> {
  readonly #entries = new Map<K, { value: V; size: number }>()
  readonly #capacity: number
  readonly #onDrop: (value: V) => void
  #size = 0

  constructor(capacity: number, onDrop: (value: V) => void = () => {}) {
    this.#capacity = capacity
    this.#onDrop = onDrop
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** The entry just set stays, even if it alone is larger than the capacity. */
  set(key: K, value: V, size: number): void {
    this.delete(key)
    this.#entries.set(key, { value, size })
    this.#size += size
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.#capacity || oldest === key) break
      this.delete(oldest)
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#size -= entry.size
    this.#onDrop(entry.value)
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key)
  }
}
