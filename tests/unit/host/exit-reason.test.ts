import { expect, test } from 'vitest'
import { exitReason } from '../../../electron/host/exit-reason.ts'

test.each([
  [{ code: null, signal: 'SIGKILL' }, /SIGKILL.*memory ran out/, /batchSize/],
  [{ code: 137, signal: null }, /SIGKILL/, /Resume/],
  [{ code: null, signal: 'SIGSEGV' }, /invalid memory access/, /device/],
  [{ code: 3221225477, signal: null }, /invalid memory access/, /device/],
  [{ code: -1073741819, signal: null }, /invalid memory access/, /device/],
  [{ code: 134, signal: null }, /SIGABRT/, /engine\.log/],
  [{ code: 1, signal: null }, /with code 1/, /Resume/],
  [{ code: 0xc0000142, signal: null }, /0xC0000142/, /Resume/],
] as const)('%j is told in words', (exit, message, hint) => {
  const reason = exitReason(exit)
  expect(reason.message).toMatch(message)
  expect(reason.hint).toMatch(hint)
})

test('what the process said last is told, and out of memory is recognised in it', () => {
  expect(exitReason({ code: 1, signal: null }, ['terminate called', 'what(): std::bad_alloc']).message).toMatch(/ran out of memory.*bad_alloc/)
})
