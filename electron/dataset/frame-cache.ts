import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { temporarySuffix, writeFileAtomic } from '../platform/fs-atomic.ts'

const headerBytes = 12

/**
 * Blocks of decoded bytes on disk, named by what they were made from, so that a decoder runs once. Bounded in size:
 * what was not read for longest goes first. Safe to delete at any time; a damaged block counts as missing. Several
 * processes may share it.
 */
export class FrameCache {
  readonly #folder: string
  readonly #maxBytes: number
  #written = 0
  #pruning: Promise<number> | undefined

  constructor(cacheDir: string, maxBytes = 8 * 2 ** 30) {
    this.#folder = join(cacheDir, 'frames')
    this.#maxBytes = maxBytes
  }

  static key(...parts: readonly (string | number)[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  }

  async get(key: string): Promise<Uint8Array | null> {
    const path = this.#path(key)
    try {
      const bytes = await readFile(path)
      const content = new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, bytes.length - headerBytes)
      if (bytes.readUInt32LE(0) !== content.length || bytes.readUInt32LE(4) !== crc32(content)) throw new Error('damaged')
      const now = new Date()
      await utimes(path, now, now).catch(() => {})
      return content
    } catch {
      // Missing or damaged: both mean that it is made again.
      return null
    }
  }

  /** A full disk or a folder that cannot be written makes it slower, never wrong: then nothing is kept. */
  async set(key: string, content: Uint8Array): Promise<void> {
    if (content.length > this.#maxBytes) return
    const bytes = Buffer.alloc(headerBytes + content.length)
    bytes.writeUInt32LE(content.length, 0)
    bytes.writeUInt32LE(crc32(content), 4)
    bytes.set(content, headerBytes)
    try {
      await writeFileAtomic(this.#path(key), bytes)
    } catch {
      return
    }
    this.#written += bytes.length
    // Looking at every file costs time: once per sixteenth of the bound.
    if (this.#written > this.#maxBytes / 16) {
      this.#written = 0
      this.#pruning ??= this.prune().finally(() => { this.#pruning = undefined })
      await this.#pruning
    }
  }

  /** Deletes the blocks read least recently until the rest fits. @returns bytes that remain. */
  async prune(): Promise<number> {
    const files: { path: string; bytes: number; usedMs: number }[] = []
    for (const name of await readdir(this.#folder, { recursive: true }).catch((): string[] => [])) {
      const path = join(this.#folder, name)
      const status = await stat(path).catch(() => null)
      if (!status?.isFile()) continue
      // What a killed process left half written, if it is surely not being written now.
      if (name.endsWith(temporarySuffix) && Date.now() - status.mtimeMs > 3_600_000) await rm(path, { force: true })
      else files.push({ path, bytes: status.size, usedMs: status.mtimeMs })
    }
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { path, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#maxBytes) break
      await rm(path, { force: true })
      total -= bytes
    }
    return total
  }

  #path(key: string): string {
    return join(this.#folder, key.slice(0, 2), `${key}.block`)
  }
}
