import { exitCodes, KinoraError } from '../contract/errors.ts'
import type { RunStatus } from '../contract/run.ts'
import { runTrainingJob } from '../engine/training-job.ts'
import { significant } from '../report/numbers.ts'
import type { Context } from './context.ts'

const phaseNames: Record<string, { label: string; unit: string }> = {
  load: { label: 'Loading data', unit: 'episodes' },
  vae: { label: 'Motion VAE', unit: 'steps' },
  train: { label: 'Training', unit: 'steps' },
}

/**
 * Trains a run in this process with its progress on the terminal, until it is done or paused by Ctrl-C.
 * @returns its last status; `failed` is thrown as the error that it holds.
 */
export async function trainHere(context: Context, runPath: string, label = ''): Promise<RunStatus> {
  const { progress } = context
  let phase = ''
  let note = ''
  const status = await runTrainingJob({
    runPath,
    home: context.home,
    signal: context.signal,
    onEvent(event) {
      if (event.type === 'phase') {
        if (phase !== '') progress.finish(finalNote(note))
        phase = event.phase
        note = ''
        const { label: name, unit } = phaseNames[phase] ?? { label: phase, unit: 'steps' }
        progress.start(label === '' ? name : `${label}: ${name.toLowerCase()}`, event.totalSteps, unit)
      } else if (event.type === 'step') {
        note = lossNote(event.values) || note
        progress.update(event.step, note)
      } else if (event.type === 'validation') {
        const words = lossNote(event.values)
        if (words !== '' && context.isVerbose) progress.log(`  validation at step ${event.step}: ${words}`)
      }
    },
  })
  if (phase !== '') progress.finish(finalNote(note))
  if (status.state === 'failed') throw KinoraError.from(status.error)
  return status
}

function finalNote(note: string): string {
  return note === '' ? '' : `done, ${note}`
}

/** Losses of a record in few words. */
function lossNote(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .filter(([name]) => /loss/i.test(name))
    .slice(0, 3)
    .map(([name, value]) => `${name} ${significant(value)}`)
    .join('  ')
}

/** The exit code of a training that ended without an error. */
export function trainingExitCode(status: RunStatus): number {
  return status.state === 'finished' || status.state === 'stopped' ? 0 : exitCodes.interrupted
}
