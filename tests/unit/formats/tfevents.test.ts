import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportRun } from '../../../electron/engine/exchange/run-export.ts'
import { importRun } from '../../../electron/engine/exchange/run-import.ts'
import { runFile, readStatus } from '../../../electron/engine/runs/run-folder.ts'
import { encodeEvents, readEvents } from '../../../electron/formats/tfevents.ts'
import { MessageWriter } from '../../../electron/formats/protobuf-wire.ts'
import { RandomAccessFile } from '../../../electron/formats/random-access-file.ts'
import { encodeTfRecord } from '../../../electron/formats/tfrecord.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { readMetrics } from '../../../electron/metrics/reader.ts'
import { makeRun, temporaryHome } from '../../support/run-fixtures.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const python = process.env['KINORA_TENSORBOARD_PYTHON']
const hasTensorBoard = python !== undefined && spawnSync(python, ['-c', 'import tensorboard']).status === 0

async function eventsOf(bytes: Uint8Array): Promise<unknown[]> {
  const path = join(temporaryFolder(), 'events.out.tfevents.1.host')
  writeFileSync(path, bytes)
  await using file = await RandomAccessFile.open(path)
  const events: unknown[] = []
  for await (const event of readEvents(file)) events.push(event)
  return events
}

/** A restart of the writer at a step, as TensorFlow's SessionLog has it. */
const start = (step: number): Uint8Array => encodeTfRecord(new MessageWriter().double(1, 2).integer(2, step).content(7, new MessageWriter().integer(1, 1).bytes).bytes)

describe('event files', () => {
  test('come back as they were written, non-finite values too', async () => {
    const bytes = encodeEvents([{ step: 0, wall: 1000, values: [['loss', 0.5], ['val/acc', NaN]] }, { step: 3_000_000_000, wall: 2000, values: [['loss', -Infinity]] }])
    expect(await eventsOf(bytes)).toEqual([
      { type: 'scalar', tag: 'loss', step: 0, wall: 1000, value: 0.5 },
      { type: 'scalar', tag: 'val/acc', step: 0, wall: 1000, value: NaN },
      { type: 'scalar', tag: 'loss', step: 3_000_000_000, wall: 2000, value: -Infinity },
    ])
  })

  test('that are cut give what is before the cut; what is no event file is refused', async () => {
    const bytes = encodeEvents([1, 2, 3].map((step) => ({ step, wall: 0, values: [['loss', step] as const] })))
    expect(await eventsOf(bytes.subarray(0, bytes.length - 5))).toHaveLength(2)
    await expect(eventsOf(new TextEncoder().encode('step,loss\n1,2\n3,4\n5,6\n'))).rejects.toMatchObject({ code: 'dataset-invalid' })
  })
})

