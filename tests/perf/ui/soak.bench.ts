import { median } from '../../../electron/base/statistics.ts'
import { startFakeHost } from '../../support/fake-host.ts'
import type { UiBench } from '../ui.ts'
import { openPage } from './measured-page.ts'

/** Eight hours at one update every two seconds. */
const updates = 14_400
const warmUp = 1200
const updatesPerPart = 1200
/** So many updates between two breaths of the page, in which it draws and the charts ask. */
const updatesPerBreath = 20
const settleMs = 1500

/**
 * Heap of the page after hours of live updates, fed as fast as it takes them. Each update passes through the store and
 * is rendered before the next, as one every two seconds would be; charts ask once a breath, so that there are fewer
 * redraws than updates: how many is told.
 */
const bench: UiBench = async ({ note, signal }) => {
  const host = await startFakeHost()
  const { page, close } = await openPage(host, '/runs')
  try {
    await page.getByTestId('curve-points').first().waitFor()
    const session = await page.context().newCDPSession(page)
    const heap = async (): Promise<number> => {
      // What is under way would be counted: the last answers come and are drawn.
      await page.waitForTimeout(settleMs)
      for (let round = 0; round < 3; round++) await session.send('HeapProfiler.collectGarbage')
      // What the page itself is told of its memory is rounded, and minutes old.
      return (await session.send('Runtime.getHeapUsage')).usedSize
    }
    const drive = (count: number): Promise<void> =>
      page.evaluate(async ([amount, breath]) => {
        const app = (document.querySelector('#app') as unknown as { __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, { list: { id: string; status: object }[]; apply(batch: object[]): void }> } } } } }).__vue_app__
        const runs = app.config.globalProperties.$pinia._s.get('runs')!
        const run = runs.list.find(({ id }) => id === 'joint-s2-7')!
        for (let index = 0; index < amount; index++) {
          runs.apply([{ type: 'run-changed', run: { ...run, status: { ...run.status, updatedAt: index } } }, { type: 'metrics-appended', id: run.id, step: index, names: ['loss/action', 'loss/motion', 'loss/total', 'val/action'] }])
          // What an update sets off in the page is done before the next.
          await new Promise<void>((resolve) => queueMicrotask(resolve))
          if (index % breath === 0) await new Promise((resolve) => setTimeout(resolve))
        }
      }, [count, updatesPerBreath] as const)
    await drive(warmUp)
    const asked = (): Promise<number> => page.evaluate('window.asked') as Promise<number>
    await page.evaluate(() => {
      const { fetch } = window
      Object.assign(window, { asked: 0, fetch: (...given: Parameters<typeof fetch>) => (Object.assign(window, { asked: (window as unknown as { asked: number }).asked + 1 }), fetch(...given)) })
    })
    const byPart: number[] = [await heap()]
    for (let done = 0; done < updates; done += updatesPerPart) {
      signal.throwIfAborted()
      await drive(updatesPerPart)
      byPart.push(await heap())
      note(`${(((done + updatesPerPart) / updates) * 8).toFixed(1)} of 8 hours: ${(byPart.at(-1)! / 1e6).toFixed(2)} MB`)
    }
    const redraws = await asked()
    const [first, last] = [median(byPart.slice(0, 3)), median(byPart.slice(-3))]
    return [{ name: 'heap_growth_pct', value: (100 * (last - first)) / first, unit: '%', better: 'lower', target: 5, n: updates, note: `${(first / 1e6).toFixed(2)} MB to ${(last / 1e6).toFixed(2)} MB (medians of three readings; all ${(Math.min(...byPart) / 1e6).toFixed(2)} to ${(Math.max(...byPart) / 1e6).toFixed(2)}) after ${updates} updates, 8 h at one every 2 s, and ${redraws} answers to the charts, each of which redraws them` }]
  } finally {
    await close()
    await host.close()
  }
}
export default bench
