/**
 * Takes a screenshot of every page in both themes and two sizes, and prints what axe and the console say. Over generated
 * data: `node tests/support/look.ts FOLDER [page name part] [full|empty|many]`; over the runs of a home:
 * `... FOLDER [page name part] /path/to/home`. It needs `npm run build` first.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { startFakeHost } from './fake-host.ts'
import { serveWorkbench } from './serve.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const [folder = 'shots', only = '', scene = 'full'] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

interface Stop {
  readonly name: string
  readonly path: string
  readonly prepare?: (page: Page) => Promise<void>
}

/** Presses a button where the scene has it. */
async function press(page: Page, testId: string): Promise<void> {
  if ((await page.getByTestId(testId).count()) > 0) await page.getByTestId(testId).click()
}

const generatedStops: Stop[] = [
  { name: 'runs', path: '/runs' },
  { name: 'runs-selected', path: '/runs?runs=demo-joint-1,demo-action-2,joint-lambda-0.3-3' },
  { name: 'configure', path: '/configure', prepare: (page) => press(page, 'group-motion').then(() => undefined) },
  { name: 'configure-differences', path: '/configure?from=joint-s2-7&tab=differences' },
  { name: 'configure-json', path: '/configure?preset=small&tab=json' },
  { name: 'runs-baseline', path: '/runs?base=demo-action-2&cols=state,success,loss/action,best:loss/action,config.motion.lambda,created' },
  { name: 'runs-columns', path: '/runs', prepare: (page) => press(page, 'columns') },
  { name: 'runs-queue', path: '/runs', prepare: async (page) => void (await page.keyboard.press('q')) },
  { name: 'run', path: '/runs/joint-s2-7' },
  { name: 'run-crashed', path: '/runs/joint-lr-3e-3-5' },
  { name: 'run-failed', path: '/runs/joint-lr-1e-2-6' },
  { name: 'run-evaluation', path: '/runs/demo-joint-1?tab=evaluation' },
  { name: 'run-config', path: '/runs/demo-joint-1?tab=config' },
  { name: 'run-log', path: '/runs/joint-s2-7?tab=log' },
  { name: 'data', path: '/data' },
  { name: 'dataset-grid', path: '/data/kitchen-3c77' },
  { name: 'dataset-player', path: '/data/tabletop-demo-8f21/3?f=12&motion=1' },
  { name: 'dataset-statistics', path: '/data/tabletop-demo-8f21?view=statistics' },
  { name: 'dataset-problems', path: '/data/kitchen-3c77?view=problems' },
  { name: 'dataset-about', path: '/data/kitchen-3c77?view=about' },
  { name: 'replay', path: '/replay/demo-joint-1?f=42' },
  { name: 'replay-wipe', path: '/replay/demo-joint-1?f=42&view=wipe' },
  { name: 'replay-two', path: '/replay/demo-joint-1?f=42&with=joint-lambda-0.3-3&quiver=1&palette=safe&scale=shared' },
  { name: 'replay-rollouts', path: '/replay/demo-joint-1?f=42&with=demo-action-2&rollout=tabletop-goal/push-button:20003' },
  { name: 'replay-imagine', path: '/replay/demo-joint-1?f=42&imagine=8' },
  { name: 'replay-export', path: '/replay/demo-joint-1?f=42', prepare: (page) => press(page, 'open-export') },
  {
    name: 'simulate',
    path: '/simulate?task=tabletop-goal/block-on-plate&seed=20001&policy=demo-joint-1',
    prepare: async (page) => {
      await press(page, 'simulate-act')
      await page.waitForTimeout(2500)
      await press(page, 'simulate-halt')
      for (let back = 0; back < 6; back++) await page.keyboard.press('ArrowLeft')
    },
  },
  { name: 'evaluate', path: '/evaluate' },
  { name: 'evaluate-start', path: '/evaluate', prepare: (page) => press(page, 'open-evaluate') },
  {
    name: 'evaluate-early',
    path: '/evaluate',
    prepare: async (page) => {
      await press(page, 'open-evaluate')
      await page.getByTestId('task-tabletop-goal/push-button').check()
      await page.getByTestId('evaluate-stop').selectOption('precise')
      await page.screenshot({ path: `${folder}/evaluate-early-form.png` })
      await page.getByTestId('start-evaluation').click()
      await page.getByTestId('ended-early').first().waitFor()
    },
  },
  {
    name: 'evaluate-live',
    path: '/evaluate',
    prepare: async (page) => {
      await press(page, 'open-evaluate')
      await press(page, 'start-evaluation')
      await page.waitForTimeout(1500)
    },
  },
  { name: 'ablations', path: '/ablations/targets-4d1f0a93' },
  { name: 'review', path: '/review?runs=demo-joint-1,demo-action-2' },
  { name: 'review-replay', path: '/review?runs=demo-joint-1,demo-action-2&replay=1' },
  { name: 'settings', path: '/settings' },
  { name: 'doctor', path: '/doctor' },
  { name: 'palette', path: '/runs', prepare: async (page) => void (await page.keyboard.press('Control+k')) },
  { name: 'shortcuts', path: '/runs', prepare: async (page) => void (await page.keyboard.press('Shift+?')) },
]

