import { KinoraError } from '../../contract/errors.ts'
import type { RunState } from '../../contract/run.ts'

/** Which state may follow which. `crashed` is never written by the run itself: whoever finds the process gone does. */
const successors: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['starting', 'paused', 'stopped', 'failed', 'crashed'],
  starting: ['running', 'pausing', 'paused', 'finished', 'stopped', 'failed', 'crashed'],
  running: ['stalled', 'pausing', 'paused', 'finished', 'stopped', 'failed', 'crashed'],
  stalled: ['running', 'pausing', 'paused', 'finished', 'stopped', 'failed', 'crashed'],
  // The last step may be done before the pause takes hold.
  pausing: ['paused', 'finished', 'stopped', 'failed', 'crashed'],
  paused: ['queued', 'starting', 'stopped'],
  finished: [],
  stopped: ['queued', 'starting'],
  failed: ['queued', 'starting'],
  crashed: ['queued', 'starting', 'stopped'],
}

export function canFollow(from: RunState, to: RunState): boolean {
  return from === to || successors[from].includes(to)
}

/** @throws KinoraError `usage` when the run cannot go from one to the other. */
export function checkTransition(run: string, from: RunState, to: RunState): void {
  if (canFollow(from, to)) return
  const possible = successors[from].join(', ') || 'nothing'
  throw new KinoraError('usage', `Run ${run} is ${from} and cannot become ${to}.`, `From ${from} it can become: ${possible}.`)
}
