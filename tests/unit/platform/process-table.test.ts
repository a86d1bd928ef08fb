import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isAlive, ownIdentity, processStart, startTicksFromStat } from '../../../electron/platform/process-table.ts'

test('this process is alive, and the same pid with another start is not', async () => {
  const own = await ownIdentity()
  expect(own.processStart).not.toBeNull()
  expect(await isAlive(own)).toBe(true)
  expect(await isAlive({ ...own, processStart: `${own.processStart}0` })).toBe(false)
})

test('the start time of a process is stable and ends with it', async () => {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  const identity = { pid: child.pid!, processStart: await processStart(child.pid!) }
  expect(identity.processStart).not.toBeNull()
  expect(await processStart(child.pid!)).toBe(identity.processStart)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await isAlive(identity)).toBe(false)
  expect(await processStart(child.pid!)).toBeNull()
})

test('a program name with spaces and parentheses does not shift the fields, and a zombie counts as ended', () => {
  const fields = (state: string): string => `42 (a) b) (c) ${state} ${Array.from({ length: 18 }, (_, index) => index + 4).join(' ')} 987654 rest`
  expect(startTicksFromStat(fields('S'))).toBe('987654')
  expect(startTicksFromStat(fields('Z'))).toBeNull()
})
