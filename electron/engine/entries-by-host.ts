import type { ParentChannel } from '../platform/child-process.ts'
import type { EntryEnd, RunEntry } from '../platform/run-entry.ts'
import type { AskToRun, HasRun } from './protocol.ts'

/** Runs programs by asking the host over the channel. An abort is not passed on: the time limit ends the program. */
export function entriesByHost(channel: ParentChannel): RunEntry {
  const waiting = new Map<number, (end: EntryEnd) => void>()
  let count = 0
  channel.onMessage((raw) => {
    const message = raw as HasRun
    if (message.type !== 'entry-ended') return
    waiting.get(message.run)?.(message.end)
    waiting.delete(message.run)
  })
  return (entry, args, { timeoutMs }) =>
    new Promise((resolve) => {
      const run = count++
      waiting.set(run, resolve)
      channel.send({ type: 'run-entry', run, entry, args: [...args], timeoutMs } satisfies AskToRun)
    })
}
