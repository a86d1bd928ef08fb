import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acquireLock, lockHolder } from '../../../electron/platform/process-lock.ts'
import { ownIdentity } from '../../../electron/platform/process-table.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('one holder at a time; the next learns who it is and what it noted', async () => {
  const path = join(temporaryFolder(), 'lock')
  const first = await acquireLock(path, { port: 7 })
  if (!('lock' in first)) throw new Error('expected the lock')
  const second = await acquireLock(path)
  expect(second).toMatchObject({ holder: { pid: process.pid, port: 7 } })
  await first.lock.release()
  expect(await lockHolder(path)).toBeNull()
  expect('lock' in (await acquireLock(path))).toBe(true)
})

test('of many that try at once exactly one gets it', async () => {
  const path = join(temporaryFolder(), 'lock')
  const results = await Promise.all(Array.from({ length: 20 }, () => acquireLock(path)))
  expect(results.filter((result) => 'lock' in result).length).toBe(1)
})

test.each([
  ['a process that ended', async () => JSON.stringify({ pid: 2 ** 22 + 1, processStart: 'x:1' })],
  ['a reused pid', async () => JSON.stringify({ ...(await ownIdentity()), processStart: 'before-boot:1' })],
  ['a damaged file', async () => '{"pid":'],
])('a lock left by %s is taken over', async (_, content) => {
  const path = join(temporaryFolder(), 'lock')
  writeFileSync(path, await content())
  expect('lock' in (await acquireLock(path))).toBe(true)
})

test.skipIf(process.platform === 'win32')('is readable by its owner alone', async () => {
  const path = join(temporaryFolder(), 'lock')
  await acquireLock(path, { secret: 's' })
  expect(statSync(path).mode & 0o077).toBe(0)
})