describe('a run', () => {
  test('goes out as one monotone line after a resume, and comes back in the same', async () => {
    const home = temporaryHome()
    const run = await makeRun(home, 'resumed')
    for (const [first, last, sign] of [[1, 150, 1], [101, 200, -1]] as const) {
      const writer = await MetricWriter.open(runFile.metrics(run.path), first === 1 ? 0 : first)
      for (let step = first; step <= last; step++) writer.append(step, { loss: sign * step, ...(step % 50 === 0 && { 'val/loss': step / 2 }) })
      await writer.close()
    }
    const file = join(temporaryFolder(), 'events.out.tfevents.1.kinora')
    writeFileSync(file, await exportRun(run, 'tfevents'))
    const imported = await importRun(home, file, 'again')
    const metrics = await readMetrics(runFile.metrics(imported.path))
    expect([...metrics.series('loss')!.steps]).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
    expect([...metrics.series('loss')!.values.subarray(98, 102)]).toEqual([99, 100, -101, -102])
    expect([...metrics.series('val/loss')!.values]).toEqual([25, 50, 75, 100])
    expect(await readStatus(imported.path)).toMatchObject({ state: 'finished', step: 200 })

    const csv = new TextDecoder().decode(await exportRun(run, 'csv')).split('\r\n')
    expect(csv[0]).toBe('step,time,loss,val/loss')
    expect(csv[50]).toMatch(/^50,\d{4}-.*Z,50,25$/)
    const table = join(temporaryFolder(), 'run.csv')
    writeFileSync(table, csv.join('\r\n'))
    const fromCsv = await readMetrics(runFile.metrics((await importRun(home, table, '')).path))
    expect([...fromCsv.series('loss')!.values]).toEqual([...metrics.series('loss')!.values])
    const json = JSON.parse(new TextDecoder().decode(await exportRun(run, 'json'))) as { summary: object; history: { _step: number }[]; config: { steps: number } }
    expect(json).toMatchObject({ summary: { loss: -200, 'val/loss': 100 }, config: { steps: 100 } })
    expect(json.history.map(({ _step }) => _step)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  })

  test('what a writer wrote before it was restarted at an earlier step is void', async () => {
    const folder = join(temporaryFolder(), 'logs')
    mkdirSync(folder)
    const part = (from: number, to: number, value: number) => encodeEvents(Array.from({ length: to - from + 1 }, (_, index) => ({ step: from + index, wall: 1, values: [['loss', value] as const, ...(from + index < 4 ? [['rare', value] as const] : [])] })))
    writeFileSync(join(folder, 'events.out.tfevents.1.a'), part(1, 6, 1))
    writeFileSync(join(folder, 'events.out.tfevents.2.a'), Buffer.concat([start(4), part(4, 5, 2)]))
    const metrics = await readMetrics(runFile.metrics((await importRun(temporaryHome(), folder, 'x')).path))
    expect([...metrics.series('loss')!.values]).toEqual([1, 1, 1, 2, 2])
    expect([...metrics.series('rare')!.steps]).toEqual([1, 2, 3])
  })

  test('a table is known by its text, whatever its name', async () => {
    const table = join(temporaryFolder(), 'history.txt')
    writeFileSync(table, '_step,loss\n1,0.5\n2,0.25\n')
    const run = await importRun(temporaryHome(), table, '')
    expect(run.identity.name).toBe('history.txt')
    expect([...(await readMetrics(runFile.metrics(run.path))).series('loss')!.values]).toEqual([0.5, 0.25])
    writeFileSync(table, 'time,loss\n1,0.5\n')
    await expect(importRun(temporaryHome(), table, '')).rejects.toMatchObject({ code: 'dataset-invalid', hint: 'Its columns: time, loss.' })
  })

  test.each([['/no/such/place', 'not-found'], [temporaryFolder(), 'not-found']])('%s is refused in words', async (path, code) => {
    await expect(importRun(temporaryHome(), path, '')).rejects.toMatchObject({ code })
  })
})

// KINORA_TENSORBOARD_PYTHON names a Python with the package tensorboard.
describe.skipIf(!hasTensorBoard)('TensorBoard itself', () => {
  test('reads what we write', () => {
    const folder = join(temporaryFolder(), 'tb')
    mkdirSync(folder)
    writeFileSync(join(folder, 'events.out.tfevents.1700000000.kinora'), encodeEvents([1, 2, 3].map((step) => ({ step, wall: 1_700_000_000_000 + step, values: [['loss/action', step / 4] as const] }))))
    const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1]); a.Reload()
print(json.dumps([[e.step, e.value, round(e.wall_time, 3)] for e in a.Scalars('loss/action')]))`
    const { stdout, stderr } = spawnSync(python!, ['-c', program, folder], { encoding: 'utf8' })
    expect(stdout, stderr).toContain(JSON.stringify([[1, 0.25, 1700000000.001], [2, 0.5, 1700000000.002], [3, 0.75, 1700000000.003]]).replaceAll(',', ', '))
  })

  test('writes what we read, as simple values and as tensors', async () => {
    const folder = join(temporaryFolder(), 'written')
    const program = `
import sys, time
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
w = EventFileWriter(sys.argv[1])
for step in range(1, 6):
    w.add_event(Event(wall_time=100 + step, step=step, summary=Summary(value=[
        Summary.Value(tag='simple', simple_value=step * 0.5),
        Summary.Value(tag='tensor', tensor=TensorProto(dtype=1, float_val=[step * 2.0]))])))
w.close()`
    const { status, stderr } = spawnSync(python!, ['-c', program, folder], { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    const metrics = await readMetrics(runFile.metrics((await importRun(temporaryHome(), folder, 'tb')).path))
    expect([...metrics.series('simple')!.values]).toEqual([0.5, 1, 1.5, 2, 2.5])
    expect([...metrics.series('tensor')!.values]).toEqual([2, 4, 6, 8, 10])
    expect(metrics.series('simple')!.walls[0]).toBe(101_000)
  })
})
