import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CurveQuery } from '../../../electron/contract/blob.ts'
import { runFile } from '../../../electron/engine/runs/run-folder.ts'
import { RunCurves } from '../../../electron/host/run-curves.ts'
import { RunIndex } from '../../../electron/host/run-index.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { silentLog } from '../../../electron/platform/log.ts'
import { Catalogue } from '../../../electron/store/catalogue.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, setStatus, temporaryHome, until } from '../../support/run-fixtures.ts'

test('whole ended runs come from their overviews, the same as from their records; zooms, means and live runs from records', async () => {
  const home = temporaryHome()
  const ids: string[] = []
  for (const [seed, name] of ['one', 'two'].entries()) {
    const { path, identity } = await makeRun(home, name)
    const writer = await MetricWriter.open(runFile.metrics(path), 0)
    for (let step = 1; step <= 4000; step++) writer.append(step, { loss: (seed + 1) / step + ((step * 7919) % 101) / 1000 })
    await writer.close()
    await setStatus(path, { state: 'paused' })
    ids.push(identity.id)
  }
  const workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  try {
    const { runs } = workbench.services
    await until(async () => (await runs.list()).length === 2)
    const query: CurveQuery = { lines: [[ids[0]!], [ids[1]!], ids, ['gone']], metric: 'loss', widthPx: 300, axis: 'step', smoothingPoints: 20 }
    const [one, two, mean, gone] = await runs.curves(query)
    expect(existsSync(join(home.cache, 'overviews', `${ids[0]}.bin`))).toBe(true)
    // A width that no overview has is answered from the records; the extremes are the same.
    const [wide] = await runs.curves({ ...query, lines: [[ids[0]!]], widthPx: 1500 })
    expect(one!.totalPoints).toBe(4000)
    expect(Math.max(...one!.values)).toBe(Math.max(...wide!.values))
    expect(one!.steps.length).toBeLessThanOrEqual(600)
    const [zoom] = await runs.curves({ ...query, lines: [[ids[0]!]], from: 100, to: 200 })
    expect(zoom!.totalPoints).toBe(101)
    expect(mean!.runCount).toBe(2)
    expect(mean!.high!.length).toBe(mean!.steps.length)
    expect(two!.totalPoints).toBe(4000)
    expect(gone!.totalPoints).toBe(0)
    // No epochs were logged: the line says that it cannot be placed.
    expect((await runs.curves({ ...query, axis: 'epoch', lines: [[ids[0]!]] }))[0]!.totalPoints).toBe(-1)
    const csv = await runs.csv(ids, 'loss')
    expect(csv.split('\r\n').length).toBe(1 + 8000 + 1)
  } finally {
    await workbench.close()
  }
})

test('a long run has its overview once it has been read, even where its records have left memory for those of others', async () => {
  const home = temporaryHome()
  const { path, identity } = await makeRun(home)
  const writer = await MetricWriter.open(runFile.metrics(path), 0)
  for (let step = 1; step <= 6000; step++) writer.append(step, Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`loss-${index}`, index / step])))
  await writer.close()
  await setStatus(path, { state: 'finished' })
  const catalogue = Catalogue.open(':memory:')
  try {
    const index = new RunIndex(home, catalogue, silentLog, () => false)
    new RunCurves(home, index, silentLog)
    index.onEvent((event) => event.type === 'run-changed' && index.metrics.forget(path))
    await index.scan()
    expect(existsSync(join(home.cache, 'overviews', `${identity.id}.bin`))).toBe(true)
  } finally {
    catalogue.dispose()
  }
})
