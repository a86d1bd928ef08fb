import { renameSync, statSync } from 'node:fs'
import { AppendFile } from './append-file.ts'
import { systemClock, type Clock } from './clock.ts'

export const logLevels = ['debug', 'info', 'warning', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly level: LogLevel
  readonly message: string
  readonly data?: unknown
}

export interface Log {
  debug(message: string, data?: unknown): void
  info(message: string, data?: unknown): void
  warning(message: string, data?: unknown): void
  error(message: string, data?: unknown): void
}

/** A log from one function that takes records. */
export function createLog(write: (record: LogRecord) => void, clock: Clock = systemClock): Log {
  const at = (level: LogLevel) => (message: string, data?: unknown) =>
    write(data === undefined ? { time: clock.now(), level, message } : { time: clock.now(), level, message, data })
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') }
}

export const silentLog: Log = createLog(() => {})

/** `log.ndjson`: one record a line. Writing never blocks and never throws; a full disk costs lines only. */
export class FileLog {
  readonly log: Log
  readonly #file: AppendFile

  /** With `maxBytes`, a file that has grown beyond is set aside as `<name>.old` first: one generation is kept. */
  constructor(path: string, options: { level?: LogLevel; clock?: Clock; onRecord?: (record: LogRecord) => void; maxBytes?: number } = {}) {
    if (options.maxBytes !== undefined) setAside(path, options.maxBytes)
    this.#file = new AppendFile(path, { maxPendingLines: 5000 })
    const lowest = logLevels.indexOf(options.level ?? 'debug')
    this.log = createLog((record) => {
      if (logLevels.indexOf(record.level) < lowest) return
      this.#file.append(encodeRecord(record))
      options.onRecord?.(record)
    }, options.clock)
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

function setAside(path: string, maxBytes: number): void {
  try {
    if (statSync(path).size > maxBytes) renameSync(path, `${path}.old`)
  } catch {
    // None yet, or it cannot be moved: logging goes on in the same file.
  }
}

function encodeRecord(record: LogRecord): string {
  try {
    return JSON.stringify(record, (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString()
      if (value instanceof Error) return { ...value, name: value.name, message: value.message, stack: value.stack }
      return value
    })
  } catch (error) {
    // A cycle in `data`: the message matters more.
    return JSON.stringify({ time: record.time, level: record.level, message: record.message, data: `not writable as JSON: ${String(error)}` })
  }
}

/** One line of `log.ndjson` as text for people; a damaged line is shown as it is. */
export function formatLogLine(line: string): string {
  try {
    const record = JSON.parse(line) as LogRecord
    if (typeof record.message !== 'string' || typeof record.time !== 'number') return line
    const time = new Date(record.time).toISOString().replace('T', ' ').slice(0, 19)
    const data = record.data === undefined ? '' : ` ${JSON.stringify(record.data)}`
    return `${time} ${record.level.padEnd(7)} ${record.message}${data}`
  } catch {
    return line
  }
}
