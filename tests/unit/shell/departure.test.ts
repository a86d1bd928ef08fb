import { expect, test, vi } from 'vitest'
import { Departure } from '../../../electron/shell/departure.ts'
import type { Leaving } from '../../../electron/shell/leaving.ts'

function scene(running: number, answers: Leaving[] = []): { departure: Departure; log: string[] } {
  const log: string[] = []
  const departure = new Departure({
    runningCount: () => running,
    ask: () => {
      log.push('ask')
      return Promise.resolve(answers.shift() ?? 'cancel')
    },
    keep: () => log.push('keep'),
    close: async () => {
      log.push('close')
      await new Promise((resolve) => setTimeout(resolve, 5))
    },
    exit: () => log.push('exit'),
  })
  return { departure, log }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

test('without runs it closes without a question, once', async () => {
  const { departure, log } = scene(0)
  expect(departure.windowCloses()).toBe(false)
  expect(departure.appQuits()).toBe(false)
  await settled()
  expect(log).toEqual(['close', 'exit'])
  expect(departure.windowCloses()).toBe(true)
  expect(departure.appQuits()).toBe(true)
})

test('with runs it asks once, however often the user tries, and cancelling changes nothing', async () => {
  const { departure, log } = scene(2, ['cancel', 'pause'])
  departure.windowCloses()
  departure.windowCloses()
  departure.appQuits()
  await settled()
  expect(log).toEqual(['ask'])
  expect(departure.appQuits()).toBe(false)
  await settled()
  expect(log).toEqual(['ask', 'ask', 'close', 'exit'])
})

test('keeping goes on in the tray and asks again next time', async () => {
  const { departure, log } = scene(1, ['keep', 'keep'])
  departure.windowCloses()
  await settled()
  departure.appQuits()
  await settled()
  expect(log).toEqual(['ask', 'keep', 'ask', 'keep'])
})

test('a signal closes without a question, also while one is on screen', async () => {
  const log: string[] = []
  let answer: (leaving: Leaving) => void = () => {}
  const departure = new Departure({
    runningCount: () => 1,
    ask: () => new Promise((resolve) => (answer = resolve)),
    keep: () => log.push('keep'),
    close: () => Promise.resolve(void log.push('close')),
    exit: () => log.push('exit'),
  })
  departure.windowCloses()
  await departure.closeNow()
  answer('keep')
  await departure.closeNow()
  await settled()
  expect(log).toEqual(['close', 'exit'])
})

test('a closing that fails still ends the app', async () => {
  const exit = vi.fn()
  const departure = new Departure({ runningCount: () => 0, ask: () => Promise.resolve('cancel'), keep: () => {}, close: () => Promise.reject(new Error('disk')), exit })
  await expect(departure.closeNow()).rejects.toThrow('disk')
  expect(exit).toHaveBeenCalledOnce()
})
