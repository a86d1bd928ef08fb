import type { Picture } from '../rpc/blob.ts'

/** What a pane has for one frame. `absent`: the host says that it does not exist (yet); asked again after `forget`. */
export type FrameEntry =
  | { readonly state: 'ready'; readonly picture: Picture }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly message: string }

/** Fetches one picture; resolves to `absent` where the host has none, never rejects but for an abort. */
export type FetchFrame = (url: string, signal: AbortSignal) => Promise<FrameEntry>

/**
 * Pictures by address, least recently used first out, bounded in bytes. At most `lanes` requests run at once: browsers
 * give a host six connections, and series and thumbnails want some of them.
 */
export class FrameCache {
  readonly #fetch: FetchFrame
  readonly #maxBytes: number
  readonly #lanes: number
  readonly #entries = new Map<string, FrameEntry>()
  readonly #running = new Map<string, { promise: Promise<FrameEntry>; abort: AbortController }>()
  readonly #queue: { url: string; start: () => void; drop: () => void }[] = []
  #bytes = 0

  constructor(fetch: FetchFrame, options: { readonly maxBytes?: number; readonly lanes?: number } = {}) {
    this.#fetch = fetch
    this.#maxBytes = options.maxBytes ?? 96e6
    this.#lanes = options.lanes ?? 4
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What is here now; touching it makes it the last to go. */
  peek(url: string): FrameEntry | undefined {
    const entry = this.#entries.get(url)
    if (entry === undefined) return undefined
    this.#entries.delete(url)
    this.#entries.set(url, entry)
    return entry
  }

  has(url: string): boolean {
    return this.#entries.has(url)
  }

  /** Asks for a picture ahead of all that is queued. Rejects only if it is dropped by `clear`. */
  load(url: string): Promise<FrameEntry> {
    const here = this.peek(url)
    if (here !== undefined) return Promise.resolve(here)
    const running = this.#running.get(url)
    if (running !== undefined) return running.promise
    return this.#enqueue(url, true)
  }

  /** Replaces what waits in the queue by these, nearest first. What already runs goes on. */
  prefetch(urls: readonly string[]): void {
    for (const waiting of this.#queue.splice(0)) waiting.drop()
    for (const url of urls) {
      if (this.#entries.has(url) || this.#running.has(url)) continue
      this.#enqueue(url, false).catch(() => undefined)
    }
  }

  /** Lets go of entries that are not pictures, so that they are asked for again. */
  forgetAbsent(): void {
    for (const [url, entry] of this.#entries) if (entry.state !== 'ready') this.#entries.delete(url)
  }

  clear(): void {
    for (const waiting of this.#queue.splice(0)) waiting.drop()
    for (const { abort } of this.#running.values()) abort.abort()
    this.#running.clear()
    this.#entries.clear()
    this.#bytes = 0
  }

  #enqueue(url: string, isUrgent: boolean): Promise<FrameEntry> {
    return new Promise((resolve, reject) => {
      const item = {
        url,
        start: () => this.#start(url).then(resolve, reject),
        drop: () => reject(new DOMException('The picture is no longer wanted.', 'AbortError')),
      }
      if (isUrgent) this.#queue.unshift(item)
      else this.#queue.push(item)
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#running.size < this.#lanes && this.#queue.length > 0) this.#queue.shift()!.start()
  }

  async #start(url: string): Promise<FrameEntry> {
    const here = this.#entries.get(url)
    if (here !== undefined) return here
    const same = this.#running.get(url)
    if (same !== undefined) return await same.promise
    const abort = new AbortController()
    const promise = this.#fetch(url, abort.signal)
    this.#running.set(url, { promise, abort })
    try {
      const entry = await promise
      if (!abort.signal.aborted) this.#keep(url, entry)
      return entry
    } finally {
      if (this.#running.get(url)?.promise === promise) this.#running.delete(url)
      this.#pump()
    }
  }

  #keep(url: string, entry: FrameEntry): void {
    this.#entries.set(url, entry)
    if (entry.state === 'ready') this.#bytes += entry.picture.data.byteLength
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes || oldest === url) break
      this.#entries.delete(oldest)
      if (old.state === 'ready') this.#bytes -= old.picture.data.byteLength
    }
  }
}
