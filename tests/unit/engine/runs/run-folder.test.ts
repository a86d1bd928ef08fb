import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { trainConfigSchema } from '../../../../electron/contract/config.ts'
import { runStates, runStatusSchema } from '../../../../electron/contract/run.ts'
import { createRun, openRun, readStatus, reconcileRun, runFile, runId } from '../../../../electron/engine/runs/run-folder.ts'
import { canFollow, checkTransition } from '../../../../electron/engine/runs/run-states.ts'
import { RunStatusKeeper } from '../../../../electron/engine/runs/run-status-keeper.ts'
import { ownIdentity, processStart } from '../../../../electron/platform/process-table.ts'
import { makeRun, setStatus, temporaryHome } from '../../../support/run-fixtures.ts'

const fail = (error: unknown): never => {
  throw error
}

test('a run folder holds the whole configuration, its identity and a queued status', async () => {
  const home = temporaryHome()
  const { path, identity } = await makeRun(home, 'Tässe heben №1')
  expect(identity.id).toMatch(/^tasse-heben-no1-\d{8}-\d{6}-[0-9a-f]{4}$/)
  const folder = await openRun(path)
  expect(folder.identity.name).toBe('Tässe heben №1')
  expect(trainConfigSchema.parse(JSON.parse(readFileSync(runFile.config(path), 'utf8')))).toEqual(folder.config)
  expect(await readStatus(path)).toMatchObject({ state: 'queued', pid: null, totalSteps: 100 })
  expect(readdirSync(home.runs)).toEqual([identity.id])
})

test('ids are safe in paths whatever the name', () => {
  for (const name of ['../../etc', 'CON', '数据', '', 'a'.repeat(200), 'x/y\\z:w']) expect(runId(name, 0, 'ffff')).toMatch(/^[a-z0-9-]{1,40}-19700101-000000-ffff$/)
})

test('a wrong configuration is refused with every field named and leaves no folder', async () => {
  const home = temporaryHome()
  const refusal = createRun(home, { name: 'x', config: { data: { dataset: 'cups' }, steps: -3, optimiser: { learningRate: 'fast' }, stpes: 1 } })
  await expect(refusal).rejects.toMatchObject({ code: 'config-invalid' })
  await expect(refusal).rejects.toThrow(/steps.*-3/)
  await expect(refusal).rejects.toThrow(/learningRate/)
  await expect(refusal).rejects.toThrow(/stpes/)
  expect(readdirSync(home.runs)).toEqual([])
})

test('a folder that is no run, and files that are damaged, are told apart', async () => {
  const home = temporaryHome()
  await expect(openRun(join(home.runs, 'nothing'))).rejects.toMatchObject({ code: 'not-found' })
  const { path } = await makeRun(home)
  writeFileSync(runFile.config(path), '{"steps": ')
  await expect(openRun(path)).rejects.toMatchObject({ code: 'config-invalid' })
})

test('states follow each other only as they may', () => {
  for (const from of runStates) {
    expect(canFollow(from, from)).toBe(true)
    // Nothing leaves `finished`, and nothing becomes `running` without having started.
    if (from !== 'finished') expect(canFollow('finished', from)).toBe(false)
    expect(canFollow(from, 'running')).toBe(['starting', 'stalled', 'running'].includes(from))
  }
  for (const from of ['paused', 'stopped', 'failed', 'crashed'] as const) expect(canFollow(from, 'queued')).toBe(true)
  expect(() => checkTransition('r', 'finished', 'starting')).toThrow(/finished and cannot become starting/)
})

test('claiming writes who trains, and a second claim is refused', async () => {
  const { path } = await makeRun(temporaryHome())
  const keeper = await RunStatusKeeper.claim(path, fail)
  expect(await readStatus(path)).toMatchObject({ state: 'starting', ...(await ownIdentity()) })
  await expect(RunStatusKeeper.claim(path, fail)).rejects.toMatchObject({ code: 'already-running' })
  keeper.update({ state: 'running', phase: 'train' })
  await keeper.end({ state: 'paused' })
  expect(await readStatus(path)).toMatchObject({ state: 'paused', pid: null, stepsPerSecond: null })
  await (await RunStatusKeeper.claim(path, fail)).end({ state: 'finished' })
  await expect(RunStatusKeeper.claim(path, fail)).rejects.toMatchObject({ code: 'usage' })
  expect(existsSync(runFile.lock(path))).toBe(false)
})

test('the heartbeat comes every two seconds, with rate and time left', async () => {
  const { path } = await makeRun(temporaryHome())
  let nowMs = 0
  const keeper = await RunStatusKeeper.claim(path, fail, { now: () => Date.now(), monotonicMs: () => nowMs })
  keeper.update({ state: 'running' })
  await expect.poll(async () => (await readStatus(path)).state).toBe('running')
  const before = await readStatus(path)
  for (let step = 1; step <= 20; step++) {
    nowMs += step === 10 ? 1010 : 10
    keeper.stepDone(step)
  }
  await expect.poll(async () => (await readStatus(path)).updatedAt - before.updatedAt).toBeGreaterThan(1000)
  const after = await readStatus(path)
  // The rate is that of the median step; the time left for 80 steps is that of the mean, pauses included.
  expect(after).toMatchObject({ step: 20, stepsPerSecond: 100 })
  expect(after.etaSeconds).toBeCloseTo(80 * 0.06)
  await keeper.end({ state: 'stopped' })
})

test('a running run without a step for a minute is stalled until its next step', async () => {
  const { path } = await makeRun(temporaryHome())
  let nowMs = 0
  const keeper = await RunStatusKeeper.claim(path, fail, { now: () => Date.now(), monotonicMs: () => nowMs })
  keeper.update({ state: 'running' })
  nowMs = 61_000
  await expect.poll(() => keeper.status.state).toBe('stalled')
  keeper.stepDone(1)
  expect(keeper.status.state).toBe('running')
  await keeper.end({ state: 'finished' })
})

test('a run whose process was killed is marked crashed with the step it had reached', async () => {
  const { path } = await makeRun(temporaryHome())
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  const identity = { pid: child.pid!, processStart: await processStart(child.pid!) }
  await setStatus(path, { ...identity, state: 'running', step: 42, phase: 'train' })
  expect((await reconcileRun(path)).state).toBe('running')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const status = await reconcileRun(path)
  expect(status).toMatchObject({ state: 'crashed', step: 42, pid: null, error: { code: 'engine-crashed' } })
  expect(await readStatus(path)).toEqual(status)
})

test('after a reboot the pid belongs to another program: crashed, not running', async () => {
  const { path } = await makeRun(temporaryHome())
  await setStatus(path, { pid: process.pid, processStart: 'earlier-boot:12345', state: 'pausing', step: 7 })
  expect((await reconcileRun(path)).state).toBe('crashed')
})

test.each(['paused', 'finished', 'stopped', 'failed', 'queued'] as const)('a %s run needs no process', async (state) => {
  const { path } = await makeRun(temporaryHome())
  await setStatus(path, { state })
  expect((await reconcileRun(path)).state).toBe(state)
})

test('a lost or damaged status counts as a crash and the run can be resumed', async () => {
  const { path } = await makeRun(temporaryHome())
  writeFileSync(runFile.status(path), '{"state":"runn')
  const status = await reconcileRun(path)
  expect(status.state).toBe('crashed')
  expect(runStatusSchema.parse(JSON.parse(readFileSync(runFile.status(path), 'utf8')))).toEqual(status)
  await (await RunStatusKeeper.claim(path, fail)).end({ state: 'paused' })
})
