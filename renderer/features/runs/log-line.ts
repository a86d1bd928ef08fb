export interface LogLine {
  readonly time: string
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
}

/** A line as the host formats it (`2026-11-22 19:03:12 info    message`), a raw record, or plain text. */
export function readLogLine(line: string): LogLine {
  const formatted = /^\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d) (debug|info|warning|error)\s+(.*)$/s.exec(line)
  if (formatted !== null) return { time: formatted[1]!, level: levelOf(formatted[2]), message: cleanTerminal(formatted[3]!) }
  const record = parseRecord(line)
  if (record === null) return { time: '', level: /\berror\b/i.test(line) ? 'error' : 'info', message: cleanTerminal(line) }
  const { message, msg, level, time, at, wall, ...rest } = record
  const spoken = String(message ?? msg ?? '')
  const extra = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''
  return { time: timeOf(time ?? at ?? wall), level: levelOf(level), message: cleanTerminal(spoken + extra) }
}

/** What a terminal would show in the end: colours gone, of a line rewritten by carriage returns the last state. */
export function cleanTerminal(line: string): string {
  const plain = line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
  return plain.split('\r').filter(Boolean).at(-1) ?? ''
}

function parseRecord(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null
  try {
    const value: unknown = JSON.parse(line)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function levelOf(level: unknown): LogLine['level'] {
  const name = String(level ?? 'info').toLowerCase()
  return name.startsWith('err') || name === 'fatal' ? 'error' : name.startsWith('warn') ? 'warn' : 'info'
}

function timeOf(moment: unknown): string {
  const date = typeof moment === 'number' || typeof moment === 'string' ? new Date(moment) : null
  return date === null || Number.isNaN(date.getTime()) ? '' : date.toTimeString().slice(0, 8)
}
