import type { Picture } from '../rpc/blob.ts'

/** What the browser decoded: it can only be drawn, and holds memory until it is closed. */
export type DecodedPicture = ImageBitmap | VideoFrame

/** What a pane has for one frame. `absent`: the host says that it does not exist (yet); asked again after `forget`. */
export type FrameEntry =
  | { readonly state: 'ready'; readonly picture: Picture | DecodedPicture }
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly message: string }

/** The pixels of a picture that came as such; null for one that the browser decoded, which can only be drawn. */
export function pixelsOf(entry: FrameEntry | { readonly state: 'loading' } | undefined): Picture | null {
  return entry?.state === 'ready' && 'data' in entry.picture ? entry.picture : null
}

/** In pixels; nothing of a decoded picture that was closed. */
export function sizeOf(picture: Picture | DecodedPicture): { readonly width: number; readonly height: number } {
  return 'displayWidth' in picture ? { width: picture.displayWidth, height: picture.displayHeight } : { width: picture.width, height: picture.height }
}

export function bytesOf(entry: FrameEntry | { readonly state: 'loading' }): number {
  if (entry.state !== 'ready') return 0
  if ('format' in entry.picture && entry.picture.format !== null) return entry.picture.allocationSize()
  const { width, height } = sizeOf(entry.picture)
  return width * height * 4
}

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
    this.#maxBytes = options.maxBytes ?? 192e6
    this.#lanes = options.lanes ?? 4
  }

  get bytes(): number {
    return this.#bytes
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  /** A picture that came another way. */
  put(url: string, entry: FrameEntry): void {
    this.#drop(url)
    this.#keep(url, entry)
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
    for (const [url, entry] of this.#entries) if (entry.state !== 'ready') this.#drop(url)
  }

  clear(): void {
    for (const waiting of this.#queue.splice(0)) waiting.drop()
    for (const { abort } of this.#running.values()) abort.abort()
    this.#running.clear()
    for (const url of [...this.#entries.keys()]) this.#drop(url)
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
    this.#bytes += bytesOf(entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === url) break
      this.#drop(oldest)
    }
  }

  #drop(url: string): void {
    const entry = this.#entries.get(url)
    if (entry === undefined) return
    this.#entries.delete(url)
    this.#bytes -= bytesOf(entry)
    if (entry.state === 'ready' && !('data' in entry.picture)) entry.picture.close()
  }
}
