import { MetricWriter } from '../../../electron/metrics/writer.ts'
import { runFile } from '../../../electron/engine/runs/run-folder.ts'
import type { UiBench } from '../ui.ts'
import { metricLines, serveHome, temporaryHome, writeMetrics, writeRun } from './generated-home.ts'
import { openPage } from './measured-page.ts'
import { p95Row } from './rows.ts'

const samples = 30
const busySeconds = 8

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A run at work, its writer in this process: how long a record takes to the screen, and how often the screen is redrawn. */
const bench: UiBench = async () => {
  const { home, remove } = temporaryHome()
  try {
    const path = writeRun(home, { id: 'live', state: 'running', pid: process.pid, steps: 5000 }, Date.now() + 3_600_000)
    writeMetrics(path, metricLines(['loss/action', 'loss/motion'], 5000))
    const host = await serveHome(home, 1)
    const { page, close } = await openPage(host, '/runs/live')
    const writer = await MetricWriter.open(runFile.metrics(path), 5001)
    try {
      await page.getByTestId('curve-points').first().waitFor()
      await page.evaluate(() => {
        const times: { total: number; at: number }[] = []
        Object.assign(window, { times })
        let last = ''
        const look = (): void => {
          const label = document.querySelector('[data-testid=curve-points]')?.textContent ?? ''
          if (label !== last) {
            last = label
            times.push({ total: Number(label.split(' of ')[1]?.replace(/[^\d]/g, '')), at: Date.now() })
          }
          requestAnimationFrame(look)
        }
        look()
      })
      const logged: { step: number; at: number }[] = []
      let step = 5000
      const append = (): void => {
        step++
        writer.append(step, { 'loss/action': 0.2 + 0.01 * Math.sin(step), 'loss/motion': 0.3 })
        logged.push({ step, at: Date.now() })
      }
      for (let sample = 0; sample < samples; sample++) {
        // Somebody is at the page: one that is left alone draws in its own time.
        await page.mouse.move(5, 300 + sample)
        append()
        await delay(600 + ((sample * 37) % 300))
      }
      const seen = (await page.evaluate('window.times')) as { total: number; at: number }[]
      const latenciesOf = (records: typeof logged, shown: typeof seen): number[] => records.map(({ step: wanted, at }) => (shown.find(({ total }) => total >= wanted)?.at ?? Infinity) - at)
      const latencies = latenciesOf(logged, seen)
      const before = seen.length
      for (let index = 0; index < busySeconds * 50; index++) {
        if (index % 50 === 0) await page.mouse.move(5, 300 + index / 50)
        append()
        await delay(20)
      }
      await delay(1000)
      const all = (await page.evaluate('window.times')) as typeof seen
      const steady = latenciesOf(logged.slice(samples), all)
      const busy = all.slice(before)
      let most = 0
      for (const { at } of busy) most = Math.max(most, busy.filter((one) => one.at > at - 1000 && one.at <= at).length)
      return [p95Row('log_to_pixel_ms', latencies, 500, 'a record appended by the training process to the frame that shows it'), p95Row('log_to_pixel_steady_ms', steady, 500, 'the same while 50 records a second come, which wait for one another'), { name: 'live_redraw_hz', value: most, unit: '1/s', better: 'lower', target: 10, n: busy.length, note: 'most redraws of a chart in any second, 50 records a second' }]
    } finally {
      await writer.close()
      await close()
      await host.close(1000)
    }
  } finally {
    remove()
  }
}
export default bench
