import { createHash } from 'node:crypto'
import { open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { temporarySuffix, writeFileAtomic } from '../platform/fs-atomic.ts'
import { Lru } from '../base/lru.ts'

/** "KFC2", bytes of a piece, count of pieces; then a CRC-32 of each piece, then the pieces. Little-endian, 32 bits each. */
const magic = 0x3243464b
const headerBytes = 12
/** How exactly it is known when a block was read last. */
const touchEveryMs = 60_000
const touchedKeys = 4096

const caches = new Map<string, FrameCache>()

/**
 * Blocks of decoded bytes on disk, named by what they were made from, so that a decoder runs once. A block is a row of
 * pieces of one size, each with its checksum: a few of them are read straight into the caller's memory, and nothing
 * else is held. Bounded in size: what was not read for longest goes first. Safe to delete at any time; a damaged block,
 * or one of another layout, counts as missing. Several processes may share it.
 */
export class FrameCache {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #touchedMs = new Lru<string, number>(touchedKeys)
  #written = 0
  #pruning: Promise<number> | undefined

  constructor(cacheDir: string, maxBytes = 8 * 2 ** 30) {
    this.#folder = join(cacheDir, 'frames')
    this.#maxBytes = maxBytes
  }

  /** One for each folder: what all of a process writes counts towards its bound. */
  static in(cacheDir: string): FrameCache {
    let cache = caches.get(cacheDir)
    if (cache === undefined) caches.set(cacheDir, (cache = new FrameCache(cacheDir)))
    return cache
  }

  static key(...parts: readonly (string | number)[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  }

  /** A block kept as one piece. */
  async get(key: string): Promise<Uint8Array | null> {
    return await this.#read(key, async (file) => {
      const content = new Uint8Array((await file.stat()).size - headerBytes - 4)
      await readPieces(file, content.length, 0, content)
      return content
    })
  }

  /**
   * Fills `into` with the pieces of `pieceBytes` from piece `first` on.
   * @returns whether they were there and whole; if not, `into` holds anything.
   */
  async read(key: string, pieceBytes: number, first: number, into: Uint8Array): Promise<boolean> {
    return (await this.#read(key, async (file) => {
      await readPieces(file, pieceBytes, first, into)
      return true
    })) ?? false
  }

  async #read<T>(key: string, read: (file: FileHandle) => Promise<T>): Promise<T | null> {
    let file: FileHandle | undefined
    try {
      file = await open(this.#path(key), 'r')
      const result = await read(file)
      const nowMs = Date.now()
      if (nowMs - (this.#touchedMs.get(key) ?? 0) > touchEveryMs) {
        this.#touchedMs.set(key, nowMs, 1)
        await file.utimes(nowMs / 1000, nowMs / 1000).catch(() => {})
      }
      return result
    } catch {
      // Missing, damaged or of another layout: all mean that it is made again.
      return null
    } finally {
      await file?.close().catch(() => {})
    }
  }

  /**
   * Keeps a block as pieces of `pieceBytes`, which divides its length. A full disk or a folder that cannot be written
   * makes it slower, never wrong: then nothing is kept.
   */
  async set(key: string, content: Uint8Array, pieceBytes = content.length): Promise<void> {
    if (content.length === 0 || content.length > this.#maxBytes) return
    const count = content.length / pieceBytes
    const contentStart = headerBytes + 4 * count
    const bytes = Buffer.allocUnsafe(contentStart + content.length)
    for (const [index, value] of [magic, pieceBytes, count].entries()) bytes.writeUInt32LE(value, 4 * index)
    for (let piece = 0; piece < count; piece++) bytes.writeUInt32LE(crc32(content.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)), headerBytes + 4 * piece)
    bytes.set(content, contentStart)
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

/** @throws an error of any kind unless the file is a block of such pieces and those asked for are whole. */
async function readPieces(file: FileHandle, pieceBytes: number, first: number, into: Uint8Array): Promise<void> {
  const wanted = into.length / pieceBytes
  const header = Buffer.allocUnsafe(headerBytes + 4 * (first + wanted))
  await readFully(file, header, 0)
  const count = header.readUInt32LE(8)
  if (header.readUInt32LE(0) !== magic || header.readUInt32LE(4) !== pieceBytes || first + wanted > count) throw new Error('another layout')
  await readFully(file, into, headerBytes + 4 * count + first * pieceBytes)
  for (let piece = 0; piece < wanted; piece++) {
    if (crc32(into.subarray(piece * pieceBytes, (piece + 1) * pieceBytes)) !== header.readUInt32LE(headerBytes + 4 * (first + piece))) throw new Error('damaged')
  }
}

async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) throw new Error('cut')
    done += bytesRead
  }
}
