/** What lies where at 1280 by 800, the smallest window that is designed for: nothing over a control, and names told apart. */
import { describe, expect, it } from 'vitest'
import { host, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

/** Controls of which a part that should be seen lies under something else: at their left end, their middle or their right end. */
const covered = (): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main :is(a, button, input, select, textarea), header :is(a, button, input, select)')].flatMap((control) => {
      const box = control.getBoundingClientRect()
      if (box.width < 4 || getComputedStyle(control).visibility === 'hidden') return []
      return [box.left + 3, (box.left + box.right) / 2, box.right - 3].flatMap((x) => {
        const y = (box.top + box.bottom) / 2
        // Scrolled or cut away is not covered.
        for (let outer = control.parentElement; outer !== null; outer = outer.parentElement) {
          const clip = outer.getBoundingClientRect()
          if (getComputedStyle(outer).overflow !== 'visible' && (x < clip.left || x > clip.right || y < clip.top || y > clip.bottom)) return []
        }
        const top = document.elementFromPoint(x, y)
        // A column that stays in view while the others scroll under it.
        const isHeld = getComputedStyle(top?.closest('th, td') ?? control).position === 'sticky'
        if (top === null || isHeld || control.contains(top) || top.contains(control) || (top.closest('label')?.contains(control) ?? false)) return []
        return [`${control.dataset['testid'] ?? control.textContent?.trim().slice(0, 40)} under ${(top as HTMLElement).dataset['testid'] ?? top.tagName}`]
      })
    }),
  )

describe('controls', () => {
  it.each([
    ['/runs', 'run-row'],
    ['/data/tabletop-demo-8f21', 'episode'],
    ['/data/tabletop-demo-8f21/3?f=12&motion=1&overlay=quiver', 'pane-motion'],
    ['/configure?from=joint-horizon-10-with-a-r-4', 'field-filter'],
    ['/replay/demo-joint-1?f=42', 'pane-error'],
    ['/replay/demo-joint-1?f=42&with=joint-lambda-0.3-3', 'pane-error-1'],
    ['/replay/demo-joint-1?f=42&view=wipe&quiver=1', 'wipe'],
    ['/simulate?task=tabletop-goal/push-button&seed=20001&policy=demo-joint-1', 'simulate-act'],
    ['/evaluate', 'discordant-seed'],
    ['/review?runs=demo-joint-1,demo-action-2,joint-horizon-10-with-a-r-4', 'curve'],
    ['/settings', 'host-settings'],
  ])('lie beside one another at %s', async (path, ready) => {
    await open(path)
    await page.getByTestId(ready).first().waitFor()
    await expect.poll(covered).toEqual([])
  })
})

describe('long names', () => {
  it('keep the ends by which the runs of a sweep differ, and the arrow of their group', async () => {
    const sweep = ['seed=1', 'seed=2'].map((end) => `joint_pi0.5-nano_libero-spatial_lambda=0.3_horizon=16_normalisation=quantile_${end}`)
    const runs: string[] = []
    for (const name of sweep) runs.push((await host.services.runs.create(name, { data: { dataset: 'tabletop-demo-8f21' } })).id)
    await open('/runs?group=none')
    for (const [at, name] of sweep.entries()) {
      const link = page.locator(`[data-run="${runs[at]}"]`).getByTestId('run-link')
      await link.waitFor()
      expect(await link.textContent()).toBe(name)
      const end = (await link.getByText(name.slice(-12), { exact: true }).boundingBox())!
      const box = (await link.boundingBox())!
      expect(end.x + end.width).toBeLessThanOrEqual(box.x + box.width + 0.5)
    }
    await page.getByTestId('group-by').selectOption('data')
    const toggle = page.getByTestId('group-toggle').first()
    await toggle.waitFor()
    expect((await toggle.locator('svg').first().boundingBox())!.width).toBe(14)
  })
})
