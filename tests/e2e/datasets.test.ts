/** The Data page and the inspector in a real browser over generated data: what is found, flagged, noted and shown of a dataset's episodes. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { focused, hash, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

describe('inspector', () => {
  const cards = () => page.getByTestId('episode').evaluateAll((all) => all.map((card) => Number((card as HTMLElement).dataset['card'])))
  const shown = () => page.getByTestId('episode-count').innerText()

  it('finds, flags with undo, opens and comes back, by keyboard alone', async () => {
    await open('/data/tabletop-demo-8f21')
    await page.getByTestId('episode').first().waitFor()
    await page.keyboard.press('/')
    await expect.poll(focused).toBe('episode-filter')
    await page.keyboard.type('drawer')
    await expect.poll(shown).toBe('13 of 40 episodes')
    await expect.poll(hash).toContain('q=drawer')
    const [first, second, third] = await cards()
    await page.locator(`[data-card="${first}"] a`).focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-card]')?.dataset['card'])).toBe(String(second))
    await page.keyboard.press('f')
    const isFlagged = (index: number | undefined) => page.locator(`[data-card="${index}"] [data-testid="flag"]`).getAttribute('aria-pressed')
    await expect.poll(() => isFlagged(second)).toBe('true')
    await page.keyboard.press('Control+z')
    await expect.poll(() => isFlagged(second)).toBe('false')
    await page.keyboard.press('f')
    await page.keyboard.press('Enter')
    await page.getByTestId('episode-player').waitFor()
    expect(await hash()).toMatch(new RegExp(`/${second}(\\?|$)`))
    // The next episode of those that the filter leaves.
    await page.keyboard.press('ArrowDown')
    await expect.poll(hash).toContain(`/${third}?`)
    await page.keyboard.press('Escape')
    await page.getByTestId('episode-grid').waitFor()
    expect(await page.getByTestId('episode-filter').inputValue()).toBe('drawer')
    // Kept by the host, not by this page.
    await page.reload()
    await expect.poll(() => isFlagged(second)).toBe('true')
  })

  it('flags, notes, filters and exports by mouse', async () => {
    await open('/data/tabletop-demo-8f21')
    await page.getByTestId('episode').first().waitFor()
    await page.getByTestId('filter-most').fill('64')
    await page.getByTestId('filter-most').press('Tab')
    const few = Number((await shown()).split(' ')[0])
    expect(few).toBeGreaterThan(0)
    await page.getByTestId('flag-shown').click()
    await page.getByTestId('filter-most').fill('')
    await page.getByTestId('filter-most').press('Tab')
    await page.getByTestId('filter-mark').selectOption('flagged')
    await expect.poll(async () => Number((await shown()).split(' ')[0])).toBeGreaterThanOrEqual(few)
    await page.getByTestId('episode').first().locator('a').click()
    await page.getByTestId('episode-note').fill('the hand slips')
    await page.getByTestId('episode-note').press('Tab')
    await page.keyboard.press('Escape')
    await page.getByTestId('filter-mark').selectOption('noted')
    await expect.poll(async () => Number((await shown()).split(' ')[0])).toBe(1)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('export-csv').click()])
    const csv = await readFile(await download.path(), 'utf8')
    expect(csv.split('\r\n')[0]).toBe('episode,frames,instruction,note')
    expect(csv).toContain('the hand slips')
  })

  it('shows cameras, motion image and arrows of one frame, and the plots’ playhead on it', async () => {
    await open('/data/tabletop-demo-8f21/3?f=12')
    await page.keyboard.press('m')
    await page.keyboard.press('q')
    for (const pane of ['agentview', 'robot0_eye_in_hand', 'motion']) await expect.poll(() => page.getByTestId(`pane-${pane}`).getAttribute('data-frame')).toBe('12')
    await expect.poll(() => page.getByTestId('quiver').getAttribute('data-arrows')).not.toBe('0')
    const box = (await page.getByTestId('plot-state').locator('.chart').boundingBox())!
    await page.mouse.click(box.x + box.width * 0.6, box.y + 60)
    const frame = Number(await page.getByTestId('frame-label').getAttribute('data-frame'))
    expect(frame).toBeGreaterThan(30)
    for (const plot of ['plot-state', 'plot-action']) expect(await page.getByTestId(plot).getByTestId('playhead').getAttribute('data-frame')).toBe(String(frame))
    await expect.poll(() => page.getByTestId('pane-motion').getAttribute('data-frame')).toBe(String(frame))
    // The link holds all of it.
    await expect.poll(hash).toMatch(new RegExp(`f=${frame}.*`))
    expect(await hash()).toMatch(/motion=1/)
  })
})
