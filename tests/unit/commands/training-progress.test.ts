import { expect, it } from 'vitest'
import { Interrupts } from '../../../electron/commands/interrupt.ts'
import { createContext } from '../../../electron/commands/context.ts'
import { TrainingProgress } from '../../../electron/commands/training.ts'

function shown(): { progress: TrainingProgress; lines: () => string[]; pass: (ms: number) => void } {
  let [now, text] = [0, '']
  const terminal = { out: () => {}, err: (more: string) => void (text += more), isInteractive: false, columns: () => 80, outColumns: () => Infinity, now: () => now }
  const context = createContext({ home: '/nowhere' }, terminal, new Interrupts(terminal.err))
  return { progress: new TrainingProgress(context, ''), lines: () => text.split('\n').filter((line) => line !== ''), pass: (ms) => void (now += ms) }
}

it('counts a resumed run from where it continues, so that its speed is that of now', () => {
  const { progress, lines, pass } = shown()
  progress.show({ type: 'phase', phase: 'train', totalSteps: 300 })
  for (let step = 152; step <= 200; step++) {
    progress.show({ type: 'step', phase: 'train', step, values: { 'loss/action': 0.5 } })
    pass(1000)
  }
  progress.finish('paused')
  expect(lines()[1]).toBe('Training: continues at 151 of 300 steps')
  expect(lines().some((line) => /  1\.00\/s  /.test(line))).toBe(true)
  expect(lines().at(-1)).toBe('Training: paused, loss/action 0.5 in 0:49, 1.00 steps/s')
})

it('begins at the first step without saying so, and tells of an ended phase how it ended', () => {
  const { progress, lines } = shown()
  progress.show({ type: 'phase', phase: 'load', totalSteps: 1 })
  progress.show({ type: 'progress', phase: 'load', step: 1, totalSteps: 1 })
  progress.show({ type: 'phase', phase: 'train', totalSteps: 2 })
  progress.show({ type: 'step', phase: 'train', step: 1, values: {} })
  progress.finish()
  expect(lines()).toEqual(['Loading data: 1 episode', 'Loading data: 1 episode in 0:00', 'Training: 2 steps', 'Training: 1 step in 0:00'])
})
