import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLogPart } from '../../../../electron/engine/runs/log-search.ts'
import { temporaryFolder } from '../../../support/temporary-folder.ts'

const line = (step: number, message = `step ${step}: loss ${step / 7}`): string => JSON.stringify({ time: 1_700_000_000_000 + step, level: 'info', message })

function logOf(count: number): string {
  const file = join(temporaryFolder(), 'log.ndjson')
  writeFileSync(file, Array.from({ length: count }, (_, step) => line(step) + '\n').join(''))
  return file
}

test('without a query the end of the file, then earlier parts, every line once', async () => {
  const file = logOf(9000)
  const steps: number[] = []
  for (let before: number | null = null; ;) {
    const part = await readLogPart(file, { query: '', before, limit: 1000 })
    expect(part.matches).toBeNull()
    steps.unshift(...part.lines.map(({ text }) => Number(/step (\d+)/.exec(text)![1])))
    if (!part.hasEarlier) break
    before = part.lines[0]!.offset
  }
  expect(steps).toEqual(Array.from({ length: 9000 }, (_, step) => step))
})

test('a query counts all lines that match and gives the last of them; a capital makes it exact', async () => {
  const file = logOf(20_000)
  appendFileSync(file, line(1, 'Über den Rand: NaN in loss/action') + '\n' + line(2, 'nan again') + '\n')
  const part = await readLogPart(file, { query: 'step 19', before: null, limit: 5 })
  expect(part.matches).toBe(1 + 10 + 100 + 1000)
  expect(part.lines.map(({ text }) => /step \d+/.exec(text)![0])).toEqual(['step 19995', 'step 19996', 'step 19997', 'step 19998', 'step 19999'])
  expect(part.hasEarlier).toBe(true)
  const before = await readLogPart(file, { query: 'step 19', before: part.lines[0]!.offset, limit: 2 })
  expect(before.lines.map(({ text }) => /step \d+/.exec(text)![0])).toEqual(['step 19993', 'step 19994'])
  expect((await readLogPart(file, { query: 'nan', before: null, limit: 9 })).matches).toBe(2)
  expect((await readLogPart(file, { query: 'NaN', before: null, limit: 9 })).matches).toBe(1)
  expect((await readLogPart(file, { query: 'Über den Rand', before: null, limit: 9 })).lines[0]!.text).toContain('Über den Rand')
  expect((await readLogPart(file, { query: '[a-z](', before: null, limit: 9 })).matches).toBe(0)
})

test('no file is an empty log, a line without its end counts', async () => {
  expect(await readLogPart(join(temporaryFolder(), 'none'), { query: 'x', before: null, limit: 5 })).toEqual({ lines: [], matches: 0, bytes: 0, hasEarlier: false })
  const file = logOf(1)
  appendFileSync(file, line(1, 'torn'))
  expect((await readLogPart(file, { query: 'torn', before: null, limit: 5 })).matches).toBe(1)
  expect((await readLogPart(file, { query: '', before: null, limit: 5 })).lines).toHaveLength(2)
})
