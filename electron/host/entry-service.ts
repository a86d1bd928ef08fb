import type { AskToRun, HasRun } from '../engine/protocol.ts'
import type { ChildProcess } from '../platform/child-process.ts'
import { runEntry, type RunEntry } from '../platform/run-entry.ts'

/** Runs programs for a child that cannot start processes itself, and answers it with how they ended. */
export function serveEntries(child: ChildProcess, run: RunEntry = runEntry): void {
  child.onMessage((raw) => {
    const message = raw as AskToRun
    // A child may ask for the probe alone: it needs no more, and whoever takes it over gets no more.
    if (message.type !== 'run-entry' || message.entry !== 'probe-worker') return
    void run(message.entry, message.args, { timeoutMs: Math.min(message.timeoutMs, 120_000) }).then((end) => {
      child.send({ type: 'entry-ended', run: message.run, end } satisfies HasRun)
    })
  })
}
