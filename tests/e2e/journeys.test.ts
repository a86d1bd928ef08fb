/**
 * Journeys through the page by keyboard alone, with nothing but Tab and the keys that the page names, and the same by
 * mouse, over generated data. What the other files of this folder walk by both is not walked again here.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { focused, hash, host, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench({ hostOf: 'each-test' })

const names = () => page.getByTestId('run-link').allInnerTexts()

/** Goes to a control as someone without a mouse does. */
async function tabTo(testId: string): Promise<void> {
  await page.getByTestId(testId).first().waitFor()
  for (let press = 0; press < 150; press++) {
    if ((await focused()) === testId) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not come to ${testId}`)
}

/** Chooses a command by its title. */
async function command(title: string): Promise<void> {
  await page.keyboard.press('Control+k')
  await page.getByTestId('palette-input').waitFor()
  await page.keyboard.type(title)
  await expect.poll(() => page.locator('[data-testid="palette-item"], [role="option"]').first().innerText()).toContain(title)
  await page.keyboard.press('Enter')
}

describe('by keyboard alone', () => {
  it('an ablation is planned, started, paused and resumed', async () => {
    await open('/configure?preset=nano&tab=ablation')
    await tabTo('ablation-seeds')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('4, 5')
    await expect.poll(() => page.getByTestId('ablation-start').innerText()).toBe('Start 4 runs')
    await tabTo('ablation-start')
    await page.keyboard.press('Enter')
    await page.getByTestId('ablation-pause').waitFor()
    await tabTo('ablation-pause')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('ablation-view').getAttribute('data-state')).toBe('paused')
    await tabTo('ablation-resume')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('ablation-view').getAttribute('data-state')).toBe('finished')
    expect(await page.getByTestId('ablation-progress').innerText()).toBe('4 of 4 runs done')
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await expect.poll(hash).toContain('#/runs')
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await expect.poll(() => page.getByTestId('ablation-name').innerText()).toBe('ablation')
  })

  it('a view is saved and opened again', async () => {
    await open('/runs')
    await page.getByTestId('run-row').first().waitFor()
    await page.keyboard.press('/')
    await expect.poll(focused).toBe('run-query')
    await page.keyboard.type('lambda')
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
    await expect.poll(hash).toContain('q=lambda')
    await tabTo('views')
    await page.keyboard.press('Enter')
    await page.getByTestId('views-save').waitFor()
    await page.keyboard.type('save')
    await expect.poll(focused).toBe('views-save')
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('view-name')
    await page.keyboard.type('Lambda runs')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await host.services.runs.views()).map(({ name }) => name)).toEqual(['Lambda runs'])
    await expect.poll(() => page.getByTestId('view-name').count()).toBe(0)
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await expect.poll(hash).toBe('#/data')
    await command('Lambda runs')
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
  })

  it('a run is deleted, found in the trash and given back', async () => {
    await open('/runs?q=lambda')
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
    await tabTo('run-select')
    await page.keyboard.press('Space')
    await page.getByTestId('delete-selected').waitFor()
    await page.keyboard.press('Delete')
    await expect.poll(names).toEqual([])
    await command('Deleted runs')
    await tabTo('restore')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('trashed-run').count()).toBe(0)
    await page.keyboard.press('Escape')
    await expect.poll(names).toEqual(['joint-lambda-0.3'])
  })

  it('two runs are compared, and a seed on which they disagree is watched under both', async () => {
    await open('/review?runs=demo-joint-1,demo-action-2')
    await tabTo('discordant-seed')
    await page.keyboard.press('Enter')
    await expect.poll(hash).toMatch(/^#\/replay\/demo-joint-1\?.*rollout=/)
    await page.getByTestId('pane-camera-1').waitFor()
    await page.locator('[data-testid="pane-camera"][data-state="ready"]').waitFor()
    await page.keyboard.press('.')
    await expect.poll(() => page.locator('[data-testid^="pane-camera"][data-frame="1"]').count()).toBe(2)
    // The run without a motion head says so instead of leaving a hole.
    expect(await page.getByTestId('pane-predicted-motion-1').innerText()).toContain('has no motion head')
  })

  it('a report is made and saved', async () => {
    await open('/review?runs=demo-joint-1,demo-action-2')
    await tabTo('write-report')
    await page.keyboard.press('Enter')
    await page.getByTestId('save-report').waitFor()
    await tabTo('save-report')
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
    expect(readFileSync(await download.path(), 'utf8')).toContain('<h1>Report</h1>')
  })

  it('a failed rollout is opened from its evaluation', async () => {
    await open('/runs/demo-joint-1?tab=evaluation')
    await tabTo('failed-rollout')
    const seed = await page.getByTestId('failed-rollout').first().innerText()
    await page.keyboard.press('Enter')
    await expect.poll(hash).toMatch(new RegExp(`^#/replay/demo-joint-1\\?.*rollout=[\\w/-]+:${seed}`))
    await page.getByTestId('replay-stage').waitFor()
  })

  it('a policy acts in the tabletop, and what it did is stepped through', async () => {
    await open('/simulate?task=tabletop-goal/push-button&seed=20001')
    await tabTo('simulate-step')
    await page.keyboard.press('Enter')
    await expect.poll(async () => Number(await page.getByTestId('scrubber').getAttribute('max'))).toBeGreaterThan(0)
    await tabTo('simulate-act')
    await page.keyboard.press('Enter')
    await expect.poll(async () => Number(await page.getByTestId('scrubber').getAttribute('max'))).toBeGreaterThan(6)
    await tabTo('simulate-halt')
    await page.keyboard.press('Enter')
    await page.getByTestId('simulate-act').waitFor()
    await tabTo('scrubber')
    await page.keyboard.press('Home')
    await expect.poll(() => page.locator('[data-testid="pane-agentview"][data-frame="0"]').count()).toBe(1)
    // Five steps on, the first frame's true motion is known.
    await page.locator('[data-testid="pane-true-motion"][data-state="ready"][data-frame="0"]').waitFor()
  })

  it('settings are changed, and kept by the host', async () => {
    await open('/runs')
    await page.keyboard.press('Control+,')
    await expect.poll(hash).toBe('#/settings')
    await tabTo('device')
    await page.keyboard.type('onnx-cpu')
    await page.keyboard.press('Tab')
    await expect.poll(async () => (await host.services.system.settings()).device).toBe('onnx-cpu')
    await tabTo('trash-days')
    await page.keyboard.press('Control+a')
    await page.keyboard.type('5')
    await page.keyboard.press('Tab')
    await expect.poll(async () => (await host.services.system.settings()).trashDays).toBe(5)
  })
})

