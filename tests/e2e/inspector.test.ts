/**
 * The inspector's pictures through the real host and a real headless Chromium: whichever way they come (as files that the
 * browser decodes, as packets of video, as pixels), the panes show the frame that the dataset has under that number.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LeRobotV3Writer } from '../../electron/dataset/writer/lerobot-v3.ts'
import { launchChromium } from '../support/chromium.ts'
import { serveWorkbench, type ServedWorkbench } from '../support/serve.ts'
import { hasSharedData, sharedData, whereShared } from '../support/shared-data.ts'
import { syntheticEpisode, syntheticShape } from '../support/synthetic-episode.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { goldenVideo, writeVideoDataset } from '../support/video-dataset.ts'

const home = temporaryFolder()
const frameCount = 40
let host: ServedWorkbench
let browser: Browser

beforeAll(async () => {
  mkdirSync(join(home, 'datasets'), { recursive: true })
  const writer = await LeRobotV3Writer.create(join(home, 'datasets', 'squares'), syntheticShape)
  await writer.append(syntheticEpisode(1, frameCount))
  await writer.finish()
  const recording = { width: 64, height: 48, framesPerEpisode: 40 }
  for (const codec of ['h264', 'hevc'] as const) await writeVideoDataset(join(home, 'datasets', codec), recording, { front: (path) => cp(goldenVideo(codec), path) })
  // As on a machine that has nothing but Kinora.
  process.env['KINORA_FFMPEG'] = '/nowhere/ffmpeg'
  if (hasSharedData('lerobot-v21-g1')) writeFileSync(join(home, 'datasets.json'), JSON.stringify({ datasets: [{ id: 'g1', path: sharedData('lerobot-v21-g1') }] }))
  host = await serveWorkbench(home)
  browser = await launchChromium()
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await host?.close()
}, 60_000)

let cookies: Awaited<ReturnType<ReturnType<Page['context']>['cookies']>> = []

/** A page of a browser that, on request, lacks the decoders of WebCodecs. */
async function openPage(hasDecoders: boolean): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  if (!hasDecoders) await context.addInitScript(() => ['VideoDecoder', 'ImageDecoder'].forEach((name) => Reflect.deleteProperty(globalThis, name)))
  await context.addCookies(cookies)
  const page = await context.newPage()
  page.setDefaultTimeout(120_000)
  // A token serves once; the cookie that it gave serves the other contexts.
  await page.goto(cookies.length === 0 ? host.url : new URL(host.url).origin)
  await page.getByTestId('page-title').waitFor()
  cookies = await context.cookies()
  return page
}

const addressOf = (dataset: string, episode: number, camera: string, frame: number): string => `/blob/frame/${dataset}/${episode}/${camera}/${frame}.rgba`

/** Mean absolute difference of each candidate's pixels, as the host decodes them, from what the pane shows. */
async function distances(page: Page, camera: string, candidates: readonly string[]): Promise<number[]> {
  return await page.evaluate(
    async ({ pane, addresses }) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`[data-testid="${pane}"] canvas`)!
      const shown = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data
      const found: number[] = []
      for (const address of addresses) {
        const pixels = new Uint8Array(await (await fetch(address)).arrayBuffer())
        let sum = pixels.length === shown.length ? 0 : Infinity
        for (let at = 0; at < pixels.length; at++) sum += Math.abs(pixels[at]! - shown[at]!)
        found.push(sum / pixels.length)
      }
      return found
    },
    { pane: `pane-${camera}`, addresses: candidates },
  )
}

/** Different colours in what a pane shows: a picture has many, a blank pane one. */
async function colours(page: Page, pane: string): Promise<number> {
  return await page.evaluate((testId) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-testid="${testId}"] canvas`)!
    return new Set(new Uint32Array(canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size
  }, pane)
}

async function seek(page: Page, frame: number, cameras: readonly string[]): Promise<void> {
  await page.getByTestId('scrubber').fill(String(frame))
  for (const camera of cameras) await page.locator(`[data-testid="pane-${camera}"][data-state="ready"][data-frame="${frame}"]`).waitFor()
}

describe('embedded pictures', () => {
  it.each([true, false])('are shown pixel for pixel, whichever way the playhead goes (with WebCodecs: %s)', { timeout: 120_000 }, async (hasDecoders) => {
    const page = await openPage(hasDecoders)
    const { cameras } = syntheticShape
    await page.goto(`${new URL(host.url).origin}/#/data/squares/0`)
    for (const frame of [0, 25, 24, 39, 3]) {
      await seek(page, frame, cameras)
      for (const camera of cameras) expect(await distances(page, camera, [addressOf('squares', 0, camera, frame)]), `${camera} ${frame}`).toEqual([0])
    }
    await page.context().close()
  })
})

describe('video that the host cannot decode', () => {
  it('is shown by the browser where that has the decoder, and told as nothing to train on', { timeout: 120_000 }, async () => {
    const page = await openPage(true)
    await page.goto(`${new URL(host.url).origin}/#/data/h264/0`)
    for (const frame of [0, 37, 36, 12, 39]) {
      await seek(page, frame, ['front'])
      expect(await colours(page, 'pane-front'), `frame ${frame}`).toBeGreaterThan(100)
    }
    await page.goto(`${new URL(host.url).origin}/#/data/h264?view=problems`)
    await page.getByText('observation.images.front can be looked at where the browser has a decoder, but not trained on').first().waitFor()
    await page.getByText('Install ffmpeg').first().waitFor()
    await page.context().close()
  })

  it('says so in its pane where the browser has none either', { timeout: 120_000 }, async () => {
    const page = await openPage(false)
    await page.goto(`${new URL(host.url).origin}/#/data/hevc/0`)
    const message = page.getByTestId('pane-front').getByTestId('pane-message')
    await expect.poll(() => message.textContent()).toMatch(/HEVC video, which needs a decoder that is not here.*Install ffmpeg/)
    await page.context().close()
  })
})

describe.skipIf(!hasSharedData('lerobot-v21-g1'))(`AV1 video ${whereShared}`, () => {
  it.each([true, false])('is shown frame by frame (decoded by the browser: %s)', { timeout: 300_000 }, async (hasDecoders) => {
    const page = await openPage(hasDecoders)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${new URL(host.url).origin}/#/data/g1/1`)
    for (const frame of [0, 121, 120, 300]) {
      await seek(page, frame, ['cam_high'])
      const near = [frame, frame + 3, Math.max(0, frame - 3)].map((one) => addressOf('g1', 1, 'cam_high', one))
      const [own, ...others] = (await distances(page, 'cam_high', near)) as [number, ...number[]]
      // Decoders round colours differently, by less than the arm moves.
      expect(own).toBeLessThan(3)
      if (frame > 0) expect(own).toBeLessThan(Math.min(...others))
    }
    const streams = asked.filter((url) => url.includes('/blob/frames/'))
    expect(streams[0]).toContain('encoded=1')
    expect(streams.some((url) => !url.includes('encoded=1'))).toBe(!hasDecoders)
    await page.context().close()
  })
})
