/**
 * The journeys of the README through the real host, the real engine and a real headless Chromium: data on screen,
 * a run started, watched, paused, resumed, stopped and killed, and its motion images replayed.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RunStatus } from '../../electron/contract/run.ts'
import { launchChromium } from '../support/chromium.ts'
import { kinora, serveWorkbench, type ServedWorkbench } from '../support/serve.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const home = temporaryFolder()
let host: ServedWorkbench
let browser: Browser
let page: Page
const said: string[] = []

beforeAll(async () => {
  const recorded = kinora(home, 'demos', '--task', 'tabletop-goal/push-button', '--episodes', '6', '--out', 'buttons')
  expect(recorded.stderr + recorded.stdout).toContain('6 episodes')
  host = await serveWorkbench(home)
  browser = await launchChromium()
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark' })
  page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) said.push(message.text())
  })
  page.on('response', (response) => {
    if (response.status() >= 400) said.push(`${response.status()} ${response.url()}`)
  })
  page.on('pageerror', (error) => said.push(error.message))
  await page.goto(host.url)
  await page.getByTestId('page-title').waitFor()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  if (host !== undefined) expect(await host.close()).not.toBeNull()
}, 60_000)

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return
  const path = join(tmpdir(), `kinora-failed-${task.name.slice(0, 40).replaceAll(/\W+/g, '-')}.png`)
  await page.screenshot({ path })
  process.stderr.write(`what the page showed: ${path}\n`)
})

const goTo = async (path: string): Promise<void> => {
  await page.goto(`${new URL(host.url).origin}/#${path}`)
}

const stateOf = (name: string): Promise<string> => page.getByTestId('run-row').filter({ hasText: name }).getByTestId('run-state').innerText()

function statusOf(name: string): RunStatus {
  const folder = readdirSync(join(home, 'runs')).find((id) => {
    return (JSON.parse(readFileSync(join(home, 'runs', id, 'run.json'), 'utf8')) as { name: string }).name === name
  })
  return JSON.parse(readFileSync(join(home, 'runs', folder!, 'status.json'), 'utf8')) as RunStatus
}

/** Starts a run from the smallest preset with a VAE that trains in seconds. */
async function startRun(name: string, steps: number): Promise<void> {
  await goTo('/runs')
  await page.getByTestId('new-run').first().click()
  await page.getByTestId('preset-pico').press('Space')
  await page.getByTestId('run-name').fill(name)
  await page.getByLabel('Steps', { exact: true }).first().fill(String(steps))
  await page.getByTestId('configure-json').click()
  const source = JSON.parse(await page.getByTestId('run-json').inputValue()) as Record<string, Record<string, unknown>>
  const smaller = { ...source, batchSize: 8, validateEvery: 20, checkpointEvery: 20, vae: { ...source['vae'], steps: 20 } }
  await page.getByTestId('run-json').fill(JSON.stringify(smaller))
  await page.getByTestId('run-create').click()
  // The page of the new run; the list has curves of its own.
  await page.waitForURL(/#\/runs\/./, { timeout: 30_000 })
  await page.getByTestId('curves').waitFor({ timeout: 30_000 })
}

const isState = (name: string, state: string, timeout = 60_000): Promise<void> =>
  expect.poll(async () => (await stateOf(name)).trim(), { timeout, interval: 250 }).toBe(state)

const paneHash = async (pane: string): Promise<string> => {
  const pixels = await page.getByTestId(`pane-${pane}`).locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data]
  })
  return createHash('sha256').update(Uint8Array.from(pixels)).digest('hex')
}

describe('data', () => {
  it('lists the dataset and plays an episode, all cameras on one frame', async () => {
    await goTo('/data')
    await page.getByTestId('dataset-card').filter({ hasText: 'buttons' }).click()
    await page.getByTestId('episode').first().locator('a').click()
    await page.getByTestId('frame-next').click()
    await page.getByTestId('frame-next').click()
    const panes = page.getByTestId('episode-player').locator('[data-state="ready"][data-frame="2"]')
    await expect.poll(() => panes.count(), { timeout: 20_000 }).toBe(2)
  })

  it('says what is wrong with a folder that is no dataset', async () => {
    await goTo('/data')
    await page.getByTestId('add-dataset').first().click()
    await page.getByTestId('dataset-path').fill(join(home, 'reports-that-are-not-there'))
    await page.getByTestId('dataset-add-confirm').click()
    await expect.poll(() => page.getByTestId('failure').innerText(), { timeout: 20_000 }).toMatch(/reports-that-are-not-there/)
    await page.keyboard.press('Escape')
  })
})

