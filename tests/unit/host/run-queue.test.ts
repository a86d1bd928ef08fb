import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { queueOf } from '../../../electron/contract/queue.ts'
import { runFile } from '../../../electron/engine/runs/run-folder.ts'
import { RunControl } from '../../../electron/host/run-control.ts'
import type { RunIndex } from '../../../electron/host/run-index.ts'
import type { Supervisor } from '../../../electron/host/supervisor.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, setStatus, temporaryHome, until } from '../../support/run-fixtures.ts'
import { runSummary } from '../renderer/run-summary.ts'

const waiting = (id: string, updatedAt: number) => runSummary({ id, status: { ...runSummary({}).status, state: 'queued', pid: null, updatedAt } })

test('named runs come first in their order, the others oldest first, and what does not wait is left out', () => {
  const runs = [waiting('a', 3), waiting('b', 1), waiting('c', 2), runSummary({ id: 'd' })]
  expect(queueOf(runs, []).map(({ id }) => id)).toEqual(['b', 'c', 'a'])
  expect(queueOf(runs, ['a', 'gone', 'c']).map(({ id }) => id)).toEqual(['a', 'c', 'b'])
})

test('the host keeps the order, settings, views, notes and deletions, over a restart too', async () => {
  const home = temporaryHome()
  const blocker = await makeRun(home, 'blocker')
  await setStatus(blocker.path, { state: 'running', pid: process.pid, processStart: null, updatedAt: Date.now() + 60_000 })
  const runs = [await makeRun(home, 'one'), await makeRun(home, 'two'), await makeRun(home, 'three')]
  const [one, two, three] = runs.map(({ identity }) => identity.id) as [string, string, string]
  const first = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  await until(async () => (await first.services.runs.list()).length === 4)
  expect(await first.services.runs.reorder([three, one, 'nobody'])).toEqual([three, one, two])
  await first.services.system.configure({ trashDays: 7 })
  await expect(first.services.system.configure({ nextHome: 'relative/path' })).rejects.toMatchObject({ code: 'usage' })
  await first.services.runs.saveViews([{ name: 'Paper', address: { q: 'tag:paper' } }])
  expect((await first.services.runs.annotate(two, { tags: ['paper'] })).tags).toEqual(['paper'])
  expect(await first.services.runs.values(['config.steps'], [two])).toEqual({ 'config.steps': { [two]: 100 } })
  const events: string[] = []
  first.services.onEvent((event) => events.push(event.type))
  await first.services.runs.remove(one)
  expect(events).toContain('run-removed')
  expect(await first.services.runs.queue()).toEqual([three, two])
  await first.close()

  const second = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  await until(async () => (await second.services.runs.list()).length === 3)
  expect(await second.services.runs.queue()).toEqual([three, two])
  expect((await second.services.system.settings()).trashDays).toBe(7)
  expect(await second.services.runs.views()).toEqual([{ name: 'Paper', address: { q: 'tag:paper' } }])
  expect((await second.services.runs.restore(one)).name).toBe('one')
  expect(await second.services.runs.queue()).toEqual([three, one, two])
  expect(JSON.parse(readFileSync(runFile.annotations(runs[1]!.path), 'utf8'))).toEqual({ tags: ['paper'], notes: '' })
  await second.close()
})

test('a run that has died meanwhile is not started again, though the index still has it as waiting', async () => {
  const home = temporaryHome()
  const [died, next] = [await makeRun(home, 'died'), await makeRun(home, 'next')]
  const listed = [died, next].map(({ identity, path }, at) => ({ ...waiting(identity.id, at), path }))
  await setStatus(died.path, { state: 'crashed' })
  const started: string[] = []
  const control = new RunControl(home, { hasActive: false, waiting: () => listed } as unknown as RunIndex, { runningJobs: [], startJob: (path: string) => started.push(path) } as unknown as Supervisor)
  control.startNext()
  expect(started).toEqual([next.path])
})

test('a damaged settings file is told and not overwritten', async () => {
  const home = temporaryHome()
  writeFileSync(join(home.root, 'settings.json'), '{ nonsense')
  const workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  await expect(workbench.services.system.configure({ trashDays: 1 })).rejects.toMatchObject({ code: 'config-invalid' })
  expect(readFileSync(join(home.root, 'settings.json'), 'utf8')).toBe('{ nonsense')
  await workbench.close()
})
