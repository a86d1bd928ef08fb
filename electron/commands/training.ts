import { basename, dirname } from 'node:path'
import { shellWord } from '../base/shell-word.ts'
import { exitCodes, KinoraError } from '../contract/errors.ts'
import type { RunStatus } from '../contract/run.ts'
import { runTrainingJob } from '../engine/training/training-job.ts'
import { significant } from '../report/numbers.ts'
import type { TrainEvent } from '../trainer/train.ts'
import type { Context } from './context.ts'

const phaseNames: Record<string, { label: string; unit: string }> = {
  load: { label: 'Loading data', unit: 'episodes' },
  vae: { label: 'Motion VAE', unit: 'steps' },
  latents: { label: 'Motion latents', unit: 'pictures' },
  train: { label: 'Training', unit: 'steps' },
}

/** A run's training on the terminal, phase by phase. */
export class TrainingProgress {
  readonly #context: Context
  readonly #label: string
  #phase = ''
  #total = 0
  #hasStep = false
  #note = ''

  constructor(context: Context, label: string) {
    this.#context = context
    this.#label = label
  }

  show(event: TrainEvent): void {
    const { progress, isVerbose } = this.#context
    switch (event.type) {
      case 'phase':
        this.finish()
        this.#phase = event.phase
        this.#total = event.totalSteps
        this.#start(0)
        break
      case 'progress':
        progress.update(event.step)
        break
      case 'step':
        // A run that is resumed begins in the middle, which is no speed.
        if (!this.#hasStep && event.step > 1) this.#start(event.step - 1)
        this.#hasStep = true
        this.#note = lossNote(event.values)
        progress.update(event.step, this.#note)
        break
      case 'vae':
        this.#note = `${event.isCached ? 'trained before' : 'trained'}, ${noteOf(event.values)}`
        break
      case 'notice':
        progress.log(`  ${event.message}`)
        break
      case 'samples':
        if (isVerbose) progress.log(`  step ${event.step}: imagined motion in samples/${event.step}.png`)
        break
      case 'validation':
        if (isVerbose) progress.log(`  step ${event.step}: ${noteOf(event.values)}`)
    }
  }

  /** Ends the phase, if one is on. @param word how it ended */
  finish(word = 'done'): void {
    if (this.#phase !== '') this.#context.progress.finish(this.#note === '' && word === 'done' ? '' : [word, this.#note].filter((part) => part !== '').join(', '))
    this.#phase = ''
    this.#note = ''
    this.#hasStep = false
  }

  #start(done: number): void {
    const { label, unit } = phaseNames[this.#phase] ?? { label: this.#phase, unit: 'steps' }
    this.#context.progress.start(this.#label === '' ? label : `${this.#label}: ${label.toLowerCase()}`, this.#total, unit, done)
  }
}

/**
 * Trains a run in this process with its progress on the terminal, until it is done or paused by Ctrl-C.
 * @param ignoresMemory train though memory looks too short, or because it was looked at already
 * @returns its last status; `failed` is thrown as the error that it holds.
 */
export async function trainHere(context: Context, runPath: string, { label = '', ignoresMemory = false } = {}): Promise<RunStatus> {
  const shown = new TrainingProgress(context, label)
  const status = await runTrainingJob({ runPath, home: context.home, signal: context.signal, ignoresMemory, onEvent: (event) => shown.show(event) })
  shown.finish(status.state === 'finished' ? 'done' : status.state)
  if (status.state === 'failed') {
    const { code, message, hint } = KinoraError.from(status.error)
    // The same command would begin another run.
    const next = code === 'disk-full' ? `Free some space, then continue: kinora train --resume ${shellWord(dirname(runPath) === context.home.runs ? basename(runPath) : runPath)}` : hint
    throw new KinoraError(code, message, next)
  }
  return status
}

/** Losses of a record in few words. */
function lossNote(values: Readonly<Record<string, number>>): string {
  return noteOf(Object.fromEntries(Object.entries(values).filter(([name]) => /^(loss\/(action|motion)|vae\/reconstruction)$/.test(name))))
}

function noteOf(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${significant(value)}`)
    .join('  ')
}

/** The exit code of a training that ended without an error. */
export function trainingExitCode(status: RunStatus): number {
  return status.state === 'finished' || status.state === 'stopped' ? 0 : exitCodes.interrupted
}