/** Every page without anything chosen. */
const barePages: Stop[] = ['data', 'configure', 'runs', 'replay', 'simulate', 'evaluate', 'ablations', 'review', 'settings', 'doctor'].map((name) => ({ name, path: `/${name}` }))

/** The same pages over whatever runs and datasets a home holds. */
function stopsOf(home: string): Stop[] {
  const idsIn = (folder: string): string[] => (existsSync(join(home, folder)) ? readdirSync(join(home, folder)).filter((name) => !name.startsWith('.')).sort() : [])
  const runs = idsIn('runs')
  const [first, last] = [runs[0], runs.at(-1)]
  if (first === undefined || last === undefined) return barePages
  const pair = `runs=${first},${last}`
  return [
    ...barePages,
    { name: 'runs-epoch', path: `/runs?${pair}&x=epoch` },
    { name: 'run-curves', path: `/runs/${last}` },
    ...['evaluation', 'config', 'log'].map((tab) => ({ name: `run-${tab}`, path: `/runs/${last}?tab=${tab}` })),
    { name: 'replay-run', path: `/replay/${last}?f=12`, prepare: (page) => page.waitForTimeout(9000) },
    { name: 'replay-safe', path: `/replay/${last}?f=12&palette=safe&scale=shared&quiver=1`, prepare: (page) => page.waitForTimeout(9000) },
    { name: 'replay-last', path: `/replay/${last}?f=9999`, prepare: (page) => page.waitForTimeout(9000) },
    { name: 'replay-pair', path: `/replay/${first}?f=12&with=${last}`, prepare: (page) => page.waitForTimeout(9000) },
    { name: 'review-pair', path: `/review?${pair}` },
    { name: 'review-pair-replay', path: `/review?${pair}&replay=1`, prepare: (page) => page.waitForTimeout(9000) },
  ]
}

async function violations(page: Page): Promise<string[]> {
  // Through the debugger, because the page's content security policy rightly forbids added scripts.
  await page.evaluate(axeSource)
  return await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run(context: unknown, options: unknown): Promise<{ violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[] }> } }).axe
    const { violations: found } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary.replace(/\s+/g, ' ').slice(0, 200)})`).join(' | ')}`)
  })
}

const isHome = scene.includes('/')
const served = isHome ? await serveWorkbench(scene) : await startFakeHost({ scene: scene as 'full' | 'empty' | 'many' })
const stops = isHome ? stopsOf(scene) : scene === 'empty' ? barePages : generatedStops
const { origin } = new URL(served.url)
const browser = await launchChromium()
let isBad = false
/** A token serves once; the cookie that it gave serves the browser's other contexts. */
let cookies: Awaited<ReturnType<BrowserContext['cookies']>> = []
for (const theme of ['dark', 'light'] as const) {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 1920, height: 1080 }]) {
    const context = await browser.newContext({ viewport, colorScheme: theme, bypassCSP: false })
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && said.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => said.push(`thrown: ${error.stack ?? error.message}`))
    if (!('newUrl' in served)) await context.addCookies(cookies)
    await page.goto('newUrl' in served ? served.newUrl() : cookies.length > 0 ? origin : served.url)
    cookies = await context.cookies()
    await page.getByTestId('status-bar').waitFor()
    for (const stop of stops.filter((one) => one.name.includes(only))) {
      said.length = 0
      await page.goto(`${origin}/#${stop.path}`)
      await page.reload()
      await page.getByTestId('page-title').waitFor()
      await page.waitForTimeout(900)
      await stop.prepare?.(page)
      await page.waitForTimeout(stop.prepare ? 400 : 100)
      await page.screenshot({ path: `${folder}/${stop.name}-${theme}-${viewport.width}.png` })
      const found = viewport.width === 1280 ? await violations(page) : []
      if (found.length + said.length > 0) isBad = true
      process.stdout.write(`${stop.name} ${theme} ${viewport.width}: ${found.length} violations${found.map((one) => `\n    ${one}`).join('')}${said.map((one) => `\n    ${one}`).join('')}\n`)
    }
    await context.close()
  }
}
await browser.close()
await served.close()
process.exitCode = isBad ? 1 : 0
