/**
 * Replay, evaluation and review in a real browser over the real HTTP and WebSocket of the headless host, with generated
 * data: each journey by mouse and by keyboard alone.
 */
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { hash, open, page, useFakeWorkbench } from '../support/fake-workbench.ts'

useFakeWorkbench()

const frame = async () => Number(await page.getByTestId('frame-label').getAttribute('data-frame'))
const stageReady = () => page.locator('[data-testid="error-strip"]:not([data-known="0"])').waitFor()
/** The pixels that a pane shows, as one string. */
const pixels = (testId: string) => page.getByTestId(testId).locator('canvas').first().evaluate((canvas) => [...(canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 64, 64).data.subarray(0, 4 * 64 * 40)].join())

describe('replay by keyboard alone', () => {
  it('changes view, colours, scale and arrows, zooms every pane alike, and keeps all but the zoom in the address', async () => {
    await open('/replay/demo-joint-1?f=42')
    await stageReady()
    const wheel = await pixels('pane-true-motion')
    await page.keyboard.press('c')
    await expect.poll(() => pixels('pane-true-motion')).not.toBe(wheel)
    await page.keyboard.press('m')
    await page.keyboard.press('q')
    expect(Number(await page.getByTestId('quiver').first().getAttribute('data-arrows'))).toBeGreaterThan(0)
    await expect.poll(hash).toMatch(/palette=safe/)
    expect(await hash()).toMatch(/scale=shared/)
    expect(await hash()).toMatch(/quiver=1/)
    expect(await page.getByTestId('wheel').innerText()).toContain('Full colour everywhere: 6 px in 5 frames, 1.2 px/frame')
    await page.keyboard.press('=')
    await page.keyboard.press('=')
    await page.keyboard.press('Alt+ArrowLeft')
    const transforms = await page.locator('[data-testid^="pane-"] .picture').evaluateAll((all) => all.map((one) => (one as HTMLElement).style.transform))
    expect(new Set(transforms).size).toBe(1)
    expect(transforms[0]).toMatch(/^scale\(2\.25\) translate\((?!0\.000)/)
    await page.keyboard.press('0')
    expect(await page.getByTestId('replay-stage').getAttribute('data-zoom')).toBe('1.00')
    for (const view of ['wipe', 'overlay', 'blink']) {
      await page.keyboard.press('v')
      await expect.poll(() => page.getByTestId('wipe').getAttribute('data-mode')).toBe(view)
    }
  })

  it('jumps to the worst frame, imagines it step by step in several samples, and goes to another page while at it', async () => {
    await open('/replay/demo-joint-1?f=3')
    await stageReady()
    await page.keyboard.press('w')
    expect(await frame()).toBe(70)
    await page.keyboard.press('d')
    const tiles = page.getByTestId('imagine-tiles')
    await tiles.waitFor()
    expect(await tiles.getAttribute('data-frame')).toBe('70')
    expect(await tiles.locator('figure').count()).toBe(5)
    const done = await pixels('pane-predicted-motion')
    for (let press = 0; press < 10; press++) await page.keyboard.press('[')
    await expect.poll(() => tiles.getAttribute('data-step')).toBe('0')
    expect(await page.getByTestId('imagine-panel').innerText()).toContain('0 of 10: noise')
    await expect.poll(() => pixels('pane-predicted-motion')).not.toBe(done)
    for (let press = 0; press < 10; press++) await page.keyboard.press(']')
    await expect.poll(() => pixels('pane-predicted-motion')).toBe(done)
    // g v goes to the review: its v does not change the view on the way.
    await page.keyboard.press('g')
    await page.keyboard.press('v')
    await expect.poll(hash).toMatch(/^#\/review/)
  })
})

describe('replay by mouse', () => {
  it('shows the motion of the camera that is chosen, and keeps it in the address', async () => {
    await open('/replay/demo-joint-1?f=42')
    await stageReady()
    const camera = page.getByTestId('replay-camera')
    expect(await camera.inputValue()).toBe('agentview')
    await camera.selectOption('robot0_eye_in_hand')
    await expect.poll(hash).toMatch(/camera=robot0_eye_in_hand/)
    await stageReady()
    await expect.poll(() => camera.inputValue()).toBe('robot0_eye_in_hand')
    await expect.poll(() => page.getByTestId('pane-camera').innerText()).toContain('robot0_eye_in_hand')
    expect(await frame()).toBe(42)
  })

  it('zooms with the wheel where the pointer is, moves by dragging and resets', async () => {
    await open('/replay/demo-joint-1?f=42')
    await stageReady()
    const box = (await page.getByTestId('pane-camera').locator('canvas').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.5)
    await page.mouse.wheel(0, -500)
    await expect.poll(async () => Number(await page.getByTestId('replay-stage').getAttribute('data-zoom'))).toBeGreaterThan(2)
    const before = await page.locator('[data-testid="pane-error"] .picture').getAttribute('style')
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.45, box.y + box.height * 0.5, { steps: 3 })
    await page.mouse.up()
    expect(await page.locator('[data-testid="pane-error"] .picture').getAttribute('style')).not.toBe(before)
    await page.getByTestId('reset-zoom').click()
    await expect.poll(() => page.getByTestId('reset-zoom').count()).toBe(0)
  })

  it('puts runs side by side at the same frame and takes them away again', async () => {
    await open('/replay/demo-joint-1?f=42')
    await stageReady()
    await page.getByTestId('add-subject').selectOption('joint-lambda-0.3-3')
    await page.getByTestId('pane-predicted-motion-1').waitFor()
    expect(await hash()).toMatch(/with=joint-lambda-0\.3-3/)
    // One camera and one truth serve both; each run has its prediction and its error.
    expect(await page.locator('[data-testid^="pane-camera"]').count()).toBe(1)
    await expect.poll(() => page.locator('[data-testid^="pane-"][data-frame="42"]').count()).toBe(6)
    await page.keyboard.press('.')
    await expect.poll(() => page.locator('[data-testid^="pane-"][data-frame="43"]').count()).toBe(6)
    await page.getByTestId('replay-checkpoint-1').selectOption('500')
    await expect.poll(hash).toMatch(/with=joint-lambda-0\.3-3@500/)
    await page.getByTestId('remove-subject-0').click()
    await expect.poll(hash).toMatch(/^#\/replay\/joint-lambda-0\.3-3\?/)
  })

  it('exports what it shows as GIF, PNG, WebM and MP4', async () => {
    await open('/replay/demo-joint-1?f=42&quiver=1')
    await stageReady()
    for (const kind of ['gif', 'png', 'webm', 'mp4'] as const) {
      await page.getByTestId('open-export').click()
      // Until the browser has told what it can encode, films are not on offer.
      await expect.poll(() => page.getByTestId('export-kind').locator('option').evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value))).toContain(kind)
      await page.getByTestId('export-kind').selectOption(kind)
      await page.getByTestId('export-scale').selectOption('2')
      if (kind !== 'png') {
        await page.getByTestId('export-from').fill('40')
        await page.getByTestId('export-to').fill('45')
      }
      const [download] = await Promise.all([page.waitForEvent('download', { timeout: 30_000 }), page.getByTestId('export-start').click()])
      const file = await download.path()
      expect(download.suggestedFilename()).toBe(kind === 'png' ? 'demo-joint-episode-39-frame-42.png' : `demo-joint-episode-39.${kind}`)
      if (kind === 'mp4') {
        // The brand of the file, the codec that the dialog named, and the six frames of the one track, each of 1/20 s.
        const bytes = readFileSync(file)
        expect(bytes.toString('latin1', 4, 8)).toBe('ftyp')
        expect(bytes.includes('vp09') || bytes.includes('avc1')).toBe(true)
        const sizes = bytes.indexOf('stsz')
        expect(bytes.readUInt32BE(sizes + 12)).toBe(6)
      } else if (kind === 'webm') {
        // EBML's magic number, and more than a header.
        const bytes = readFileSync(file)
        expect(bytes.subarray(0, 4).toString('hex')).toBe('1a45dfa3')
        expect(bytes.length).toBeGreaterThan(2000)
      } else {
        const { format, pages, width } = await sharp(file, { animated: true }).metadata()
        expect({ format, pages: pages ?? 1, width }).toEqual({ format: kind, pages: kind === 'gif' ? 6 : 1, width: 4 * (2 * 64 + 8) + 8 })
      }
    }
  })
})

