import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readStatus } from '../../../electron/engine/runs/run-folder.ts'
import { startHeadless } from '../../../electron/host/server.ts'
import { isAlive, processStart } from '../../../electron/platform/process-table.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'
import { makeRun, temporaryHome, until } from '../../support/run-fixtures.ts'

const program = fileURLToPath(new URL('../../support/host-process.ts', import.meta.url))

test('kill -9 of the host: its run saves and pauses, its processes end, and the next host takes the home over', async () => {
  const home = temporaryHome()
  const { path, identity } = await makeRun(home)
  const host = spawn(process.execPath, [program, home.root], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(host.stdout, 'data')) as [Buffer]
  const { desk } = JSON.parse(line.toString()) as { desk: number }
  await until(async () => (await readStatus(path)).state === 'running', 10_000)
  const job = (await readStatus(path)).pid!
  const identities = await Promise.all([desk, job].map(async (pid) => ({ pid, processStart: await processStart(pid) })))

  host.kill('SIGKILL')
  await until(async () => (await readStatus(path)).state === 'paused')
  await until(async () => !(await Promise.all(identities.map(isAlive))).includes(true))

  const next = await startHeadless({ home, spawn: spawnIdleEngine })
  expect((await next.workbench.services.runs.list()).map(({ id, status }) => [id, status.state])).toEqual([[identity.id, 'paused']])
  await next.workbench.services.runs.resume(identity.id)
  await until(async () => (await readStatus(path)).state === 'running')
  await next.close()
  expect((await readStatus(path)).state).toBe('paused')
})
