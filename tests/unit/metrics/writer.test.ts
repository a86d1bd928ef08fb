import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readMetrics } from '../../../electron/metrics/reader.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('a record is in its file within a second without anybody asking', async () => {
  const folder = temporaryFolder()
  const writer = await MetricWriter.open(folder, 0)
  writer.append(1, { a: 1 })
  await wait(900)
  expect(readFileSync(writer.path, 'utf8')).toContain('"a":1')
  await writer.close()
})

test('segments count up and carry their first step', async () => {
  const folder = join(temporaryFolder(), 'metrics')
  for (const firstStep of [0, 101, 51]) {
    const writer = await MetricWriter.open(folder, firstStep)
    writer.append(firstStep, { a: 1 })
    await writer.close()
  }
  expect(readdirSync(folder).sort()).toEqual(['0000-000000000.ndjson', '0001-000000101.ndjson', '0002-000000051.ndjson'])
})

test('a disk that refuses is told once, loses nothing, and is told when it takes records again', async () => {
  const folder = join(temporaryFolder(), 'metrics')
  const told: (string | null)[] = []
  const writer = await MetricWriter.open(folder, 0, { onTrouble: (error) => told.push(error === null ? null : String((error as NodeJS.ErrnoException).code)) })
  // A file where the folder should be: every attempt to write fails.
  writeFileSync(folder, '')
  writer.append(1, { a: 1 })
  await writer.flush()
  writer.append(2, { a: 2 })
  await writer.flush()
  expect(told).toEqual(['EEXIST'])
  rmSync(folder)
  mkdirSync(folder)
  writer.append(3, { a: 3 })
  await writer.close()
  expect(told).toEqual(['EEXIST', null])
  expect([...(await readMetrics(folder)).series('a')!.values]).toEqual([1, 2, 3])
})

test.runIf(existsSync('/dev/full'))('a full disk does not throw and is reported as full', async () => {
  const folder = temporaryFolder()
  const told: unknown[] = []
  const writer = await MetricWriter.open(folder, 0, { onTrouble: (error) => told.push((error as NodeJS.ErrnoException | null)?.code) })
  symlinkSync('/dev/full', writer.path)
  writer.append(1, { a: 1 })
  await writer.flush()
  expect(told).toEqual(['ENOSPC'])
  rmSync(writer.path)
  await writer.close()
  expect([...(await readMetrics(folder)).series('a')!.values]).toEqual([1])
})

test.runIf(existsSync('/dev/full'))('closing on a full disk waits a little for room and then loses nothing', async () => {
  const folder = temporaryFolder()
  const writer = await MetricWriter.open(folder, 0)
  symlinkSync('/dev/full', writer.path)
  writer.append(1, { a: 1 })
  const closing = writer.close()
  setTimeout(() => rmSync(writer.path), 700)
  await closing
  expect([...(await readMetrics(folder)).series('a')!.values]).toEqual([1])
})