describe('a run', () => {
  it('starts from a preset, draws its curves live, pauses, resumes and finishes', async () => {
    await startRun('first', 60)
    // The phases before training count other things than its steps.
    await page.locator('[data-testid="curve"][data-metric="loss/action"]').waitFor({ timeout: 120_000 })
    await page.getByTestId('run-pause').click()
    await goTo('/runs')
    await isState('first', 'paused')
    const pausedAt = statusOf('first').step
    expect(pausedAt).toBeLessThan(60)
    await page.getByTestId('run-row').filter({ hasText: 'first' }).getByTestId('run-resume').click()
    await isState('first', 'finished', 150_000)
    expect(statusOf('first')).toMatchObject({ state: 'finished', step: 60 })
  })

  it('is marked crashed within 5 s of a kill -9, with the page alive, and resumes from its checkpoint', async () => {
    await startRun('doomed', 600)
    await goTo('/runs')
    await isState('doomed', 'running')
    await expect.poll(() => statusOf('doomed').step, { timeout: 120_000 }).toBeGreaterThan(25)
    process.kill(statusOf('doomed').pid!, 'SIGKILL')
    const killedAt = Date.now()
    await isState('doomed', 'crashed', 10_000)
    expect(Date.now() - killedAt).toBeLessThan(5000)
    await page.getByTestId('nav-data').click()
    await page.getByTestId('dataset-card').first().waitFor({ timeout: 20_000 })
    await goTo('/runs')
    await page.getByTestId('run-row').filter({ hasText: 'doomed' }).getByTestId('run-resume').click()
    await isState('doomed', 'running')
    // It goes on from a checkpoint, not from the start.
    await expect.poll(() => statusOf('doomed').step, { timeout: 60_000 }).toBeGreaterThanOrEqual(20)
    await page.getByTestId('run-row').filter({ hasText: 'doomed' }).getByTestId('run-stop').click()
    await page.getByTestId('stop-confirm').click()
    await isState('doomed', 'stopped')
  })
})

describe('replay', () => {
  it('shows camera, true motion, prediction and error of one frame, and lands on the same pixels again', async () => {
    await goTo('/runs')
    await page.getByTestId('run-row').filter({ hasText: 'first' }).getByTestId('run-link').click()
    await page.getByTestId('run-replay').click()
    const ready = (frame: number) => page.locator(`[data-testid^="pane-"][data-state="ready"][data-frame="${frame}"]`)
    await page.getByTestId('scrubber').focus()
    await page.keyboard.press('Home')
    await expect.poll(() => ready(0).count(), { timeout: 90_000 }).toBe(4)
    for (let step = 0; step < 7; step++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => ready(7).count(), { timeout: 60_000 }).toBe(4)
    const panes = ['camera', 'true-motion', 'predicted-motion', 'error']
    const before = await Promise.all(panes.map(paneHash))
    expect(new Set(before).size).toBe(4)
    await page.keyboard.press('End')
    await page.keyboard.press('Home')
    for (let step = 0; step < 7; step++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => ready(7).count(), { timeout: 60_000 }).toBe(4)
    expect(await Promise.all(panes.map(paneHash))).toEqual(before)
    // The camera comes as the dataset stores it, in the stream of the inspector.
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname))
    expect(asked.filter((path) => path.startsWith('/blob/frames/')).length).toBeGreaterThan(0)
    expect(asked.filter((path) => /^\/blob\/replay\/.*\/camera\//.test(path))).toEqual([])
  })

  it('exports the camera as the browser decoded it', async () => {
    await page.getByTestId('open-export').click()
    await page.getByTestId('export-kind').selectOption('png')
    await page.getByTestId('export-scale').selectOption('1')
    const [download] = await Promise.all([page.waitForEvent('download', { timeout: 30_000 }), page.getByTestId('export-start').click()])
    const [low, high] = (await sharp(await download.path()).extract({ left: 10, top: 46, width: 60, height: 60 }).stats()).channels.map(({ min, max }) => [min, max])[0]!
    expect(high! - low!).toBeGreaterThan(60)
  })

  it('plays by the space bar and says the frame to a screen reader', async () => {
    await page.getByTestId('scrubber').press('Home')
    await page.getByTestId('play').click()
    await expect.poll(async () => Number(await page.getByTestId('frame-label').getAttribute('data-frame')), { timeout: 30_000 }).toBeGreaterThan(3)
    await page.locator('body').press('Space')
    await expect.poll(() => page.getByTestId('play').getAttribute('data-playing')).toBe('false')
    expect(await page.getByTestId('scrubber').getAttribute('aria-valuetext')).toMatch(/^frame \d+ of \d+, \d/)
  })
})

describe('a checkpoint acting live', () => {
  it('is shown with the motion that it imagines before it is known what truly moves', async () => {
    await goTo('/simulate?task=tabletop-goal/push-button&seed=20000')
    await page.getByTestId('simulate-policy').selectOption({ label: 'first' })
    const ready = (pane: string, frame: number) => page.locator(`[data-testid="pane-${pane}"][data-state="ready"][data-frame="${frame}"]`)
    await ready('predicted-motion', 0).waitFor({ timeout: 90_000 })
    await ready('agentview', 0).waitFor({ timeout: 60_000 })
    await expect.poll(() => page.getByTestId('pane-true-motion').getAttribute('data-state'), { timeout: 60_000 }).toBe('absent')
    const imagined = await paneHash('predicted-motion')
    for (let step = 1; step <= 6; step++) {
      await page.getByTestId('simulate-step').click()
      await expect.poll(() => page.getByTestId('simulation-outcome').innerText(), { timeout: 60_000 }).toContain(`step ${step} of`)
    }
    await ready('predicted-motion', 6).waitFor({ timeout: 90_000 })
    await page.getByTestId('scrubber').fill('0')
    await ready('true-motion', 0).waitFor({ timeout: 60_000 })
    await ready('predicted-motion', 0).waitFor({ timeout: 90_000 })
    expect(await paneHash('predicted-motion')).toBe(imagined)
    expect(new Set(await Promise.all(['agentview', 'robot0_eye_in_hand', 'true-motion', 'predicted-motion'].map(paneHash))).size).toBe(4)
  })
})

