/** axe-core on every page of the router, in both themes, over generated data and with nothing in it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../renderer/router.ts'
import { launchChromium } from '../support/chromium.ts'
import { startFakeHost, type FakeHost } from '../support/fake-host.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Places of each page by the name of its route, and what is there once it has loaded. */
const places: Readonly<Record<string, readonly (readonly [path: string, ready: string])[]>> = {
  data: [['/data', 'dataset-card']],
  dataset: [['/data/tabletop-demo-8f21', 'episode'], ['/data/tabletop-demo-8f21/3?f=12&motion=1', 'episode-player'], ['/data/tabletop-demo-8f21?view=statistics', 'page-title'], ['/data/kitchen-3c77?view=problems', 'page-title'], ['/data/kitchen-3c77?view=about', 'page-title']],
  configure: [['/configure?from=joint-s2-7', 'field-filter'], ['/configure?from=joint-s2-7&tab=differences', 'differences'], ['/configure?preset=nano&tab=json', 'run-json'], ['/configure?preset=nano&tab=ablation', 'ablation']],
  runs: [['/runs?base=demo-action-2', 'curve-points']],
  run: [['/runs/joint-lr-1e-2-6', 'curve-points'], ['/runs/joint-s2-7?tab=log', 'log'], ['/runs/demo-joint-1?tab=evaluation', 'evaluation'], ['/runs/demo-joint-1?tab=config', 'config'], ['/runs/demo-joint-1?tab=samples', 'sample-strip']],
  replay: [['/replay/demo-joint-1?f=42&with=demo-action-2', 'pane-error'], ['/replay/demo-joint-1?f=42&view=wipe', 'wipe'], ['/replay/demo-joint-1?f=42&imagine=4', 'imagine-panel']],
  simulate: [['/simulate?task=tabletop-goal/push-button&seed=20001&policy=demo-joint-1', 'simulate-act']],
  evaluate: [['/evaluate', 'discordant-seed']],
  ablations: [['/ablations/targets-4d1f0a93', 'ablation-table']],
  review: [['/review?runs=demo-joint-1,demo-action-2&replay=1', 'replay-stage']],
  settings: [['/settings', 'host-settings']],
  doctor: [['/doctor', 'provider']],
  missing: [['/nowhere', 'page-title']],
}

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
}, 60_000)
afterAll(() => browser.close())

async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's content security policy rightly forbids added scripts.
  await page.evaluate(axeSource)
  return page.evaluate(async (runOnly) => {
    const { axe } = globalThis as unknown as { axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> } }
    return (await axe.run(document, { runOnly })).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  }, tags)
}

it('looks at every page that there is', () => {
  expect(Object.keys(places).sort()).toEqual(routes.flatMap(({ name }) => (name === undefined ? [] : [String(name)])).sort())
})

const emptyStops = Object.keys(places).filter((name) => !['dataset', 'run', 'missing'].includes(name)).map((name) => [`/${name}`, 'page-title'] as const)

describe.each([
  { scene: 'full', theme: 'dark', stops: Object.values(places).flat() },
  { scene: 'full', theme: 'light', stops: Object.values(places).flat() },
  { scene: 'empty', theme: 'dark', stops: emptyStops },
  { scene: 'empty', theme: 'light', stops: emptyStops },
] as const)('axe on the $scene workbench in the $theme theme', ({ scene, theme, stops }) => {
  let host: FakeHost
  let page: Page
  beforeAll(async () => {
    host = await startFakeHost({ scene })
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', colorScheme: theme })
    // Chosen, not the system's: after a reload the browser tells of that for a moment otherwise.
    await context.addInitScript((chosen) => localStorage.setItem('kinora.settings', JSON.stringify({ theme: chosen })), theme)
    page = await context.newPage()
    await page.goto(host.newUrl())
  })
  afterAll(async () => {
    await page.context().close()
    await host.close()
  })

  it.each(stops)('finds nothing at %s', async (path, ready) => {
    await page.goto(`http://127.0.0.1:${host.port}/#${path}`)
    await page.reload()
    await page.getByTestId(ready).first().waitFor()
    expect(await violations(page)).toEqual([])
  })
})
