import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMetrics, RunMetrics } from '../../../electron/metrics/reader.ts'
import { segmentName } from '../../../electron/metrics/segment.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

async function writeRun(folder: string, firstStep: number, steps: readonly number[], valueOf: (step: number) => Record<string, number>): Promise<string> {
  const writer = await MetricWriter.open(folder, firstStep)
  for (const step of steps) writer.append(step, valueOf(step))
  await writer.close()
  return writer.path
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

test('what was written is read back, non-finite values too', async () => {
  const folder = temporaryFolder()
  const values = [1.5, NaN, -Infinity, Infinity, -0.25]
  await writeRun(folder, 0, [1, 2, 3, 4, 5], (step) => ({ 'loss/total': values[step - 1]! }))
  const series = (await readMetrics(folder)).series('loss/total')!
  expect([...series.steps]).toEqual([1, 2, 3, 4, 5])
  expect([...series.values]).toEqual(values)
})

test('a file cut at any byte gives every record before the cut and no other', async () => {
  const folder = temporaryFolder()
  const path = await writeRun(folder, 0, range(1, 60), (step) => ({ 'loss/total': step / 7, 'grad-norm': step }))
  const whole = readFileSync(path)
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
      writeFileSync(path, whole.subarray(0, cut))
      const complete = whole.toString('utf8', 0, cut).split('\n').length - 1
      const metrics = await readMetrics(folder)
      expect(metrics.series('loss/total')?.count ?? 0).toBe(complete)
      expect(metrics.damagedLines).toBe(0)
    }),
    { numRuns: 200 },
  )
})

test('after a kill in the middle of a line, the resumed run goes on in its own segment and the torn line is passed over', async () => {
  const folder = temporaryFolder()
  const path = await writeRun(folder, 0, range(1, 151), (step) => ({ 'loss/total': step }))
  truncateSync(path, readFileSync(path).length - 9)
  await writeRun(folder, 101, range(101, 121), (step) => ({ 'loss/total': -step }))
  const metrics = await readMetrics(folder)
  const series = metrics.series('loss/total')!
  expect([...series.steps]).toEqual(range(1, 121))
  expect(series.values[99]).toBe(100)
  expect(series.values[100]).toBe(-101)
  expect(metrics.damagedLines).toBe(1)
  // The overwritten part is hidden, not lost.
  expect(readFileSync(path, 'utf8')).toContain('"step":140')
})

test('the later segment wins even where it begins below an earlier resume', async () => {
  const folder = temporaryFolder()
  await writeRun(folder, 0, range(1, 100), () => ({ a: 1 }))
  await writeRun(folder, 51, range(51, 80), () => ({ a: 2 }))
  await writeRun(folder, 21, range(21, 30), () => ({ a: 3 }))
  const series = (await readMetrics(folder)).series('a')!
  expect([...series.steps]).toEqual(range(1, 30))
  expect([...series.values.slice(18, 22)]).toEqual([1, 1, 3, 3])
})

test('resuming supersedes validation that the new segment has not reached yet, and leaves the autoencoder alone', async () => {
  const folder = temporaryFolder()
  const first = await MetricWriter.open(folder, 0)
  for (const step of range(1, 301)) first.append(step, { 'vae/loss': step })
  for (const step of range(1, 251)) first.append(step, { 'loss/total': step, ...(step % 100 === 0 ? { 'val/action': step } : {}) })
  await first.close()
  await writeRun(folder, 101, range(101, 110), (step) => ({ 'loss/total': step }))
  const metrics = await readMetrics(folder)
  expect([...metrics.series('val/action')!.steps]).toEqual([100])
  expect(metrics.series('vae/loss')!.count).toBe(300)
})

test('a poll reads only what is new and says which metrics and up to which step', async () => {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  const path = join(folder, segmentName(0, 0))
  const metrics = new RunMetrics(folder)
  expect(await metrics.poll()).toBeNull()
  writeFileSync(path, '{"step":1,"wall":0,"values":{"a":1}}\n')
  expect(await metrics.poll()).toEqual({ lastStep: 1, names: ['a'] })
  expect(await metrics.poll()).toBeNull()
  appendFileSync(path, '{"step":2,"wall":0,"values":{"b":1}}\n{"step":3,"wall":0,"val')
  expect(await metrics.poll()).toEqual({ lastStep: 2, names: ['b'] })
  appendFileSync(path, 'ues":{"a":7}}\n')
  expect(await metrics.poll()).toEqual({ lastStep: 3, names: ['a'] })
  expect(metrics.last()).toEqual({ a: 7, b: 1 })
})

test('damaged lines in the middle are counted and hide nothing else', async () => {
  const folder = temporaryFolder()
  mkdirSync(folder, { recursive: true })
  const good = (step: number): string => `{"step":${step},"wall":0,"values":{"a":${step}}}`
  writeFileSync(join(folder, segmentName(0, 0)), [good(1), '{"step":2,', '\u0000\u0000\u0000', '{"step":"x","values":{}}', 'null', good(3), ''].join('\n'))
  const metrics = await readMetrics(folder)
  expect([...metrics.series('a')!.steps]).toEqual([1, 3])
  expect(metrics.damagedLines).toBe(4)
})

test('a record longer than the reading chunk is read', async () => {
  const folder = temporaryFolder()
  const values = Object.fromEntries(range(0, 20_000).map((index) => [`metric-${index}`, index]))
  await writeRun(folder, 0, [1], () => values)
  const metrics = await readMetrics(folder)
  expect(metrics.names.length).toBe(20_000)
  expect(metrics.last()['metric-19999']).toBe(19_999)
})

test('the time that a run took leaves its pauses out', async () => {
  const folder = temporaryFolder()
  const record = (step: number, wall: number): string => `${JSON.stringify({ step, wall, values: { a: 1 } })}\n`
  writeFileSync(join(folder, segmentName(0, 0)), record(1, 1_000_000) + record(2, 1_030_000))
  // It was paused for an hour, and trained for ten seconds more.
  writeFileSync(join(folder, segmentName(1, 3)), record(3, 4_630_000) + record(4, 4_640_000))
  expect((await readMetrics(folder)).loggedSeconds).toBe(40)
  expect((await readMetrics(temporaryFolder())).loggedSeconds).toBe(0)
})
