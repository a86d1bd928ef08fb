import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KinoraEvent } from '../../../electron/contract/rpc.ts'
import type { RunState } from '../../../electron/contract/run.ts'
import { readStatus } from '../../../electron/engine/runs/run-folder.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import type { Home } from '../../../electron/platform/paths.ts'
import { isAlive, processStart } from '../../../electron/platform/process-table.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, setStatus, temporaryHome, until } from '../../support/run-fixtures.ts'

const config = { data: { dataset: 'cups' } }
let home: Home
let workbench: Workbench
let events: KinoraEvent[]

beforeEach(async () => {
  home = temporaryHome()
  workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  events = []
  workbench.services.onEvent((event) => events.push(event))
  return () => workbench.close()
})

afterEach(() => {
  // Nothing may be left open to say that it went wrong.
  expect(workbench.supervisor.runningJobs.length).toBeLessThanOrEqual(1)
})

const stateOf = async (id: string): Promise<RunState> => (await workbench.services.runs.get(id)).status.state

async function startRunning(name: string): Promise<{ id: string; path: string; pid: number }> {
  const { id, path } = await workbench.services.runs.create(name, config)
  await until(async () => (await stateOf(id)) === 'running')
  return { id, path, pid: workbench.supervisor.pidOf(path)! }
}

test('kill -9 of a job marks its run crashed within 5 s, says why, keeps its data, and the desk lives on', async () => {
  const { id, path, pid } = await startRunning('to be killed')
  const desk = workbench.desk.pid!
  await until(async () => ((await workbench.services.runs.get(id)).lastMetrics['loss/total'] ?? 0) > 0)
  process.kill(pid, 'SIGKILL')
  const tookMs = await until(() => events.some((event) => event.type === 'run-changed' && event.run.id === id && event.run.status.state === 'crashed'))
  expect(tookMs).toBeLessThan(5000)
  const run = await workbench.services.runs.get(id)
  expect(run.status.error).toMatchObject({ code: 'engine-crashed' })
  expect(run.status.error!.message).toMatch(/SIGKILL/)
  expect(run.status.error!.hint).toMatch(/Resume/)
  expect(run.metricNames).toEqual(['loss/total'])
  expect(workbench.desk.pid).toBe(desk)
  expect(await workbench.services.runs.presets()).toEqual([])
  // Resuming goes on where its status stood, in a segment of its own.
  const reached = run.status.step
  await workbench.services.runs.resume(id)
  await until(async () => (await readStatus(path)).state === 'running' && (await readStatus(path)).step >= reached)
  await workbench.services.runs.pause(id)
  await until(async () => (await stateOf(id)) === 'paused')
})

test('a desk that dies fails the call that killed it, starts again, and touches no run', async () => {
  const { id } = await startRunning('bystander')
  const before = workbench.desk.pid
  await expect(workbench.services.system.doctor({})).rejects.toMatchObject({ code: 'engine-crashed', message: expect.stringMatching(/SIGSEGV/) as string })
  // Asked while it is away: answered by the next one.
  expect(await workbench.services.runs.presets()).toEqual([])
  expect(workbench.desk.pid).not.toBe(before)
  const states = events.flatMap((event) => (event.type === 'system-changed' ? [event.info.engine] : []))
  expect(states).toContain('crashed')
  await until(() => events.some((event) => event.type === 'system-changed' && event.info.engine === 'ready' && events.indexOf(event) > 0))
  expect(await stateOf(id)).toBe('running')
})

test('pause, resume and stop go through the job; wrong ones are refused in words', async () => {
  const { id } = await startRunning('controlled')
  await workbench.services.runs.pause(id)
  await until(async () => (await stateOf(id)) === 'paused')
  await expect(workbench.services.runs.pause(id)).rejects.toThrow(/is paused and cannot be paused/)
  await workbench.services.runs.resume(id)
  await until(async () => (await stateOf(id)) === 'running')
  await expect(workbench.services.runs.resume(id)).rejects.toThrow(/is running and cannot be resumed/)
  await workbench.services.runs.stop(id)
  await until(async () => (await stateOf(id)) === 'stopped')
  await expect(workbench.services.runs.stop('no-such-run')).rejects.toMatchObject({ code: 'not-found' })
  await expect(workbench.services.runs.stop('../../etc')).rejects.toMatchObject({ code: 'not-found' })
})

