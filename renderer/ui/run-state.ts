import { CircleCheck, CircleDashed, CirclePause, CirclePlay, CircleX, Clock3, Hourglass, PauseCircle, Square, Unlink } from '@lucide/vue'
import type { Component } from 'vue'
import { activeStates, resumableStates, type RunState, type RunSummary } from '../../electron/contract/run.ts'
import type { RunAction } from '../stores/runs.ts'

export type Tone = 'grey' | 'blue' | 'amber' | 'violet' | 'green' | 'red'

export interface StateLook {
  readonly icon: Component
  readonly tone: Tone
}

/** Each state has a word (text.states), an icon and a colour; none of them stands alone. */
export const stateLook: Record<RunState, StateLook> = {
  queued: { icon: Clock3, tone: 'grey' },
  starting: { icon: CircleDashed, tone: 'blue' },
  running: { icon: CirclePlay, tone: 'blue' },
  stalled: { icon: Hourglass, tone: 'amber' },
  pausing: { icon: PauseCircle, tone: 'violet' },
  paused: { icon: CirclePause, tone: 'violet' },
  finished: { icon: CircleCheck, tone: 'green' },
  stopped: { icon: Square, tone: 'grey' },
  failed: { icon: CircleX, tone: 'red' },
  crashed: { icon: Unlink, tone: 'red' },
}

/** What may be done with a run in a state. */
export function allowedActions(state: RunState): Record<RunAction, boolean> {
  return {
    pause: state === 'running' || state === 'stalled' || state === 'starting',
    resume: resumableStates.includes(state),
    stop: activeStates.includes(state) || state === 'queued' || state === 'paused',
  }
}

/** The step a resume would start from, or null where nothing is kept yet. */
export function resumeStep(run: Pick<RunSummary, 'checkpoints'>): number | null {
  return run.checkpoints.length > 0 ? Math.max(...run.checkpoints) : null
}