describe('by mouse', () => {
  it('a run is configured from a preset and started', async () => {
    await open('/runs')
    await page.getByTestId('new-run').first().click()
    await page.locator('label').filter({ has: page.getByTestId('preset-nano') }).click()
    await page.getByTestId('field-filter').fill('lambda')
    await page.getByTestId('field-motion-lambda').getByRole('textbox').fill('0.5')
    await page.getByTestId('configure-json').click()
    await expect.poll(async () => JSON.parse(await page.getByTestId('run-json').inputValue()) as unknown).toMatchObject({ motion: { lambda: 0.5 } })
    await page.getByTestId('run-name').fill('by-mouse')
    await page.getByTestId('run-create').click()
    await expect.poll(() => page.getByTestId('page-title').innerText()).toBe('by-mouse')
  })

  it('the queue is put in order', async () => {
    const joint = await host.services.runs.get('demo-joint-1')
    await host.services.runs.create('second', joint.config)
    await open('/runs')
    await page.getByTestId('runs-more').click()
    await page.getByTestId('runs-more-queue').click()
    const queue = () => page.getByTestId('queue-item').locator('.name').allInnerTexts()
    await expect.poll(queue).toEqual(['action-s2', 'second'])
    await page.getByTestId('queue-item').nth(1).getByTestId('queue-first').click()
    await expect.poll(queue).toEqual(['second', 'action-s2'])
    expect((await host.services.runs.queue())[0]).toMatch(/^second/)
  })

  it('the worst frame and its neighbours are found by the error strip', async () => {
    await open('/replay/demo-joint-1?f=3')
    await page.locator('[data-testid="error-strip"]:not([data-known="0"])').waitFor()
    const frame = async () => Number(await page.getByTestId('frame-label').getAttribute('data-frame'))
    await page.getByTestId('worst-frame').click()
    await expect.poll(frame).toBe(70)
    const strip = (await page.getByTestId('error-strip').boundingBox())!
    await page.mouse.click(strip.x + strip.width * 0.25, strip.y + strip.height / 2)
    await expect.poll(frame).toBeLessThan(40)
    expect(await frame()).toBeGreaterThan(20)
    await page.getByTestId('view-wipe').click()
    await page.getByTestId('wipe').waitFor()
  })

  it('an evaluation is started and its rollouts open from the live grid', async () => {
    await open('/evaluate')
    await page.getByTestId('success-matrix').waitFor()
    await page.getByTestId('open-evaluate').click()
    await page.getByTestId('policy-random').check()
    await page.getByTestId('task-tabletop-goal/push-button').check()
    await page.getByTestId('evaluate-seeds').fill('6')
    await page.getByTestId('start-evaluation').click()
    await expect.poll(() => page.locator('[data-testid="evaluation-job"][data-state="finished"]').count()).toBeGreaterThan(0)
    await page.getByTestId('grid-row').first().getByTestId('grid-cell').first().click()
    await expect.poll(hash).toMatch(/rollout=tabletop-goal\/[\w-]+:20000/)
  })

  it('a policy acts in the tabletop, and another seed is set', async () => {
    await open('/simulate?task=tabletop-goal/push-button&seed=20001')
    await page.getByTestId('simulate-step').click()
    await expect.poll(async () => Number(await page.getByTestId('scrubber').getAttribute('max'))).toBeGreaterThan(0)
    await page.getByTestId('next-seed').click()
    await expect.poll(hash).toContain('seed=20002')
    await expect.poll(async () => Number(await page.getByTestId('scrubber').getAttribute('max'))).toBe(0)
  })
})
