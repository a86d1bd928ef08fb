/** Ablations as the page starts them, over engines that train and play nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ablationSpecSchema, type Ablation } from '../../../electron/contract/ablation.ts'
import { activeStates } from '../../../electron/contract/run.ts'
import { writeAblation, type AblationFolder } from '../../../electron/engine/ablation/ablation-folder.ts'
import { readStatus } from '../../../electron/engine/runs/run-folder.ts'
import { Workbench } from '../../../electron/host/workbench.ts'
import type { Home } from '../../../electron/platform/paths.ts'
import { acquireLock } from '../../../electron/platform/process-lock.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { setStatus, temporaryHome, until } from '../../support/run-fixtures.ts'

const task = 'tabletop-goal/push-button'
const patienceMs = 120_000
vi.setConfig({ testTimeout: 2 * patienceMs })

let home: Home
let workbench: Workbench | null
beforeEach(() => {
  vi.stubEnv('IDLE_STEPS', '50')
  home = temporaryHome()
  workbench = null
})
afterEach(async () => {
  await workbench?.close()
  vi.unstubAllEnvs()
})

const describe = (seeds: readonly number[] = [0, 1]): Promise<AblationFolder> => {
  const spec = ablationSpecSchema.parse({
    name: 'Heads',
    base: { data: { dataset: 'cups' }, steps: 100 },
    factors: [{ field: 'motion.target', values: ['none', 'motion-image'] }],
    seeds,
    evaluation: { tasks: [task], seedsPerTask: 4 },
  })
  return writeAblation(home, spec, [task], 1)
}
const openHost = async () => (workbench = await Workbench.open({ home, host: 'headless', spawn: spawnIdleEngine }))
const read = async (id: string): Promise<Ablation> => (await workbench!.services.ablations.list()).find((one) => one.id === id)!
const states = async (id: string) => (await read(id)).cells.map(({ state }) => state)
const pathOf = (runId: string) => join(home.runs, runId)

test('trains one run at a time, judges each on the same worlds, and ends in a table', async () => {
  const { id, path } = await describe()
  const { services } = await openHost()
  let mostAtOnce = 0
  const active = new Set<string>()
  services.onEvent((event) => {
    if (event.type !== 'run-changed') return
    if (activeStates.includes(event.run.status.state)) active.add(event.run.id)
    else active.delete(event.run.id)
    mostAtOnce = Math.max(mostAtOnce, active.size)
  })
  expect((await services.ablations.resume(id)).state).toBe('running')
  await until(async () => (await read(id)).state === 'finished', patienceMs)
  const { cells, table } = await read(id)
  expect(cells.map(({ arm, seed, state, error }) => [arm, seed, state, error])).toEqual([[0, 0], [1, 0], [0, 1], [1, 1]].map(([arm, seed]) => [arm, seed, 'done', null]))
  expect(table.map(({ label, seeds, success }) => [label, seeds, success?.successes, success?.n])).toEqual([['target=none', [0, 1], 4, 8], ['target=motion-image', [0, 1], 4, 8]])
  expect(table[1]!.overRollouts).toMatchObject({ mean: 0, n: 8, p: 1 })
  expect(mostAtOnce).toBe(1)
  expect(readFileSync(join(path, 'table.md'), 'utf8')).toContain('| target=motion-image | 2/2 | 4/8 |')
  expect((await services.runs.list()).map(({ name }) => name)).toContain('Heads: target=none, seed 0')
  // Nothing is left to do, so nothing is done again.
  expect((await services.ablations.resume(id)).cells.map(({ state }) => state)).toEqual(Array(4).fill('done'))
  await until(async () => (await read(id)).state === 'finished', patienceMs)
})

test('paused it keeps what is done and begins nothing; resumed it goes on, also with the run that was cut short', async () => {
  vi.stubEnv('IDLE_HOLD', 'seed1')
  const { id } = await describe()
  const { services } = await openHost()
  await services.ablations.resume(id)
  await until(async () => (await read(id)).cells[2]!.runState === 'running', patienceMs)
  expect(await states(id)).toEqual(['done', 'done', 'training', 'waiting'])
  expect((await services.ablations.pause(id)).state).toBe('paused')
  await until(async () => (await read(id)).cells[2]!.runState === 'paused', patienceMs)
  expect(await states(id)).toEqual(['done', 'done', 'waiting', 'waiting'])
  expect(await services.runs.queue()).toEqual([])
  vi.stubEnv('IDLE_HOLD', 'nothing')
  await services.ablations.resume(id)
  await until(async () => (await read(id)).state === 'finished', patienceMs)
})

test('goes on with the others when one crashes twice or its user pauses it, and tries them again when resumed', async () => {
  vi.stubEnv('IDLE_HOLD', 'seed0')
  const { id } = await describe()
  const { services } = await openHost()
  await services.ablations.resume(id)
  await until(async () => (await read(id)).cells[0]!.runState === 'running', patienceMs)
  const { cells } = await read(id)
  await services.runs.pause(cells[0]!.runId)
  // Killed once it is resumed by itself, killed again it is left.
  const killed: (number | undefined)[] = [undefined]
  while (killed.length < 3) {
    const pid = (): number | undefined => workbench!.supervisor.pidOf(pathOf(cells[1]!.runId))
    await until(() => !killed.includes(pid()), patienceMs)
    process.kill(pid()!, 'SIGKILL')
    killed.push(pid())
  }
  await until(async () => (await read(id)).state === 'paused', patienceMs)
  expect((await read(id)).cells.map(({ state, runState }) => [state, runState])).toEqual([['waiting', 'paused'], ['waiting', 'crashed'], ['done', 'finished'], ['done', 'finished']])
  await setStatus(pathOf(cells[1]!.runId), { state: 'failed', updatedAt: Date.now(), error: { code: 'numerics', message: 'The loss is NaN.', hint: 'Lower it.' } })
  await until(async () => (await states(id))[1] === 'failed', patienceMs)
  vi.stubEnv('IDLE_HOLD', 'nothing')
  await services.ablations.resume(id)
  await until(async () => (await read(id)).state === 'finished', patienceMs)
})

test('one of another program is shown as it goes on, and is not touched', async () => {
  const { id, path } = await describe([0])
  const other = await acquireLock(join(path, '.lock'))
  const { services } = await openHost()
  await until(async () => (await services.ablations.list()).length === 1, patienceMs)
  expect((await read(id)).state).toBe('running')
  await expect(services.ablations.resume(id)).rejects.toMatchObject({ code: 'already-running' })
  await expect(services.ablations.pause(id)).rejects.toMatchObject({ code: 'usage' })
  await expect(services.ablations.resume('gone')).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining(id) as string })
  if ('lock' in other) await other.lock.release()
  await until(async () => (await read(id)).state === 'queued', patienceMs)
})

test('why a run could not be judged outlives the host, and it is judged again when resumed', async () => {
  vi.stubEnv('IDLE_FAILS', 'arm2')
  const { id, path } = await describe([0])
  const { services } = await openHost()
  await services.ablations.resume(id)
  await until(async () => (await read(id)).state === 'failed', patienceMs)
  await workbench!.close()
  vi.stubEnv('IDLE_FAILS', 'nothing')
  const { services: later } = await openHost()
  await until(async () => (await later.ablations.list()).length === 1, patienceMs)
  expect((await read(id)).cells.map(({ state, error }) => [state, error?.message])).toEqual([['done', undefined], ['failed', 'The block fell through the table.']])
  await later.ablations.resume(id)
  await until(async () => (await read(id)).state === 'finished', patienceMs)
  expect(JSON.parse(readFileSync(join(path, 'failures.json'), 'utf8'))).toEqual({})
})

test('deleted it is in no list and its runs stay; restored it is whole, unless it was started anew', async () => {
  const { id, path } = await describe([0])
  const { services } = await openHost()
  await services.ablations.resume(id)
  await expect(services.ablations.remove(id)).rejects.toMatchObject({ code: 'usage', hint: 'Pause it first.' })
  await until(async () => (await read(id)).state === 'finished', patienceMs)
  const before = await read(id)
  const told: string[] = []
  services.onEvent((event) => event.type === 'ablation-removed' && told.push(event.id))
  await services.ablations.remove(id)
  expect(told).toEqual([id])
  expect(await services.ablations.list()).toEqual([])
  expect(existsSync(path)).toBe(false)
  expect((await services.runs.list()).map((run) => run.id).sort()).toEqual(before.cells.map(({ runId }) => runId).sort())
  expect(await services.ablations.restore(id)).toEqual(before)
  expect(await services.ablations.list()).toEqual([before])
  await services.ablations.remove(id)
  await describe([0])
  await expect(services.ablations.restore(id)).rejects.toMatchObject({ code: 'usage' })
})

test('kill -9 of the host: the next one goes on where it was, without being asked', async () => {
  const { id, plan } = await describe()
  const program = fileURLToPath(new URL('../../support/host-process.ts', import.meta.url))
  writeFileSync(join(home.root, 'ablations.json'), JSON.stringify({ ids: [id] }))
  const host = spawn(process.execPath, [program, home.root], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, IDLE_HOLD: 'arm2-seed0' } })
  await once(host.stdout, 'data')
  const second = pathOf(`${id}-arm2-seed0`)
  await until(async () => existsSync(second) && (await readStatus(second)).state === 'running', patienceMs)
  host.kill('SIGKILL')
  await until(async () => (await readStatus(second)).state === 'paused', patienceMs)
  const reached = (await readStatus(second)).step
  await openHost()
  await until(async () => (await read(id))?.state === 'finished', patienceMs)
  expect(await states(id)).toEqual(plan.cells.map(() => 'done'))
  expect((await readStatus(second)).step).toBeGreaterThanOrEqual(reached)
})
