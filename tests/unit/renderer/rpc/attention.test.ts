import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { attentionMs, watchAttention } from '../../../../renderer/rpc/attention.ts'

/** As much of a browser as tells of hands and of visibility. */
const page = new EventTarget()
const shown = Object.assign(new EventTarget(), { visibilityState: 'visible' as 'visible' | 'hidden' })
function show(state: 'visible' | 'hidden'): void {
  shown.visibilityState = state
  shown.dispatchEvent(new Event('visibilitychange'))
}

let told: boolean[]
let watching: ReturnType<typeof watchAttention>
beforeEach(() => {
  vi.useFakeTimers()
  shown.visibilityState = 'visible'
  vi.stubGlobal('document', shown)
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
  told = []
  watching = watchAttention((isAttended) => told.push(isAttended))
})
afterEach(() => {
  watching.dispose()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('a page is left once nobody has touched it for long, and attended again at the first touch', () => {
  vi.advanceTimersByTime(attentionMs - 1)
  page.dispatchEvent(new Event('pointermove'))
  vi.advanceTimersByTime(attentionMs - 1)
  expect(told).toEqual([])
  vi.advanceTimersByTime(1)
  expect(told).toEqual([false])
  page.dispatchEvent(new Event('keydown'))
  page.dispatchEvent(new Event('wheel'))
  expect(told).toEqual([false, true])
  vi.advanceTimersByTime(attentionMs)
  expect(told).toEqual([false, true, false])
})

test('a hidden page is left at once, whatever was touched, and attended when it is shown', () => {
  page.dispatchEvent(new Event('pointerdown'))
  show('hidden')
  expect(told).toEqual([false])
  show('visible')
  expect(told).toEqual([false, true])
})

test('nothing is told, and nobody listens, once it is disposed of', () => {
  watching.dispose()
  show('hidden')
  vi.advanceTimersByTime(2 * attentionMs)
  page.dispatchEvent(new Event('pointermove'))
  expect(told).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
