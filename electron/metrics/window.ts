import type { SeriesWindow } from '../contract/blob.ts'
import { lowerBound, type Series } from './series.ts'

/**
 * What a chart of `widthPx` pixels shows of a series between two steps (inclusive): every point while there are at most
 * 2 x widthPx, otherwise the lowest and the highest of each bin (and one non-finite point where there is one), in order
 * of step. Bins are a power of two steps wide and begin at multiples of their width, so they stay where they are as data
 * grows or the view moves, and a spike of one point is there at every zoom.
 */
export function seriesWindow(series: Series, widthPx: number, from = -Infinity, to = Infinity): SeriesWindow {
  const first = lowerBound(series.steps, from)
  const end = to === Infinity ? series.count : lowerBound(series.steps, nextUp(to))
  const total = Math.max(0, end - first)
  const limit = 2 * Math.max(1, Math.floor(widthPx))
  if (total <= limit) return pick(series, Int32Array.from({ length: total }, (_, index) => first + index), total)

  const span = series.steps[end - 1]! - series.steps[first]! + 1
  let binSteps = 1
  while (binSteps * (limit / 2) < span) binSteps *= 2
  for (;;) {
    const indices = extremes(series, first, end, binSteps, limit > 2)
    if (indices.length <= limit) return pick(series, Int32Array.from(indices), total)
    binSteps *= 2
  }
}

/**
 * Indices of the lowest, the highest and the first non-finite point of each bin. Where only two points have room in all
 * (`hasRoom` false), a non-finite one counts only in a bin without finite ones: one bin must fit, or no width would.
 */
function extremes(series: Series, first: number, end: number, binSteps: number, hasRoom: boolean): number[] {
  const { steps, values } = series
  const indices: number[] = []
  let index = first
  while (index < end) {
    const binEnd = (Math.floor(steps[index]! / binSteps) + 1) * binSteps
    let low = -1
    let high = -1
    let odd = -1
    for (; index < end && steps[index]! < binEnd; index++) {
      const value = values[index]!
      if (!Number.isFinite(value)) {
        if (odd < 0) odd = index
      } else {
        if (low < 0 || value < values[low]!) low = index
        if (high < 0 || value > values[high]!) high = index
      }
    }
    const found = new Set([low, high, hasRoom || low < 0 ? odd : -1].filter((candidate) => candidate >= 0))
    indices.push(...[...found].sort((a, b) => a - b))
  }
  return indices
}

function pick(series: Series, indices: Int32Array, totalPoints: number): SeriesWindow {
  const take = (column: Float64Array): Float64Array => Float64Array.from(indices, (index) => column[index]!)
  return { totalPoints, steps: take(series.steps), values: take(series.values), smoothed: take(series.smoothed) }
}

/** Steps are integers: the first that lies beyond `bound`. */
function nextUp(bound: number): number {
  return Math.floor(bound) + 1
}
