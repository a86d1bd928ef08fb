import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { median } from '../../../electron/base/statistics.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { startHeadless } from '../../../electron/host/server.ts'
import { presets } from '../../../electron/model/presets.ts'
import { resolveHome } from '../../../electron/platform/paths.ts'
import { batchMs } from '../../../electron/rpc/event-batches.ts'
import { attentionMs } from '../../../renderer/rpc/attention.ts'
import { kinora } from '../../support/serve.ts'
import type { UiBench } from '../ui.ts'
import { openPage } from './measured-page.ts'

const rounds = 5
/** Whole times between two redraws, so that each look at a page that nobody is at holds as many. */
const aloneMs = 2 * batchMs.unattended
const othersMs = 8000
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

interface Share {
  /** Percent of the processor time of all cores. */
  readonly page: number
  readonly host: number
  readonly stepsPerSecond: number
}

/**
 * What the open page of a real run costs the machine that trains it: processor time of the browser, and of the host
 * beyond what it takes without the page, per second and core. A training that uses every core loses that share. It is
 * told by processor time because steps a second of one run differ by tens of percent from one minute to the next on a
 * machine that others use, too. The browser draws in software; with a GPU it takes less. The page is left alone, as it is
 * for most of a training; a second row tells what it takes while somebody moves the mouse over it.
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
      async function measure(windowMs: number, browser?: Browser, keepBusy: () => Promise<void> = async () => {}): Promise<Share> {
        const share = (seconds: number): number => (100 * seconds * 1000) / windowMs / cores
        const pageSeconds = async (): Promise<number> => (browser === undefined ? 0 : browserSeconds(browser))
        const [pageFrom, hostFrom, stepFrom] = [await pageSeconds(), hostSeconds(), (await status()).step]
        for (let beat = 0; beat < 4; beat++) {
          await keepBusy()
          await delay(windowMs / 4)
        }
        return { page: share((await pageSeconds()) - pageFrom), host: share(hostSeconds() - hostFrom), stepsPerSecond: (((await status()).step - stepFrom) * 1000) / windowMs }
      }
      const without: Share[] = []
      const attended: Share[] = []
      const alone: Share[] = []
      for (let round = 1; round <= rounds; round++) {
        signal.throwIfAborted()
        await delay(settleMs)
        without.push(await measure(othersMs))
        const { browser, page, close } = await openPage(host, `/runs/${id}`, { width: 1280, height: 800 })
        await page.getByTestId('curve-points').first().waitFor()
        await delay(settleMs)
        attended.push(await measure(othersMs, browser, () => page.mouse.move(5, 300 + (performance.now() % 100))))
        await delay(attentionMs + settleMs)
        alone.push(await measure(aloneMs, browser))
        await close()
        const told = (shares: readonly Share[]): string => `page ${shares.at(-1)!.page.toFixed(2)} % and host ${shares.at(-1)!.host.toFixed(2)} %`
        note(`round ${round} of ${rounds}: left alone ${told(alone)}, attended ${told(attended)}, host ${without.at(-1)!.host.toFixed(2)} % without the page, ${alone.at(-1)!.stepsPerSecond.toFixed(1)} steps/s`)
      }
      const row = (name: string, shares: readonly Share[]): BenchRow => {
        const lost = shares.map((one, round) => one.page + one.host - without[round]!.host)
        const middle = (pick: (one: Share) => number, of = shares): string => median(of.map(pick)).toFixed(2)
        const parts = `page ${middle((one) => one.page)}, host ${middle((one) => one.host)} with and ${middle((one) => one.host, without)} without it, ${middle((one) => one.stepsPerSecond)} steps/s`
        return { name, value: median(lost), unit: '%', better: 'lower', n: rounds, low: Math.min(...lost), high: Math.max(...lost), note: `processor time of all ${cores} cores, drawn in software: ${parts}` }
      }
      return [{ ...row('training_slowdown_pct', alone), target: 1 }, row('training_slowdown_attended_pct', attended)]
    } finally {
      await host.close(5000)
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
export default bench