describe('the question of a newcomer: does the motion head help?', () => {
  it('the run is cloned without it, trained, and both have curves over epochs', async () => {
    await goTo('/runs')
    await page.getByTestId('run-row').filter({ hasText: 'first' }).getByTestId('run-link').click()
    await page.getByTestId('run-clone').click()
    await page.getByTestId('field-filter').fill('motion target')
    await page.getByTestId('field-motion-target').getByRole('combobox').selectOption('none')
    await page.getByTestId('run-name').fill('alone')
    await page.getByTestId('run-create').click()
    await page.waitForURL(/#\/runs\/alone/, { timeout: 30_000 })
    await goTo('/runs')
    await isState('alone', 'finished', 150_000)
    for (const name of ['first', 'alone']) await page.getByTestId('run-row').filter({ hasText: name }).getByTestId('run-select').check()
    await page.getByTestId('chart-axis').selectOption('epoch')
    const loss = page.locator('[data-testid="curve"][data-metric="loss/action"][data-axis="epoch"]')
    await expect.poll(() => loss.getByTestId('curve-points').innerText()).toBe('120 of 120 points')
    await page.getByTestId('chart-axis').selectOption('step')
  })

  it('the frame where the prediction is worst is one key away', async () => {
    await goTo('/runs')
    await page.getByTestId('run-row').filter({ hasText: 'first' }).getByTestId('run-link').click()
    await page.getByTestId('run-replay').click()
    const worst = page.getByTestId('worst-frame')
    await worst.waitFor()
    await expect.poll(() => page.getByTestId('predicting').count(), { timeout: 90_000 }).toBe(0)
    const frame = Number(/\d+/.exec(await worst.innerText())![0])
    await page.keyboard.press('w')
    await expect.poll(() => page.getByTestId('frame-label').getAttribute('data-frame')).toBe(String(frame))
    await page.locator(`[data-testid="pane-error"][data-state="ready"][data-frame="${frame}"]`).waitFor()
  })

  it('both are judged on the same seeds, and the report is there to be sent', async () => {
    await goTo('/evaluate')
    await page.getByTestId('open-evaluate').click()
    const choices = page.getByTestId('evaluate-dialog')
    for (const name of ['first', 'alone']) await choices.getByRole('checkbox', { name, exact: true }).check()
    // The task of the data that they learned from is chosen already.
    await expect.poll(() => page.getByTestId('task-tabletop-goal/push-button').isChecked()).toBe(true)
    await page.getByTestId('evaluate-seeds').fill('2')
    await page.getByTestId('start-evaluation').click()
    await expect.poll(() => page.getByTestId('verdict').allInnerTexts(), { timeout: 120_000 }).toEqual([expect.stringContaining('n = 2 pairs')])
    await goTo('/runs')
    for (const name of ['first', 'alone']) await page.getByTestId('run-row').filter({ hasText: name }).getByTestId('run-select').check()
    await page.getByTestId('compare-selected').click()
    await expect.poll(() => page.getByTestId('config-difference').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['path']))).toEqual(['motion.target'])
    await page.getByTestId('write-report').click()
    await page.getByTestId('save-report').waitFor({ timeout: 90_000 })
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-report').click()])
    const report = readFileSync(await download.path(), 'utf8')
    expect(report).toMatch(/<h1>(first beside alone|alone beside first)<\/h1>/)
    expect(report).toContain('beside the exact flow that the dataset holds')
    expect(report).toMatch(/0 of 2|1 of 2|2 of 2/)
  })
})

describe('every page', () => {
  const axe = async (): Promise<string[]> => {
    await page.evaluate(axeSource)
    return await page.evaluate(async () => {
      type Axe = { run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> }
      const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`)
    })
  }

  it.each(['dark', 'light'] as const)('has no accessibility violation in the %s theme', async (theme) => {
    await page.emulateMedia({ colorScheme: theme })
    const runId = readdirSync(join(home, 'runs')).find((id) => !id.startsWith('.'))!
    const found: string[] = []
    for (const path of ['/data', '/runs', `/runs/${runId}`, `/replay/${runId}`, '/simulate', '/evaluate', '/review', '/settings']) {
      await goTo(path)
      await page.getByTestId('page-title').waitFor()
      await page.waitForTimeout(800)
      found.push(...(await axe()).map((one) => `${path} ${one}`))
    }
    expect(found).toEqual([])
  })

  it('wrote no error to the console', () => {
    expect(said).toEqual([])
  })
})
