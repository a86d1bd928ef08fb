/**
 * The page in a real browser over the real HTTP and WebSocket of the headless host, with generated data: the states
 * that are slow or rare with a real engine, and the whole page by keyboard alone.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { anotherHost, focused, hash, host, open, page, said, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

afterEach(() => {
  host.refuse(false)
  host.replays.perTick = 1000
})

describe('by keyboard alone', () => {
  it('skips to the page, finds commands, goes places and comes back to where the focus was', async () => {
    await open('/runs')
    await page.getByTestId('run-row').first().waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page')
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('main')

    await page.keyboard.press('Control+k')
    await page.getByTestId('palette-input').waitFor()
    await page.keyboard.type('review')
    await page.keyboard.press('Enter')
    await expect.poll(hash).toBe('#/review')
    await page.getByTestId('review-newest').press('Enter')
    await expect.poll(() => page.getByTestId('config-difference').count()).toBeGreaterThan(0)
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await expect.poll(hash).toBe('#/data')

    await page.getByTestId('add-dataset').focus()
    await page.keyboard.press('Enter')
    await expect.poll(focused).toBe('dataset-path')
    await page.keyboard.type('/nowhere?kg')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.getByTestId('failure').innerText()).toContain('/nowhere?kg is not a dataset')
    await page.keyboard.press('Escape')
    await expect.poll(focused).toBe('add-dataset')

    await page.keyboard.press('?')
    await page.getByTestId('shortcuts').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByTestId('shortcuts').count()).toBe(0)
  })

  it('starts what memory looks too short for only when told to', async () => {
    const own = await anotherHost()
    await open('/configure?preset=nano', own)
    await page.getByTestId('field-filter').fill('batchSize')
    await page.getByTestId('field-batchSize').getByRole('textbox').fill('100000')
    const anyway = page.getByTestId('start-anyway')
    await anyway.waitFor()
    expect(await page.getByTestId('estimate').innerText()).toContain('Training takes about 91.2 GB of memory')
    expect(await page.getByTestId('run-create').isDisabled()).toBe(true)
    await anyway.press('Space')
    await expect.poll(() => page.getByTestId('run-create').isDisabled()).toBe(false)
    await page.keyboard.press('Control+Enter')
    await expect.poll(hash).toMatch(/^#\/runs\/.+/)
    expect((await own.services.runs.list()).at(-1)!.status.ignoresMemory).toBe(true)
  })

  it('configures a run, says at the field what is wrong, and starts it', async () => {
    await open('/runs')
    await page.getByTestId('run-row').first().waitFor()
    await page.keyboard.press('n')
    await expect.poll(hash).toMatch(/^#\/configure/)
    await page.getByTestId('preset-nano').press('Space')
    // The form, at the field.
    await page.keyboard.press('/')
    await expect.poll(focused).toBe('field-filter')
    await page.keyboard.type('motion lambda')
    const lambda = page.getByTestId('field-motion-lambda')
    await lambda.getByRole('textbox').fill('-1')
    expect(await lambda.innerText()).toContain('motion.lambda is -1, expected at least 0')
    expect(await page.getByTestId('run-create').isDisabled()).toBe(true)
    await lambda.getByRole('textbox').fill('0.3')
    expect(await page.getByTestId('run-create').isDisabled()).toBe(false)
    // The JSON, in sync both ways.
    await page.getByTestId('configure-json').press('Enter')
    const valid = await page.getByTestId('run-json').inputValue()
    expect(JSON.parse(valid)).toMatchObject({ motion: { lambda: 0.3 } })
    await page.getByTestId('run-json').fill('{ "seed": ')
    await expect.poll(() => page.getByTestId('run-issues').innerText()).toContain('not JSON')
    await page.getByTestId('run-json').fill(JSON.stringify({ ...(JSON.parse(valid) as object), stepps: 3 }))
    await expect.poll(() => page.getByTestId('run-issues').innerText()).toMatch(/no field "stepps".*steps/)
    await page.getByTestId('run-json').fill(JSON.stringify({ ...(JSON.parse(valid) as object), seed: 7 }))
    // What differs from the preset, and taking one back.
    await page.getByTestId('configure-differences').press('Enter')
    const differences = () => page.getByTestId('differences').locator('tbody tr').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['path']))
    expect(await differences()).toEqual(['seed', 'motion.lambda'])
    await page.getByTestId('differences').getByRole('button', { name: 'Set motion.lambda to 1' }).press('Enter')
    expect(await differences()).toEqual(['seed'])
    await page.getByTestId('run-name').fill('by-keyboard')
    await page.getByTestId('run-name').press('Enter')
    await expect.poll(() => page.getByTestId('page-title').innerText()).toBe('by-keyboard')
    expect(await page.getByTestId('run-state').first().innerText()).toContain('queued')
  })

  it('plays, steps and finds error peaks without a click on the player; letters can be switched off', async () => {
    await open('/replay/demo-joint-1?f=3')
    const frame = async () => Number(await page.getByTestId('frame-label').getAttribute('data-frame'))
    await page.locator('[data-testid="error-strip"]:not([data-known="0"])').waitFor()
    for (const key of ['.', '.', 'ArrowRight', ',']) await page.keyboard.press(key)
    expect(await frame()).toBe(5)
    await page.keyboard.press('Shift+ArrowRight')
    expect(await frame()).toBe(15)
    await page.keyboard.press('Control+ArrowRight')
    expect(await frame()).toBe(35)
    await page.keyboard.press('n')
    expect(await frame()).toBeGreaterThan(60)
    await page.keyboard.press('End')
    expect(await frame()).toBe(119)
    await page.keyboard.press('Space')
    await expect.poll(() => page.getByTestId('play').getAttribute('data-playing')).toBe('true')
    await expect.poll(frame).toBeGreaterThan(2)
    await page.keyboard.press('k')
    expect(await page.getByTestId('play').getAttribute('data-playing')).toBe('false')
    await page.keyboard.press('v')
    await page.getByTestId('wipe').waitFor()
    // The address follows and can be shared.
    await expect.poll(hash).toMatch(/#\/replay\/demo-joint-1\?.*view=wipe/)

    await page.keyboard.press('Control+,')
    await page.getByTestId('single-keys').press('Space')
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForTimeout(200)
    expect(await hash()).toBe('#/settings')
  })
})

describe('replay', () => {
  /** Frame numbers that the panes' pixels themselves tell (the first pixel codes them), and those they claim. */
  const skew = () =>
    page.evaluate(() =>
      // The error is drawn by the page from two of them and codes no frame.
      [...document.querySelectorAll<HTMLElement>('[data-testid^="pane-"][data-state="ready"]:not([data-testid^="pane-error"])')].map((pane) => {
        const [low = 0, high = 0] = pane.querySelector('canvas')!.getContext('2d')!.getImageData(0, 0, 1, 1).data
        return { pixels: low + 256 * high, claimed: Number(pane.dataset['frame']) }
      }),
    )

  it('shows in every pane the very frame that it claims, while playing and while scrubbing fast', async () => {
    await open('/replay/demo-joint-1')
    await expect.poll(async () => (await skew()).length, { timeout: 10_000 }).toBe(3)
    expect(await page.getByTestId('pane-error').getAttribute('data-state')).toBe('ready')
    await page.keyboard.press('l')
    await page.keyboard.press('l')
    const seen = new Set<number>()
    for (let look = 0; look < 40; look++) {
      const panes = await skew()
      for (const { pixels, claimed } of panes) expect(pixels).toBe(claimed)
      expect(new Set(panes.map((pane) => pane.claimed)).size).toBeLessThanOrEqual(1)
      if (panes[0] !== undefined) seen.add(panes[0].claimed)
    }
    expect(seen.size).toBeGreaterThan(5)
    const scrubber = page.getByTestId('scrubber')
    for (const target of [90, 3, 118, 57, 0, 64]) {
      await scrubber.fill(String(target))
      for (const { pixels, claimed } of await skew()) expect(pixels).toBe(claimed)
    }
    await expect.poll(async () => (await skew()).map((pane) => pane.pixels)).toEqual([64, 64, 64])
    expect(await scrubber.getAttribute('aria-valuetext')).toBe('frame 64 of 119, 3.20 s')
  })

  it('says of a frame that it is not predicted yet, and shows it once it is', async () => {
    host.replays.perTick = 0
    await open('/replay/demo-joint-1?f=30')
    const predicted = page.getByTestId('pane-predicted-motion')
    await expect.poll(() => predicted.getAttribute('data-state')).toBe('absent')
    expect(await predicted.innerText()).toContain('Frame 30 is not predicted yet.')
    expect(await page.getByTestId('pane-camera').getAttribute('data-state')).toBe('ready')
    expect(await page.getByTestId('predicting').innerText()).toContain('0 of 120')
    host.replays.perTick = 60
    await expect.poll(() => predicted.getAttribute('data-state')).toBe('ready')
    await expect.poll(() => page.getByTestId('predicting').count(), { timeout: 10_000 }).toBe(0)
  })

  it('closes its replay when it is left', async () => {
    await open('/replay/demo-joint-1')
    await page.getByTestId('replay-stage').waitFor()
    const before = host.replays.openCount
    await page.getByTestId('nav-runs').click()
    await expect.poll(() => host.replays.openCount).toBe(before - 1)
  })
})

