import { open, stat, type FileHandle } from 'node:fs/promises'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type { SeriesWindow } from '../contract/blob.ts'
import { listSegments, scopeOf, type Segment } from './segment.ts'
import { Series } from './series.ts'
import { seriesWindow } from './window.ts'

/** Small enough that parsing one never holds others up for more than a few milliseconds. */
const chunkBytes = 32 * 1024

interface Tail {
  readonly segment: Segment
  /** Bytes taken in so far; always just behind a line end. */
  offset: number
  /** Scopes of which this segment has begun to supersede the earlier ones. */
  readonly begun: Set<string>
  /** When its first and its last record were logged, in milliseconds since the epoch. */
  firstWall: number
  lastWall: number
}

export interface MetricsAppended {
  readonly lastStep: number
  readonly names: readonly string[]
}

/**
 * A run's metrics in memory, brought up to date by `poll`, which reads only what was appended since. A line without its
 * end is not there yet; a damaged line is skipped and counted. Reading yields between chunks, so a host that serves
 * other requests stays responsive on a million records.
 */
export class RunMetrics {
  readonly folder: string
  readonly #series = new Map<string, Series>()
  #isRead = false
  #tails: Tail[] = []
  #polling: Promise<MetricsAppended | null> | undefined
  #damagedLines = 0
  #firstWall = 0

  constructor(folder: string) {
    this.folder = folder
  }

  /** Sorted. */
  get names(): string[] {
    return [...this.#series.keys()].sort()
  }

  get damagedLines(): number {
    return this.#damagedLines
  }

  /** When the first record was logged, in milliseconds since the epoch; 0 before there is one. */
  get firstWall(): number {
    return this.#firstWall
  }

  /** From the first to the last record of each segment: a pause, after which a new one begins, does not count. */
  get loggedSeconds(): number {
    return this.#tails.reduce((sum, { firstWall, lastWall }) => sum + (lastWall - firstWall) / 1000, 0)
  }

  /** Numbers held, for a cache that must stay small. */
  get size(): number {
    let size = 0
    for (const series of this.#series.values()) size += series.count
    return size
  }

  series(name: string): Series | undefined {
    return this.#series.get(name)
  }

  window(name: string, widthPx: number, from?: number, to?: number): SeriesWindow | undefined {
    const series = this.#series.get(name)
    return series && seriesWindow({ x: series.steps, values: series.values, smoothed: series.smoothed }, widthPx, from, to)
  }

  /** Last value of every metric; null where it is not finite. */
  last(): Record<string, number | null> {
    const last: Record<string, number | null> = {}
    for (const [name, series] of this.#series) {
      const value = series.values[series.count - 1]
      if (value !== undefined) last[name] = Number.isFinite(value) ? value : null
    }
    return last
  }

  /** Lowest and highest finite value of every metric that has one. */
  extent(): Record<string, { low: number; high: number }> {
    const extent: Record<string, { low: number; high: number }> = {}
    for (const [name, { low, high }] of this.#series) if (low <= high) extent[name] = { low, high }
    return extent
  }

  /** Whether all records of some moment have been read. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Reads what was appended since the last poll; null when nothing was. Polls at the same time share one reading. */
  poll(): Promise<MetricsAppended | null> {
    this.#polling ??= this.#read().finally(() => (this.#polling = undefined))
    return this.#polling
  }

  async #read(): Promise<MetricsAppended | null> {
    const segments = await listSegments(this.folder)
    const names = new Set<string>()
    let lastStep = -1
    for (const [position, segment] of segments.entries()) {
      let tail = this.#tails.find((candidate) => candidate.segment.path === segment.path)
      if (tail === undefined) {
        tail = { segment, offset: 0, begun: new Set(), firstWall: 0, lastWall: 0 }
        this.#tails.push(tail)
      }
      // An earlier segment is complete once a later one exists and it has been read to its end.
      const isLast = position === segments.length - 1
      const size = (await stat(segment.path)).size
      if (size <= tail.offset) continue
      const step = await this.#readTail(tail, size, isLast, names)
      if (step > lastStep) lastStep = step
    }
    this.#isRead = true
    return names.size === 0 ? null : { lastStep, names: [...names] }
  }

  async #readTail(tail: Tail, size: number, isLast: boolean, names: Set<string>): Promise<number> {
    const file: FileHandle = await open(tail.segment.path, 'r')
    let lastStep = -1
    try {
      let chunk = Buffer.allocUnsafe(chunkBytes)
      while (tail.offset < size) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - tail.offset), tail.offset)
        if (bytesRead === 0) break
        const filled = chunk.subarray(0, bytesRead)
        const lineEnd = filled.lastIndexOf(0x0a)
        if (lineEnd < 0) {
          // A line longer than the chunk, or a line still being written.
          if (bytesRead < chunk.length) break
          chunk = Buffer.allocUnsafe(chunk.length * 2)
          continue
        }
        const step = this.#take(filled.toString('utf8', 0, lineEnd), tail, names)
        if (step > lastStep) lastStep = step
        tail.offset += lineEnd + 1
        await yieldToOthers()
      }
      // Nobody writes an earlier segment any more: what is left of it is a torn line.
      if (!isLast && tail.offset < size) {
        this.#damagedLines++
        tail.offset = size
      }
    } finally {
      await file.close()
    }
    return lastStep
  }

  #take(text: string, tail: Tail, names: Set<string>): number {
    let lastStep = -1
    for (const line of text.split('\n')) {
      if (line === '') continue
      const record = parseRecord(line)
      if (record === null) {
        this.#damagedLines++
        continue
      }
      if (record.step > lastStep) lastStep = record.step
      if (this.#firstWall === 0) this.#firstWall = record.wall
      if (tail.firstWall === 0) tail.firstWall = record.wall
      tail.lastWall = Math.max(tail.lastWall, record.wall)
      for (const name in record.values) {
        const value = Number(record.values[name])
        this.#begin(tail, scopeOf(name), record.step)
        let series = this.#series.get(name)
        if (series === undefined) this.#series.set(name, (series = new Series()))
        series.append(record.step, value, record.wall)
        names.add(name)
      }
    }
    return lastStep
  }

  /** The first record of a scope in a later segment supersedes that scope's records of earlier segments from there on. */
  #begin(tail: Tail, scope: string, step: number): void {
    if (tail.begun.has(scope)) return
    tail.begun.add(scope)
    const from = scope === 'policy' ? Math.min(step, tail.segment.firstStep) : step
    for (const [name, series] of this.#series) if (scopeOf(name) === scope) series.truncate(from)
  }
}

function parseRecord(line: string): { step: number; wall: number; values: Record<string, number | string> } | null {
  try {
    const record = JSON.parse(line) as { step?: unknown; wall?: unknown; values?: unknown }
    if (!Number.isInteger(record.step) || typeof record.values !== 'object' || record.values === null) return null
    return { step: record.step as number, wall: typeof record.wall === 'number' ? record.wall : 0, values: record.values as Record<string, number | string> }
  } catch {
    return null
  }
}

/** All metrics of a run folder's `metrics/`. */
export async function readMetrics(folder: string): Promise<RunMetrics> {
  const metrics = new RunMetrics(folder)
  await metrics.poll()
  return metrics
}
