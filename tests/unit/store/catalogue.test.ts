import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import type { Evaluation, RunSummary } from '../../../electron/contract/run.ts'
import { idleStatus, runFile } from '../../../electron/engine/runs/run-folder.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { Database } from '../../../electron/platform/sqlite.ts'
import { writeFileAtomic } from '../../../electron/platform/fs-atomic.ts'
import { Catalogue, type RunParts } from '../../../electron/store/catalogue.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, setStatus, temporaryHome } from '../../support/run-fixtures.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const evaluation: Evaluation = {
  checkpointStep: 100,
  seeds: [20000, 20001],
  replanSteps: 5,
  total: { successes: 1, n: 2, low: 0.09, high: 0.91 },
  tasks: [{ task: 't', instruction: 'push', successes: 1, n: 2, low: 0.09, high: 0.91 }],
  rollouts: [{ task: 't', seed: 20000, success: true, steps: 40, reason: null }, { task: 't', seed: 20001, success: false, steps: 80, reason: 'step limit' }],
  createdAt: 5,
}

function summary(id: string, createdAt: number): RunSummary {
  return {
    id, createdAt, name: `run ${id}`, path: `/runs/${id}`, datasetId: 'cups', preset: 'nano', motionTarget: 'none', seed: 3,
    status: { ...idleStatus, state: 'paused', step: 7 }, checkpoints: [5, 7], lastMetrics: { 'loss/total': 0.5, 'val/action': null }, tags: [], notes: '', groupKey: 'g', evaluation: null,
  }
}

const parts = (evaluations: readonly Evaluation[] = [], own: object = {}): RunParts => ({ evaluations, config: trainConfigSchema.parse({ data: { dataset: 'cups' }, ...own }), extent: { 'loss/total': { low: 0.25, high: 2 } } })

test('what was put is got back; a second put replaces the first', () => {
  const path = join(temporaryFolder(), 'catalogue.sqlite')
  const catalogue = Catalogue.open(path)
  catalogue.putRun(summary('a', 1), 's1', parts())
  catalogue.putRun(summary('b', 2), 's1', parts([evaluation]))
  catalogue.putRun({ ...summary('a', 1), name: 'renamed', checkpoints: [9] }, 's2', parts([evaluation]))
  catalogue.dispose()
  const again = Catalogue.open(path)
  expect(again.runs().map((run) => run.id)).toEqual(['b', 'a'])
  expect(again.run('a')).toEqual({ summary: { ...summary('a', 1), name: 'renamed', checkpoints: [9] }, signature: 's2' })
  expect(again.evaluations('a')).toEqual([evaluation])
  expect([...again.runSignatures()]).toEqual(expect.arrayContaining([['a', 's2'], ['b', 's1']]))
  again.removeRun('a')
  expect(again.run('a')).toBeUndefined()
  expect(again.evaluations('a')).toEqual([])
  again.dispose()
})

test('columns come from the configuration and from the extremes of metrics, of all runs or of some', () => {
  const catalogue = Catalogue.open(':memory:')
  catalogue.putRun(summary('a', 1), 's', parts([], { motion: { lambda: 0.3 } }))
  catalogue.putRun(summary('b', 2), 's', { ...parts(), extent: { 'loss/total': { low: 0.1, high: 1 }, 'val/psnr': { low: 20, high: 30 } } })
  expect(catalogue.values(['config.motion.lambda', 'min:loss/total', 'max:loss/total', 'best:loss/total', 'last:val/action', 'config.no.such', 'config.x") UNION SELECT 1, 2 --'])).toEqual({
    'config.motion.lambda': { a: 0.3, b: 1 },
    'min:loss/total': { a: 0.25, b: 0.1 },
    'max:loss/total': { a: 2, b: 1 },
    'best:loss/total': { a: 0.25, b: 0.1 },
    'last:val/action': { a: null, b: null },
    'config.no.such': {},
    'config.x") UNION SELECT 1, 2 --': {},
  })
  expect(catalogue.values(['config.motion.lambda', 'min:loss/total'], ['b'])).toEqual({ 'config.motion.lambda': { b: 1 }, 'min:loss/total': { b: 0.1 } })
  catalogue.dispose()
})

test.each([
  ['is no database', (path: string) => writeFileSync(path, 'not a database at all, and long enough to have a header of sixteen bytes')],
  ['has another version', (path: string) => {
    const database = new Database(path)
    database.exec('CREATE TABLE runs (a TEXT); CREATE TABLE "odd""name" (a TEXT)')
    database.userVersion = 999
    database.dispose()
  }],
])('a file that %s is replaced by an empty catalogue', (_, damage) => {
  const path = join(temporaryFolder(), 'catalogue.sqlite')
  damage(path)
  const catalogue = Catalogue.open(path)
  expect(catalogue.runs()).toEqual([])
  catalogue.putRun(summary('a', 1), 's', parts())
  expect(catalogue.runs().length).toBe(1)
  catalogue.dispose()
})

test('deleting the catalogue loses nothing: it is read from the folders again, added datasets too', async () => {
  const home = temporaryHome()
  const { path, identity } = await makeRun(home, 'kept')
  await setStatus(path, { state: 'finished', step: 100 })
  const metrics = await MetricWriter.open(runFile.metrics(path), 0)
  metrics.append(100, { 'loss/total': 0.125 })
  await metrics.close()
  await writeFileAtomic(join(runFile.rollouts(path), 'evaluation-100.json'), JSON.stringify(evaluation))
  await writeFileAtomic(join(runFile.rollouts(path), 'evaluation-200.json'), '{"half')
  const elsewhere = temporaryFolder()
  await writeFileAtomic(join(home.root, 'datasets.json'), JSON.stringify({ datasets: [{ id: 'added', path: elsewhere }] }))

  const read = async (): Promise<{ runs: RunSummary[]; datasets: string[]; evaluations: Evaluation[] }> => {
    const workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
    try {
      const { runs, datasets } = workbench.services
      return { runs: await runs.list(), datasets: (await datasets.list()).map((dataset) => dataset.id), evaluations: (await runs.get(identity.id)).evaluations }
    } finally {
      await workbench.close()
    }
  }
  const before = await read()
  expect(before.runs).toMatchObject([{ id: identity.id, name: 'kept', lastMetrics: { 'loss/total': 0.125 }, evaluation: { checkpointStep: 100, total: evaluation.total }, status: { state: 'finished' } }])
  expect(before.datasets).toEqual(expect.arrayContaining(['cups', 'added']))
  expect(before.evaluations).toEqual([evaluation])
  for (const suffix of ['', '-wal', '-shm']) rmSync(home.catalogue + suffix, { force: true })
  expect(await read()).toEqual(before)
})