describe('runs', () => {
  it('offers what a state allows, and nothing else', async () => {
    await open('/runs')
    const enabled = (id: string) =>
      page.locator(`[data-testid="run-row"][data-run="${id}"]`).evaluate((row) => ['pause', 'resume', 'stop'].filter((action) => row.querySelector<HTMLButtonElement>(`[data-testid="run-${action}"]`)?.disabled === false).join(' '))
    await page.getByTestId('run-row').first().waitFor()
    await expect.poll(() => enabled('joint-s2-7')).toBe('pause stop')
    expect(await enabled('joint-lr-3e-3-5')).toBe('resume')
    expect(await enabled('demo-joint-1')).toBe('')
    expect(await page.locator('[data-run="demo-joint-1"] .acts button').count()).toBe(1)
    expect(await enabled('joint-lambda-0.3-3')).toBe('resume stop')
    await page.locator('[data-run="demo-joint-1"]').getByTestId('run-select').check()
    await page.locator('[data-run="demo-action-2"]').getByTestId('run-select').check()
    await page.getByTestId('compare-selected').click()
    await expect.poll(() => page.getByTestId('config-difference').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['path']))).toEqual(['seed', 'motion.target'])
    await expect.poll(() => page.getByTestId('success-matrix').innerText()).toMatch(/80 %\s*\[67, 89\]\s*40\/50/)
    await expect.poll(() => page.getByTestId('paired').innerText()).toMatch(/0\.108/)
  })

  it('tells what ended a crashed run and where it would go on', async () => {
    await open('/runs/joint-lr-3e-3-5')
    const banner = page.getByTestId('end-banner')
    await banner.waitFor()
    expect(await banner.innerText()).toContain('killed by signal 9')
    expect(await banner.innerText()).toContain('checkpoint of step 1,000')
  })
})

