import { blobUrl, type SeriesWindow } from '../../electron/contract/blob.ts'
import { fetchSeries } from '../rpc/blob.ts'

/** The host answers at most this width; a window of as many points or fewer is the series itself. */
const widthLimitPx = 20_000

/** Every logged point of a series in [from, to], asked for in pieces small enough to come unreduced. */
export async function fetchWholeSeries(runId: string, metric: string, from?: number, to?: number, fetch: typeof fetchSeries = fetchSeries): Promise<SeriesWindow> {
  const window = await fetch(blobUrl.series(runId, metric, widthLimitPx, from, to))
  const first = window.steps[0]
  const last = window.steps[window.steps.length - 1]
  if (window.steps.length >= window.totalPoints || first === undefined || last === undefined || last <= first) return window
  const middle = Math.floor((first + last) / 2)
  const left = await fetchWholeSeries(runId, metric, first, middle, fetch)
  const right = await fetchWholeSeries(runId, metric, middle + 1, last, fetch)
  return { totalPoints: left.totalPoints + right.totalPoints, steps: join(left.steps, right.steps), values: join(left.values, right.values), smoothed: join(left.smoothed, right.smoothed) }
}

function join(left: Float64Array, right: Float64Array): Float64Array {
  const all = new Float64Array(left.length + right.length)
  all.set(left)
  all.set(right, left.length)
  return all
}
