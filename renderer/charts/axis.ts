import type { ChartAxis } from '../../electron/contract/blob.ts'
import { text } from '../text/en.ts'
import { formatCount, formatDuration, formatTick } from '../ui/format.ts'

/** Narrowest zoom of each axis, in its own unit: a step, a ten-thousandth epoch, a millisecond, a hundredth of a second. */
export const axisGrain: Readonly<Record<ChartAxis, number>> = { step: 1, epoch: 1e-4, wall: 1, relative: 0.01 }

const two = (value: number): string => String(value).padStart(2, '0')

/** Label of a tick; `spanMs` of a time axis decides between the day and the time of day. */
export function axisTick(axis: ChartAxis, value: number, span: number): string {
  if (axis === 'wall') {
    const date = new Date(value)
    const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
    const time = `${two(date.getHours())}:${two(date.getMinutes())}`
    return span > 2 * 86_400_000 ? day : span > 600_000 ? time : `${time}:${two(date.getSeconds())}`
  }
  if (axis === 'relative' && value >= 60) return value % 3600 === 0 ? `${value / 3600} h` : value < 36_000 ? `${Number((value / 60).toPrecision(3))} min` : `${Number((value / 3600).toPrecision(3))} h`
  return axis === 'relative' ? `${formatTick(value)} s` : formatTick(value)
}

/** The place under the crosshair, in words. */
export function axisPlace(axis: ChartAxis, value: number): string {
  if (axis === 'wall') return new Date(value).toLocaleString('en-GB')
  if (axis === 'relative') return text.charts.after(value < 60 ? `${value.toFixed(1)} s` : formatDuration(value))
  return axis === 'epoch' ? text.charts.epoch(value.toFixed(2)) : text.charts.step(formatCount(value))
}

/** About `count` round places between two; times fall on whole minutes and hours, epochs and steps on round numbers. */
export function tickInterval(axis: ChartAxis, low: number, high: number, count: number, nice: (low: number, high: number, count: number) => number): number {
  // There is nothing between two steps.
  if (axis === 'step') return Math.max(1, Math.ceil(nice(low, high, count)))
  if (axis === 'epoch') return nice(low, high, count)
  const unit = axis === 'wall' ? 1000 : 1
  const rough = (high - low) / count / unit
  const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]
  const found = seconds.find((size) => size >= rough * 0.999)
  if (rough < 1) return nice(low, high, count)
  return (found ?? Math.ceil(rough / 86_400) * 86_400) * unit
}

/** Multiples of `step` from `low` to `high`, both of which count when a rounding error keeps them from being one. */
export function multiplesIn(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - 1e-6)
  const last = Math.floor(high / step + 1e-6)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step)
}
