import { toDisposable, type Disposable } from '../../electron/base/disposable.ts'

/** After so long without a hand at mouse, keyboard or screen, nobody is taken to be at the page. */
export const attentionMs = 10_000

const signs = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const

/** Tells whenever somebody comes to the page or leaves it: nobody is at a page that is hidden or has long not been touched. */
export function watchAttention(tell: (isAttended: boolean) => void): Disposable {
  let isAttended = true
  let lastSign = performance.now()
  let timer: ReturnType<typeof setTimeout> | undefined

  function change(value: boolean): void {
    if (value === isAttended) return
    isAttended = value
    tell(value)
  }
  function look(): void {
    clearTimeout(timer)
    const restMs = document.visibilityState === 'hidden' ? 0 : lastSign + attentionMs - performance.now()
    change(restMs > 0)
    if (restMs > 0) timer = setTimeout(look, restMs)
  }
  function onSign(): void {
    lastSign = performance.now()
    if (!isAttended) look()
  }
  function onVisibility(): void {
    lastSign = performance.now()
    look()
  }

  for (const sign of signs) addEventListener(sign, onSign, { passive: true, capture: true })
  document.addEventListener('visibilitychange', onVisibility)
  look()
  return toDisposable(() => {
    clearTimeout(timer)
    for (const sign of signs) removeEventListener(sign, onSign, { capture: true })
    document.removeEventListener('visibilitychange', onVisibility)
  })
}
