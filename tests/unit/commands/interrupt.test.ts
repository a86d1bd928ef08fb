import { afterEach, expect, it, vi } from 'vitest'
import { Interrupts } from '../../../electron/commands/interrupt.ts'

afterEach(() => vi.restoreAllMocks())

it('asks at the first press, takes doubled signals for one, and ends at the second', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never)
  const said: string[] = []
  const interrupts = new Interrupts((text) => said.push(text))
  interrupts.message = 'Pausing.'
  interrupts.press(1000)
  expect(interrupts.signal.aborted).toBe(true)
  expect(said).toEqual(['\nPausing.\n'])
  // npm and the terminal both pass the same Ctrl-C on.
  interrupts.press(1010)
  interrupts.press(1300)
  expect(exit).not.toHaveBeenCalled()
  interrupts.press(2500)
  expect(exit).toHaveBeenCalledWith(130)
})

it('listens only between install and uninstall', () => {
  const before = process.listenerCount('SIGINT')
  const interrupts = new Interrupts(() => {})
  interrupts.install()
  expect(process.listenerCount('SIGINT')).toBe(before + 1)
  interrupts.uninstall()
  expect(process.listenerCount('SIGINT')).toBe(before)
})
