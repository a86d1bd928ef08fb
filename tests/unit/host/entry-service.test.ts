import { expect, test } from 'vitest'
import { Emitter } from '../../../electron/base/event.ts'
import { entriesByHost } from '../../../electron/engine/entries-by-host.ts'
import { serveEntries } from '../../../electron/host/entry-service.ts'
import type { EntryEnd, RunEntry } from '../../../electron/platform/run-entry.ts'
import type { Entry } from '../../../electron/platform/entry.ts'

const end: EntryEnd = { code: 0, signal: null, stdout: 'out', stderr: '', isLate: false, startError: null }

/** A child and its parent, joined as the real channel joins them: by structured clones. */
function joined(run: RunEntry): { ask: RunEntry } {
  const toParent = new Emitter<unknown>()
  const toChild = new Emitter<unknown>()
  serveEntries({ pid: 1, send: (message) => toChild.fire(structuredClone(message)), onMessage: toParent.event, onExit: new Emitter<never>().event, kill: () => {} }, run)
  return { ask: entriesByHost({ send: (message) => toParent.fire(structuredClone(message)), onMessage: toChild.event, onClose: () => ({ dispose() {} }) }) }
}

test('a child that cannot start processes has the host do it, each answer to its question', async () => {
  const asked: [Entry, readonly string[], number][] = []
  const { ask } = joined(async (entry, args, { timeoutMs }) => {
    asked.push([entry, args, timeoutMs])
    await new Promise((resolve) => setTimeout(resolve, args[0] === 'slow' ? 20 : 1))
    return { ...end, stdout: args[0]! }
  })
  const both = await Promise.all([ask('probe-worker', ['slow'], { timeoutMs: 5 }), ask('probe-worker', ['fast'], { timeoutMs: 1e9 })])
  expect(both.map(({ stdout }) => stdout)).toEqual(['slow', 'fast'])
  expect(asked).toEqual([['probe-worker', ['slow'], 5], ['probe-worker', ['fast'], 120_000]])
})

test('nothing but the probe is run for a child', async () => {
  let count = 0
  const { ask } = joined(() => {
    count++
    return Promise.resolve(end)
  })
  void ask('cli', ['demo'], { timeoutMs: 10 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(count).toBe(0)
})