test('one run trains at a time; the next starts when it ends, oldest first', async () => {
  const first = await startRunning('first')
  const second = await workbench.services.runs.create('second', config)
  const third = await workbench.services.runs.create('third', config)
  expect(second.status.state).toBe('queued')
  await workbench.services.runs.stop(first.id)
  await until(async () => (await stateOf(second.id)) === 'running')
  expect(await stateOf(third.id)).toBe('queued')
  await workbench.services.runs.pause(third.id)
  expect(await stateOf(third.id)).toBe('paused')
  await workbench.services.runs.stop(second.id)
  await until(async () => (await stateOf(second.id)) === 'stopped')
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(await stateOf(third.id)).toBe('paused')
})

test('a run that another process trains shows live, can be paused, and is found crashed when killed', async () => {
  const { path, identity } = await makeRun(home, 'from the command line')
  await setStatus(path, { state: 'paused' })
  const train = (): ReturnType<typeof spawnIdleEngine> => spawnIdleEngine('engine-worker', { args: ['job', home.root, path], name: 'external', outputPath: join(path, 'engine.log') })
  const first = train()
  await until(async () => (await stateOf(identity.id)) === 'running')
  expect(workbench.supervisor.hasJob(path)).toBe(false)
  await until(() => events.some((event) => event.type === 'metrics-appended' && event.id === identity.id && event.names.includes('loss/total')))
  await workbench.services.runs.stop(identity.id)
  await until(async () => (await stateOf(identity.id)) === 'stopped')
  await until(async () => !(await isAlive({ pid: first.pid!, processStart: null })))
  const second = train()
  await until(async () => (await stateOf(identity.id)) === 'running')
  second.kill()
  expect(await until(() => events.some((event) => event.type === 'run-changed' && event.run.id === identity.id && event.run.status.state === 'crashed'))).toBeLessThan(5000)
})

test('closing pauses what trains and leaves no process', async () => {
  const { path, pid } = await startRunning('cut short')
  const desk = workbench.desk.pid!
  await workbench.close()
  expect(await readStatus(path)).toMatchObject({ state: 'paused', pid: null })
  for (const gone of [pid, desk]) expect(await isAlive({ pid: gone, processStart: null })).toBe(false)
})

test('a run killed while no host was there is crashed at the next start', async () => {
  const { id, path, pid } = await startRunning('orphan')
  process.kill(pid, 'SIGKILL')
  await until(async () => (await readStatus(path)).state === 'crashed')
  await workbench.close()
  await setStatus(path, { state: 'running', pid, processStart: 'other:1' })
  workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  expect((await workbench.services.runs.list()).find((run) => run.id === id)!.status.state).toBe('crashed')
})

test('a run that died together with its host is crashed at the next start, though its folder looks as it did', async () => {
  const { path, identity } = await makeRun(home, 'power cut')
  const owner = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  await setStatus(path, { state: 'running', pid: owner.pid!, processStart: await processStart(owner.pid!) })
  await until(async () => (await workbench.services.runs.list()).some((run) => run.id === identity.id && run.status.state === 'running'))
  await workbench.close()
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine })
  expect((await workbench.services.runs.list())[0]!.status).toMatchObject({ state: 'crashed', error: { code: 'engine-crashed' } })
})

test('a deleted run folder leaves the list, a copied one joins it', async () => {
  const { identity, path } = await makeRun(home, 'moved', false)
  await until(async () => (await workbench.services.runs.list()).some((run) => run.id === identity.id))
  cpSync(path, join(home.runs, 'a-copy'), { recursive: true })
  await until(async () => (await workbench.services.runs.list()).some((run) => run.id === 'a-copy'))
  rmSync(path, { recursive: true })
  await until(() => events.some((event) => event.type === 'run-removed' && event.id === identity.id))
  await expect(workbench.services.runs.get(identity.id)).rejects.toMatchObject({ code: 'not-found' })
  expect(readFileSync(join(home.runs, 'a-copy', 'run.json'), 'utf8')).toContain(identity.id)
})
