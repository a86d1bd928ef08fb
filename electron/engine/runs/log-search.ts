import { open } from 'node:fs/promises'
import type { LogPart } from '../../contract/run.ts'
import { formatLogLine } from '../../platform/log.ts'

const chunkBytes = 4 * 1024 * 1024
const tailBytes = 256 * 1024

/**
 * A part of a log of any size: the last `limit` lines before `before`, or of the lines that hold `query` (whatever the
 * case, unless it has a capital). Without a query only the end of the file is read; with one, all of it, once, as bytes:
 * only lines that match are decoded.
 */
export async function readLogPart(file: string, request: { query: string; before: number | null; limit: number }, signal?: AbortSignal): Promise<LogPart> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (handle === null) return { lines: [], matches: request.query === '' ? null : 0, bytes: 0, hasEarlier: false }
  try {
    const { size } = await handle.stat()
    const end = Math.min(size, request.before ?? size)
    if (request.query === '') return await lastLines(handle, size, end, request.limit)
    return await matchingLines(handle, size, end, request.query, request.limit, signal)
  } finally {
    await handle.close()
  }
}

type Handle = Awaited<ReturnType<typeof open>>

async function lastLines(handle: Handle, size: number, end: number, limit: number): Promise<LogPart> {
  let start = end
  let bytes = Buffer.alloc(0)
  let lines: LogPart['lines'] = []
  while (start > 0 && lines.length <= limit) {
    const from = Math.max(0, start - tailBytes)
    const piece = Buffer.alloc(start - from)
    await handle.read(piece, 0, piece.length, from)
    bytes = Buffer.concat([piece, bytes])
    start = from
    lines = linesOf(bytes, start, start === 0)
  }
  const kept = lines.slice(-limit)
  return { lines: kept, matches: null, bytes: size, hasEarlier: start > 0 || kept.length < lines.length }
}

/** Lines of a piece of the file that begins at `offset`; the first is left out unless the piece begins with a line. */
function linesOf(bytes: Buffer, offset: number, isWhole: boolean): { offset: number; text: string }[] {
  const lines: { offset: number; text: string }[] = []
  let start = isWhole ? 0 : bytes.indexOf(0x0a) + 1
  if (!isWhole && start === 0) return lines
  while (start < bytes.length) {
    const found = bytes.indexOf(0x0a, start)
    const end = found < 0 ? bytes.length : found
    const text = bytes.toString('utf8', start, end)
    if (text.trim() !== '') lines.push({ offset: offset + start, text: formatLogLine(text) })
    start = end + 1
  }
  return lines
}

async function matchingLines(handle: Handle, size: number, end: number, query: string, limit: number, signal?: AbortSignal): Promise<LogPart> {
  // Latin-1 maps each byte to one character, so places in the text are places in the file, and a UTF-8 query still matches.
  const bytesOfQuery = Buffer.from(query, 'utf8').toString('latin1')
  const pattern = new RegExp(bytesOfQuery.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), query === query.toLowerCase() ? 'gi' : 'g')
  const kept: { offset: number; text: string }[] = []
  let matches = 0
  let before = 0
  let rest = Buffer.alloc(0)
  for (let position = 0; position < size;) {
    signal?.throwIfAborted()
    const piece = Buffer.allocUnsafe(Math.min(chunkBytes, size - position))
    const { bytesRead } = await handle.read(piece, 0, piece.length, position)
    if (bytesRead === 0) break
    const origin = position - rest.length
    const bytes = rest.length === 0 ? piece.subarray(0, bytesRead) : Buffer.concat([rest, piece.subarray(0, bytesRead)])
    position += bytesRead
    const lastEnd = bytes.lastIndexOf(0x0a)
    const usable = position >= size || (lastEnd < 0 && bytes.length > 16 * chunkBytes) ? bytes.length : lastEnd + 1
    const text = bytes.toString('latin1', 0, usable)
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const start = text.lastIndexOf('\n', match.index) + 1
      const found = text.indexOf('\n', match.index)
      const lineEnd = found < 0 ? usable : found
      pattern.lastIndex = lineEnd + 1
      matches++
      if (origin + start >= end) continue
      before++
      kept.push({ offset: origin + start, text: bytes.toString('utf8', start, lineEnd) })
      if (kept.length > 2 * limit) kept.splice(0, kept.length - limit)
      if (lineEnd >= usable) break
    }
    rest = Buffer.from(bytes.subarray(usable))
  }
  // Of millions of lines that match, those that are shown are formatted.
  const shown = kept.slice(-limit).map(({ offset, text }) => ({ offset, text: formatLogLine(text) }))
  return { lines: shown, matches, bytes: size, hasEarlier: before > shown.length }
}
