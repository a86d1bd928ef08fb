import type { Page } from 'playwright-core'

const panesOfPlayer = '[data-testid="episode-player"] [data-testid^="pane-"][data-state]'

/** Resolves with the milliseconds until every pane of the player holds `frame`, from the moment that `begin` acts. */
export async function untilShown(page: Page, begin: { readonly hash?: string; readonly seek?: number }, frame: number): Promise<number> {
  return await page.evaluate(
    ({ hash, seek, wanted, selector }) =>
      new Promise<number>((resolve, reject) => {
        const startedAt = performance.now()
        if (hash !== undefined) location.hash = hash
        if (seek !== undefined) {
          const scrubber = document.querySelector<HTMLInputElement>('[data-testid="scrubber"]')!
          scrubber.value = String(seek)
          scrubber.dispatchEvent(new Event('input', { bubbles: true }))
        }
        const look = (): void => {
          const panes = [...document.querySelectorAll<HTMLElement>(selector)]
          if (panes.length > 0 && panes.every((pane) => pane.dataset['frame'] === String(wanted))) resolve(performance.now() - startedAt)
          else if (performance.now() - startedAt > 20_000) reject(new Error(`frame ${wanted} did not appear within 20 s`))
          else requestAnimationFrame(look)
        }
        look()
      }),
    { ...begin, wanted: frame, selector: panesOfPlayer },
  )
}

export interface Played {
  /** Distinct frames on screen a second. */
  readonly shownPerSecond: number
  /** Frames of the episode that passed a second, shown or skipped because the display is slower. */
  readonly passedPerSecond: number
  /** The largest difference between two panes at one moment. */
  readonly skew: number
}

/** Plays for a while from where the playhead is; a key of the player's sets the speed: each `l` doubles it. */
export async function play(page: Page, speed: 1 | 2 | 4, seconds: number): Promise<Played> {
  for (let doubled = 1; doubled <= speed; doubled *= 2) await page.keyboard.press('l')
  await page.waitForTimeout(500)
  const played = await page.evaluate(
    ({ durationMs, selector }) =>
      new Promise<Played>((resolve) => {
        const startedAt = performance.now()
        const seen = new Set<number>()
        let skew = 0
        const look = (): void => {
          const frames = [...document.querySelectorAll<HTMLElement>(selector)].map((pane) => Number(pane.dataset['frame'] ?? -1))
          skew = Math.max(skew, Math.max(...frames) - Math.min(...frames))
          seen.add(frames[0]!)
          const passedS = (performance.now() - startedAt) / 1000
          if (passedS * 1000 < durationMs) requestAnimationFrame(look)
          else resolve({ shownPerSecond: (seen.size - 1) / passedS, passedPerSecond: (Math.max(...seen) - Math.min(...seen)) / passedS, skew })
        }
        look()
      }),
    { durationMs: seconds * 1000, selector: panesOfPlayer },
  )
  await page.keyboard.press('k')
  return played
}