describe('evaluation', () => {
  it('starts by keyboard, fills its grid live, and opens a rollout', async () => {
    await open('/evaluate')
    await page.getByTestId('success-matrix').waitFor()
    await page.keyboard.press('n')
    await page.getByTestId('evaluate-dialog').waitFor()
    await page.getByTestId('policy-random').focus()
    await page.keyboard.press('Space')
    await page.getByTestId('task-tabletop-goal/push-button').focus()
    if (!(await page.getByTestId('task-tabletop-goal/push-button').isChecked())) await page.keyboard.press('Space')
    await page.getByTestId('evaluate-seeds').fill('6')
    expect(await page.getByTestId('power').innerText()).toMatch(/rollouts for each policy\..*n = \d+/)
    await page.getByTestId('evaluate-seeds').press('Enter')
    const jobs = page.getByTestId('evaluation-job')
    await expect.poll(() => jobs.count()).toBeGreaterThanOrEqual(1)
    await expect.poll(() => page.locator('[data-testid="grid-cell"][data-state="running"]').count()).toBeGreaterThan(0)
    await expect.poll(() => page.locator('[data-testid="evaluation-job"][data-state="finished"]').count(), { timeout: 20_000 }).toBeGreaterThan(0)
    const row = page.getByTestId('grid-row').first()
    await row.getByTestId('grid-cell').first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await expect.poll(hash).toMatch(/rollout=tabletop-goal\/[\w-]+:20001/)
  })

  it('ends by its rule and says why, and by hand keeps what was played', async () => {
    await open('/evaluate')
    await page.getByTestId('success-matrix').waitFor()
    const start = async (seeds: string, rule: (() => Promise<void>) | null) => {
      await page.getByTestId('open-evaluate').click()
      await page.getByTestId('evaluate-dialog').waitFor()
      await page.getByTestId('task-tabletop-goal/push-button').check()
      await page.getByTestId('evaluate-seeds').fill(seeds)
      await rule?.()
      await page.getByTestId('start-evaluation').click()
      await page.getByTestId('evaluate-dialog').waitFor({ state: 'detached' })
    }
    await start('30', async () => {
      await page.getByTestId('evaluate-stop').selectOption('precise')
      await page.getByTestId('evaluate-within').fill('40')
    })
    await expect.poll(() => page.getByTestId('ended-early').allInnerTexts(), { timeout: 60_000 }).toContainEqual(expect.stringMatching(/^Ended after \d+ of \d+ rollouts: success is known to within 40 points\. /))
    await start('200', null)
    await page.locator('[data-testid="evaluation-job"][data-state="running"]').first().getByTestId('stop-evaluation').click()
    await expect.poll(() => page.getByTestId('ended-early').allInnerTexts(), { timeout: 60_000 }).toContainEqual(expect.stringMatching(/^Stopped by hand after \d+ of \d+ rollouts, which are kept\./))
  })

  it('never shows a share without n, and both ends of the scale', async () => {
    await open('/evaluate')
    await page.getByTestId('success-matrix').waitFor()
    const cells = await page.getByTestId('success').allInnerTexts()
    expect(cells.length).toBeGreaterThan(8)
    for (const cell of cells) expect(cell.replaceAll('\n', ' ')).toMatch(/\d+ %\s*\[\d+, \d+\]\s*\d+\/\d+/)
    expect(await page.getByTestId('success-matrix').innerText()).toMatch(/random actions[^]*scripted expert/)
  })

  it('leads from a seed on which two runs disagree to both rollouts in lockstep', async () => {
    await open('/evaluate')
    await page.getByTestId('discordant-seed').first().waitFor()
    expect(await page.getByTestId('verdict').innerText()).toContain('n = 50 pairs')
    expect(await page.getByTestId('paired-row').last().innerText()).toMatch(/≥ [\d.]+ points/)
    await page.getByTestId('discordant-seed').first().click()
    await expect.poll(hash).toMatch(/#\/replay\/demo-joint-1\?.*with=demo-action-2@2000.*rollout=|#\/replay\/demo-joint-1\?.*rollout=.*with=demo-action-2@2000/)
    await page.getByTestId('pane-camera-1').waitFor()
    await stageReady()
    // The shorter rollout says that it has ended; the longer one goes on.
    await page.keyboard.press('End')
    await expect.poll(() => page.locator('[data-testid="pane-message"]').allInnerTexts()).toContainEqual(expect.stringMatching(/^Ended after \d+ frames, with/))
  })
})

describe('review', () => {
  it('shows what differs, success, replay and curves, and makes a report', async () => {
    await open('/review?runs=demo-joint-1,demo-action-2')
    await page.getByTestId('review-config').waitFor()
    await page.getByTestId('success-matrix').waitFor()
    await page.getByTestId('review-replay').click()
    await page.getByTestId('replay-stage').waitFor()
    await page.keyboard.press('.')
    await expect.poll(frame).toBe(1)
    await expect.poll(() => page.getByTestId('curve').count()).toBeGreaterThan(0)
    await page.getByTestId('write-report').click()
    await page.getByTestId('open-report').waitFor()
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-report').click()])
    expect(readFileSync(await download.path(), 'utf8')).toContain('<h1>Report</h1>')
  })
})
