import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileLog, formatLogLine } from '../../../electron/platform/log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5), monotonicMs: () => 0 }

test('one JSON record a line, with data, errors and even a cycle', async () => {
  const path = join(temporaryFolder(), 'sub', 'log.ndjson')
  const file = new FileLog(path, { clock })
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  file.log.info('two\nlines', { steps: 3n })
  file.log.error('failed', new RangeError('too far'))
  file.log.warning('round', cycle)
  await file.close()
  const records = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { level: string; message: string; data: Record<string, unknown> })
  expect(records[0]).toEqual({ time: clock.now(), level: 'info', message: 'two\nlines', data: { steps: '3' } })
  expect(records[1]!.data).toMatchObject({ name: 'RangeError', message: 'too far' })
  expect(records[2]).toMatchObject({ level: 'warning', message: 'round' })
})

test('records below the level are left out', async () => {
  const path = join(temporaryFolder(), 'log.ndjson')
  const file = new FileLog(path, { level: 'warning' })
  file.log.info('quiet')
  file.log.warning('loud')
  await file.close()
  expect(readFileSync(path, 'utf8')).toMatch(/^[^\n]*loud[^\n]*\n$/)
})

test('a log that cannot be written throws nowhere', async () => {
  const file = new FileLog(join(temporaryFolder(), 'a\0b', 'log.ndjson'))
  file.log.info('lost')
  await file.flush()
  await file.close()
})

test('lines are shown for people, damaged ones as they are', () => {
  expect(formatLogLine(JSON.stringify({ time: clock.now(), level: 'info', message: 'hello', data: { step: 3 } }))).toBe('2026-01-02 03:04:05 info    hello {"step":3}')
  expect(formatLogLine('{"time":')).toBe('{"time":')
})

test('a log that has grown too large is set aside at the next start', async () => {
  const path = join(temporaryFolder(), 'log.ndjson')
  for (const message of ['first', 'second', 'third']) {
    const file = new FileLog(path, { maxBytes: 10 })
    file.log.info(message)
    await file.close()
  }
  expect(readFileSync(path, 'utf8')).toContain('third')
  expect(readFileSync(`${path}.old`, 'utf8')).toMatch(/^[^\n]*second[^\n]*\n$/)
})