describe('connection', () => {
  it('says that it is lost, comes back by itself, and hears events again', async () => {
    await open('/runs')
    await page.getByTestId('run-row').first().waitFor()
    host.refuse(true)
    await page.getByTestId('connection-lost').waitFor()
    expect(await page.getByTestId('engine-state').innerText()).toContain('not connected')
    host.runs.change('joint-lambda-0.3-3', { state: 'crashed' })
    host.refuse(false)
    await expect.poll(() => page.getByTestId('connection-lost').count(), { timeout: 15_000 }).toBe(0)
    const state = () => page.locator('[data-run="joint-lambda-0.3-3"]').getByTestId('run-state').innerText()
    // What happened meanwhile was loaded, what happens now is heard.
    await expect.poll(state).toContain('crashed')
    host.runs.change('joint-lambda-0.3-3', { state: 'paused' })
    await expect.poll(state).toContain('paused')
    // The browser names each request that the cut connection took with it.
    said.length = 0
  })
})

describe('with nothing in it', () => {
  it('offers one next step on every page', async () => {
    const empty = await anotherHost({ scene: 'empty' })
    await open('/data', empty)
    for (const name of ['data', 'runs', 'replay', 'evaluate', 'review']) {
      await page.getByTestId(`nav-${name}`).click()
      await expect.poll(() => page.getByTestId('empty-state').locator('.primary').count()).toBe(1)
    }
  })
})
