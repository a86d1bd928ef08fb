/**
 * The inspector in headless Chromium over the real host: from the click on an episode to its first frame, scrubbing, and
 * playing. Every time ends when the canvases of all panes hold the frame that was asked for.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { Rng } from '../../electron/base/rng.ts'
import type { BenchRow } from '../../electron/commands/bench.ts'
import { rowOf } from '../support/bench-row.ts'
import { launchChromium } from '../support/chromium.ts'
import { serveWorkbench } from '../support/serve.ts'
import { encodeFarKeyFrames, recordNoise, registerSamples, type Place } from './inspector/places.ts'
import { play, untilShown } from './inspector/player.ts'
import { p95Row } from './ui/rows.ts'

/** Parts to choose from: `npm run bench -- inspector scrub`. */
export const parts = ['scrub', 'play', 'video'] as const
type Part = (typeof parts)[number]

/** Each with a host and a browser of its own, as the first seeks after a start are the slow ones. */
const sessions = 3
const playS = 4
/** Of key frames at 0, 250 and 500. */
const farFrames = [247, 490, 140, 735, 240, 600, 495, 100, 745, 230]

interface Times {
  readonly first: number[]
  readonly cold: number[]
  readonly cached: number[]
}

const addressOf = (place: Place, episode: number): string => `#/data/${encodeURIComponent(place.id)}/${episode}`

async function withPage(home: string, use: (page: Page) => Promise<void>): Promise<void> {
  const workbench = await serveWorkbench(home)
  const browser = await launchChromium()
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    await page.goto(workbench.url)
    await page.getByTestId('status-bar').waitFor()
    // An address given while the first page is still on its way would be overwritten by it.
    await page.getByTestId('page-title').waitFor()
    await use(page)
  } finally {
    await browser.close()
    await workbench.close()
  }
}

async function openEpisode(page: Page, place: Place, episode: number): Promise<number> {
  await page.evaluate((id) => (location.hash = `#/data/${encodeURIComponent(id)}`), place.id)
  await page.getByTestId('episode').first().waitFor()
  await page.waitForTimeout(1500)
  return await untilShown(page, { hash: addressOf(place, episode) }, 0)
}

async function scrub(page: Page, place: Place, rng: Rng, { first, cold, cached }: Times): Promise<void> {
  for (const index of place.episodes) {
    first.push(await openEpisode(page, place, index))
    await page.waitForTimeout(1000)
    const lastFrame = Number(await page.getByTestId('scrubber').getAttribute('max'))
    // Well beyond what is fetched ahead, so that no pane has it yet; a short episode is fetched whole.
    const apart = Math.floor((lastFrame + 1) / 4.1)
    const targets = apart < 55 ? [] : Array.from({ length: 4 }, (_, at) => (at + 1) * apart + rng.integer(4))
    if (targets.length === 0) for (const frame of [lastFrame, 5, Math.floor(lastFrame / 2)]) cached.push(await untilShown(page, { seek: frame }, frame))
    for (const frame of targets) {
      cold.push(await untilShown(page, { seek: frame }, frame))
      await page.waitForTimeout(400)
      for (const back of [frame - 1, frame]) cached.push(await untilShown(page, { seek: back }, back))
    }
  }
}

/** A display shows 60 frames a second: what is played faster than that skips some, in all panes alike. */
async function playRows(page: Page, place: Place, name: string): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const speed of [1, 2, 4] as const) {
    await openEpisode(page, place, place.episodes[0]!)
    await page.waitForTimeout(2000)
    const { shownPerSecond, passedPerSecond, skew } = await play(page, speed, playS / speed)
    const at = speed === 1 ? name : `${name}_${speed}x`
    rows.push(
      { name: `${at}_fps`, value: shownPerSecond, unit: 'frames/s', better: 'higher', ...(speed === 1 && { target: 29.5 }), n: 1, note: `${place.note}; shown a second, while ${passedPerSecond.toFixed(1)} of ${30 * speed} passed` },
      { name: `${at}_skew_frames`, value: skew, unit: 'frames', better: 'lower', target: 0, n: 1, note: 'largest difference between two panes while playing' },
    )
  }
  return rows
}

/** Jumps to frames that lie far behind their key frame, each from another one's, and steps back from there. */
async function farRows(page: Page, place: Place): Promise<BenchRow[]> {
  await openEpisode(page, place, place.episodes[0]!)
  await page.waitForTimeout(1000)
  const far: number[] = []
  const back: number[] = []
  for (const frame of farFrames) {
    far.push(await untilShown(page, { seek: frame }, frame))
    for (const step of [1, 2, 3]) back.push(await untilShown(page, { seek: frame - step }, frame - step))
    await page.waitForTimeout(300)
  }
  // No target: the browser must decode up to 250 frames of each camera for one.
  return [rowOf('far_scrub_ms', 'ms', 'lower', far, { note: `${place.note}, median` }), rowOf('far_step_back_ms', 'ms', 'lower', back, { note: `${place.note}; the three frames before, right after, median` })]
}

/** Needs no network; the rows of real samples are left out where ../shared/data is absent, those of video without ffmpeg. */
export default async function bench({ signal, note, only }: { signal: AbortSignal; note: (text: string) => void; only: readonly string[] }): Promise<readonly BenchRow[]> {
  const wants = (part: Part): boolean => only.length === 0 || only.includes(part)
  const home = await mkdtemp(join(tmpdir(), 'kinora-bench-inspector-'))
  await mkdir(join(home, 'datasets'), { recursive: true })
  const rows: BenchRow[] = []
  try {
    const noise = wants('scrub') || wants('play') ? await recordNoise(home) : null
    const places = [...(noise ? [noise] : []), ...(await registerSamples(home))]
    const videos = wants('video') ? await encodeFarKeyFrames(home) : []
    if (wants('scrub')) {
      const times = new Map<Place, Times>(places.map((place) => [place, { first: [], cold: [], cached: [] }]))
      const rng = new Rng(3)
      for (let session = 0; session < sessions; session++) {
        note(`scrubbing, session ${session + 1} of ${sessions}`)
        await withPage(home, async (page) => {
          for (const place of places) {
            signal.throwIfAborted()
            await scrub(page, place, rng, times.get(place)!)
          }
        })
      }
      for (const [place, { first, cold, cached }] of times) {
        rows.push(p95Row('first_frame_ms', first, 300, `${place.note}, p95`))
        if (cold.length > 0) rows.push(p95Row('scrub_cold_ms', cold, 150, `${place.note}, p95`))
        rows.push(p95Row('scrub_cached_ms', cached, 33, `${place.note}, p95`))
      }
    }
    if (wants('play') && noise) {
      note('playing pictures')
      await withPage(home, async (page) => void rows.push(...(await playRows(page, noise, 'panes_4'))))
    }
    for (const place of videos) {
      signal.throwIfAborted()
      note(place.id)
      await withPage(home, async (page) => void rows.push(...(await farRows(page, place)), ...(await playRows(page, place, 'video'))))
    }
    return rows
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}
