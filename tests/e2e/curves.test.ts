/** Curves of metrics in a real browser over generated runs: zoom, axes, what they leave out, and how they grow. */
import { describe, expect, it } from 'vitest'
import { open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

describe('curves', () => {
  it('zoom together, say how many points they show, and mark what is no number', async () => {
    await open('/runs/joint-lr-1e-2-6')
    const curve = (metric: string) => page.locator(`[data-testid="curve"][data-metric="${metric}"]`)
    await expect.poll(() => curve('loss/action').getByTestId('curve-points').innerText()).toBe('612 of 612 points')
    expect(await curve('loss/action').getByTestId('curve-notes').innerText()).toContain('12 values not a number')
    const box = (await curve('loss/motion').getByRole('group').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.3, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 })
    await page.mouse.up()
    for (const metric of ['loss/motion', 'loss/action']) {
      await expect.poll(async () => Number((await curve(metric).getByTestId('curve-points').innerText()).split(' ')[0])).toBeLessThan(300)
    }
    expect(await curve('loss/motion').getByTestId('curve-readout').innerText()).toMatch(/step \d+/)
    await curve('loss/action').getByRole('group').press('0')
    await expect.poll(() => curve('loss/motion').getByTestId('curve-points').innerText()).toBe('612 of 612 points')
  })

  it('are zoomed to what the mouse brushes over, about the wheel, and shown whole by a double click or the button', async () => {
    await open('/runs/joint-lr-1e-2-6')
    const curve = page.locator('[data-testid="curve"][data-metric="loss/action"]')
    const shown = async () => Number((await curve.getByTestId('curve-points').innerText()).split(' ')[0])
    await expect.poll(shown).toBe(612)
    const box = (await curve.getByRole('group').boundingBox())!
    // The plot lies between the labels of its axes.
    const at = (share: number) => [box.x + 52 + share * (box.width - 66), box.y + 80] as const
    await page.mouse.move(...at(0.25))
    await page.mouse.down()
    await page.mouse.move(...at(0.75), { steps: 5 })
    const brush = curve.getByTestId('curve-brush')
    await brush.waitFor()
    expect((await brush.boundingBox())!.width).toBeCloseTo(0.5 * (box.width - 66), -1)
    await page.mouse.up()
    await expect.poll(() => brush.count()).toBe(0)
    await expect.poll(shown).toBeLessThan(325)
    expect(await shown()).toBeGreaterThan(285)
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -100)
    await page.keyboard.up('Control')
    await expect.poll(shown).toBeLessThan(275)
    await page.mouse.dblclick(...at(0.5))
    await expect.poll(shown).toBe(612)
    // Too short a drag is a click that slipped.
    await page.mouse.move(...at(0.5))
    await page.mouse.down()
    await page.mouse.move(at(0.5)[0] + 3, at(0.5)[1])
    await page.mouse.up()
    expect(await curve.getByTestId('zoom-reset').count()).toBe(0)
    await page.mouse.move(...at(0.1))
    await page.mouse.down()
    await page.mouse.move(...at(0.2), { steps: 3 })
    await page.mouse.up()
    await expect.poll(shown).toBeLessThan(80)
    await curve.getByTestId('zoom-reset').click()
    await expect.poll(shown).toBe(612)
  })

  it('say what a clipped or a logarithmic axis leaves out', async () => {
    await open('/runs/joint-lr-1e-2-6')
    const curve = page.locator('[data-testid="curve"][data-metric="loss/motion"]')
    await expect.poll(() => curve.getByTestId('curve-points').innerText()).toBe('612 of 612 points')
    expect(await curve.getByTestId('curve-notes').count()).toBe(0)
    await curve.getByTestId('curve-robust').press('Enter')
    await expect.poll(() => curve.getByTestId('curve-notes').innerText()).toContain('1 point above the axis')
    await curve.getByTestId('curve-robust').click()
    await expect.poll(() => curve.getByTestId('curve-notes').count()).toBe(0)
    await curve.getByTestId('curve-log').press('Enter')
    await expect.poll(() => curve.getByTestId('curve-notes').innerText()).toContain('1 value at or below 0')
  })

  it('grow while the run goes on, and show the numbers as a table', async () => {
    await open('/runs/joint-s2-7')
    const points = async () => Number((await page.getByTestId('curve-points').first().innerText()).split(' of ')[1]!.replace(/[^\d]/g, ''))
    await expect.poll(points).toBeGreaterThan(900)
    const before = await points()
    await expect.poll(points).toBeGreaterThan(before)
    await page.getByTestId('curve-table').first().click()
    await expect.poll(() => page.getByRole('dialog').getByRole('row').count()).toBeGreaterThan(100)
  })
})

describe('the curves of the runs page', () => {
  it('are of the runs that the query leaves', async () => {
    const curve = (metric: string) => page.locator(`[data-testid="curve"][data-metric="${metric}"]`)
    await open('/runs')
    await curve('loss/motion').waitFor()
    await page.getByTestId('run-query').fill('demo-action')
    // The one run that is left has no motion head.
    await expect.poll(() => curve('loss/motion').count()).toBe(0)
    await curve('loss/action').waitFor()
    await page.getByTestId('run-query').fill('nothing is called so')
    await expect.poll(() => page.getByTestId('curve').count()).toBe(0)
    await page.getByTestId('run-query').fill('')
    await curve('loss/motion').waitFor()
  })
})
