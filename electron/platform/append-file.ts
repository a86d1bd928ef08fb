import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface AppendFileOptions {
  /** Longest time that a line waits before it is handed to the system. */
  readonly flushMs?: number
  /** Lines kept while the disk refuses; beyond, the oldest are dropped and counted. */
  readonly maxPendingLines?: number
  /** Told once when writing begins to fail, and once (null) when it works again. */
  readonly onTrouble?: (error: unknown, droppedLines: number) => void
}

const closeAttempts = 6

/**
 * A file that only grows, line by line, and never holds its caller up: `append` puts a line in memory, a timer writes.
 * A disk that refuses (full, gone) costs lines, never the program: lines wait in a bounded queue, the trouble is told
 * once, and writing goes on when the disk takes it again.
 */
export class AppendFile {
  readonly path: string
  readonly #flushMs: number
  readonly #maxPendingLines: number
  readonly #onTrouble: ((error: unknown, droppedLines: number) => void) | undefined
  #pending: string[] = []
  #droppedLines = 0
  #handle: FileHandle | undefined
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #isTroubled = false
  /** A write may have stopped in the middle of a line: the next one starts on a fresh line. */
  #mayBeTorn = true
  #isClosed = false

  constructor(path: string, options: AppendFileOptions = {}) {
    this.path = path
    this.#flushMs = options.flushMs ?? 250
    this.#maxPendingLines = options.maxPendingLines ?? 100_000
    this.#onTrouble = options.onTrouble
  }

  get droppedLines(): number {
    return this.#droppedLines
  }

  /** `line` without its line end. */
  append(line: string): void {
    if (this.#isClosed) return
    this.#pending.push(line)
    if (this.#pending.length > this.#maxPendingLines) {
      const excess = Math.ceil(this.#maxPendingLines / 10)
      this.#pending.splice(0, excess)
      this.#droppedLines += excess
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.flush()
    }, this.#isTroubled ? Math.max(this.#flushMs, 1000) : this.#flushMs).unref()
  }

  /** Hands everything appended so far to the system. Never rejects: see `onTrouble`. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writePending())
    return this.#writing
  }

  /** Writes what is left, makes it durable and closes. A disk that refuses is given a few seconds to change its mind. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    await this.flush()
    for (let attempt = 0; attempt < closeAttempts && this.#pending.length > 0; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await this.flush()
    }
    this.#isClosed = true
    this.#droppedLines += this.#pending.length
    try {
      await this.#handle?.datasync()
    } catch (error) {
      this.#tell(error)
    } finally {
      await this.#handle?.close().catch((error: unknown) => this.#tell(error))
      this.#handle = undefined
    }
  }

  async #writePending(): Promise<void> {
    if (this.#pending.length === 0) return
    const lines = this.#pending
    this.#pending = []
    try {
      this.#handle ??= await this.#open()
      const text = (this.#mayBeTorn ? '\n' : '') + lines.join('\n') + '\n'
      this.#mayBeTorn = true
      await this.#handle.appendFile(text)
      this.#mayBeTorn = false
      if (this.#isTroubled) {
        this.#isTroubled = false
        this.#onTrouble?.(null, this.#droppedLines)
      }
    } catch (error) {
      // Lines that got through before the disk was full come again: a reader takes the later of two equal records.
      this.#pending = lines.concat(this.#pending)
      await this.#handle?.close().catch(() => {})
      this.#handle = undefined
      this.#tell(error)
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true })
    const handle = await open(this.path, 'a')
    this.#mayBeTorn = (await handle.stat()).size > 0
    return handle
  }

  #tell(error: unknown): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    this.#onTrouble?.(error, this.#droppedLines)
  }
}
