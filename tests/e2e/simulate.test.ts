/**
 * The simulate page in a real browser: the expert acts live in the real simulator over the real host, by mouse and by
 * keyboard alone. How a checkpoint acts with the motion that it imagines is in workbench.test.ts.
 */
import { describe, expect, it } from 'vitest'
import { hash, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

const patience = { timeout: 60_000, interval: 100 }

async function openAtRest(path: string): Promise<void> {
  await open(path)
  page.setDefaultTimeout(60_000)
  await outcomeIs('resting')
}

const outcome = () => page.getByTestId('simulation-outcome')
const outcomeIs = (state: string) => page.locator(`[data-testid="simulation-outcome"][data-outcome="${state}"]`).waitFor()
/** Steps that were played, as the page says them. */
const steps = async () => Number(/step (\d+) of|after (\d+) step/.exec(await outcome().innerText())?.slice(1).find(Boolean) ?? 0)
const frame = async () => Number(await page.getByTestId('frame-label').getAttribute('data-frame'))
/** Every named pane shows the picture of this frame. */
const shows = (at: number, ...panes: string[]) => Promise.all(panes.map((pane) => page.locator(`[data-testid="pane-${pane}"][data-state="ready"][data-frame="${at}"]`).waitFor()))
const pixels = (pane: string) => page.getByTestId(`pane-${pane}`).locator('canvas').evaluate((canvas: HTMLCanvasElement) => [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data].join())

describe('simulate', () => {
  it('plays the chosen suite, task and seed, and is scrubbed back to the same pixels', async () => {
    await openAtRest('/simulate')
    await page.getByTestId('simulate-suite').selectOption('tabletop-goal')
    await page.getByTestId('simulate-task').selectOption('tabletop-goal/push-button')
    await expect.poll(hash, patience).toContain('task=tabletop-goal/push-button')
    await outcomeIs('resting')
    await shows(0, 'agentview')
    const first = await pixels('agentview')
    await page.getByTestId('simulate-seed').fill('20003')
    await page.getByTestId('simulate-seed').press('Enter')
    await expect.poll(hash, patience).toContain('seed=20003')
    await outcomeIs('resting')
    await shows(0, 'agentview', 'robot0_eye_in_hand')
    expect(await pixels('agentview')).not.toBe(first)
    const begun = await pixels('robot0_eye_in_hand')

    for (let step = 1; step <= 6; step++) {
      await page.getByTestId('simulate-step').click()
      await expect.poll(steps, patience).toBe(step)
    }
    await shows(6, 'agentview', 'robot0_eye_in_hand')
    expect(await pixels('robot0_eye_in_hand')).not.toBe(begun)
    // What moves from here on is not known yet; of an earlier frame it is.
    await expect.poll(() => page.getByTestId('pane-true-motion').getAttribute('data-state'), patience).toBe('absent')
    await page.getByTestId('scrubber').fill('0')
    await shows(0, 'agentview', 'robot0_eye_in_hand', 'true-motion')
    expect(await pixels('robot0_eye_in_hand')).toBe(begun)
    expect(new Set((await pixels('true-motion')).split(',')).size).toBeGreaterThan(4)

    await page.getByTestId('speed').selectOption('4')
    await page.getByTestId('simulate-act').click()
    await outcomeIs('success')
    expect(await steps()).toBeGreaterThan(20)
    await expect.poll(frame, patience).toBe(await steps())
    expect(await page.getByTestId('simulate-act').isDisabled()).toBe(true)
  })

  it('acts, rests, steps, looks back and begins again by keyboard alone', async () => {
    await openAtRest('/simulate?task=tabletop-goal/push-button&seed=20001&policy=expert')
    await page.keyboard.press('s')
    await expect.poll(steps, patience).toBe(1)
    await page.keyboard.press('a')
    await expect.poll(steps, patience).toBeGreaterThan(4)
    // It may have come to its end before the key; then there is nothing to rest.
    if ((await outcome().getAttribute('data-outcome')) === 'acting') await page.keyboard.press('a')
    await expect.poll(() => outcome().getAttribute('data-outcome'), patience).not.toBe('acting')
    const played = await steps()
    await expect.poll(frame, patience).toBe(played)
    await page.keyboard.press('Home')
    await expect.poll(frame, patience).toBe(0)
    await page.keyboard.press('ArrowRight')
    await expect.poll(frame, patience).toBe(1)
    expect(await steps()).toBe(played)
    await page.keyboard.press('r')
    await expect.poll(steps, patience).toBe(0)
    await page.keyboard.press('ArrowDown')
    await expect.poll(hash, patience).toContain('seed=20002')
    await outcomeIs('resting')
  })

  it('shows a policy that fails as failing, with the reason', async () => {
    await openAtRest('/simulate?task=tabletop-goal/push-button&seed=20001&policy=random')
    await page.getByTestId('speed').selectOption('4')
    await page.getByTestId('simulate-act').click()
    await outcomeIs('failure')
    expect(await outcome().innerText()).toContain('step limit of 120 reached')
  })
})
