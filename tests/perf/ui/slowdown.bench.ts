import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { median } from '../../../electron/base/statistics.ts'
import { startHeadless } from '../../../electron/host/server.ts'
import { presets } from '../../../electron/model/presets.ts'
import { resolveHome } from '../../../electron/platform/paths.ts'
import { kinora } from '../../support/serve.ts'
import type { UiBench } from '../ui.ts'
import { openPage } from './measured-page.ts'

const rounds = 5
const windowMs = 8000
/** Until the page has loaded and drawn, and until the host has closed its connection. */
const settleMs = 3000

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Seconds of processor time that every process of a browser has used. */
async function browserSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = (await session.send('SystemInfo.getProcessInfo')) as { processInfo: { cpuTime: number }[] }
  await session.detach()
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
}

/** Processor time of this process, in which the host is, in seconds. */
function hostSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/**
 * What the open page of a real run costs the machine that trains it: processor time of the browser, and of the host
 * beyond what it takes without the page, per second and core. A training that uses every core loses that share. It is
 * told by processor time because steps a second of one run differ by tens of percent from one minute to the next on a
 * machine that others use, too. The browser draws in software; with a GPU it takes less.
 */
const bench: UiBench = async ({ note, signal }) => {
  const root = mkdtempSync(join(tmpdir(), 'kinora-bench-'))
  try {
    kinora(root, 'demos', '--task', 'tabletop-goal/push-button', '--episodes', '4', '--out', 'buttons')
    const host = await startHeadless({ home: resolveHome(root) })
    const { services } = host.workbench
    const pico = presets.find(({ name }) => name === 'pico')!
    const { id } = await services.runs.create('slowdown', { ...pico.config, preset: 'pico', data: { ...pico.config.data, dataset: 'buttons' }, steps: 1_000_000, vae: { ...pico.config.vae, steps: 20 }, validateEvery: 1_000_000, checkpointEvery: 1_000_000 })
    try {
      const status = async () => (await services.runs.get(id)).status
      for (let now = await status(); !(now.phase === 'train' && now.step > 20); now = await status()) {
        if (now.error !== null) throw new Error(now.error.message)
        await delay(500)
      }
      const cores = availableParallelism()
      const shares: { readonly page: number; readonly host: number; readonly idleHost: number; readonly steps: number }[] = []
      for (let round = 1; round <= rounds; round++) {
        signal.throwIfAborted()
        await delay(settleMs)
        const idleFrom = hostSeconds()
        await delay(windowMs)
        const idleHost = hostSeconds() - idleFrom
        const { browser, page, close } = await openPage(host, `/runs/${id}`, { width: 1280, height: 800 })
        await page.getByTestId('curve-points').first().waitFor()
        await delay(settleMs)
        const [pageFrom, hostFrom, stepFrom] = [await browserSeconds(browser), hostSeconds(), (await status()).step]
        await delay(windowMs)
        const share = (seconds: number): number => (100 * seconds * 1000) / windowMs / cores
        shares.push({ page: share((await browserSeconds(browser)) - pageFrom), host: share(hostSeconds() - hostFrom), idleHost: share(idleHost), steps: (((await status()).step - stepFrom) * 1000) / windowMs })
        await close()
        note(`round ${round} of ${rounds}: page ${shares.at(-1)!.page.toFixed(2)} %, host ${shares.at(-1)!.host.toFixed(2)} % and ${shares.at(-1)!.idleHost.toFixed(2)} % without the page, ${shares.at(-1)!.steps.toFixed(1)} steps/s`)
      }
      const lost = shares.map((one) => one.page + one.host - one.idleHost)
      const middle = (pick: (one: (typeof shares)[number]) => number): string => median(shares.map(pick)).toFixed(2)
      return [{ name: 'training_slowdown_pct', value: median(lost), unit: '%', better: 'lower', target: 1, n: rounds, low: Math.min(...lost), high: Math.max(...lost), note: `processor time of all ${cores} cores, drawn in software: page ${middle((one) => one.page)}, host ${middle((one) => one.host)} with and ${middle((one) => one.idleHost)} without it, ${middle((one) => one.steps)} steps/s` }]
    } finally {
      await host.close(5000)
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
export default bench
