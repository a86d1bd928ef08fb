import type { CustomSeriesOption } from 'echarts/charts'
import type { ChartAxis } from '../../electron/contract/blob.ts'
import { formatTick } from '../ui/format.ts'
import type { Dash } from '../ui/run-colour.ts'
import { axisTick, multiplesIn, tickInterval } from './axis.ts'
import { niceRange } from './series.ts'

export interface ChartLine {
  readonly id: string
  readonly label: string
  readonly colour: string
  readonly dash: Dash
  readonly widthPx: number
  readonly opacity: number
  /** Interleaved [x, y, ...]. */
  readonly points: Float64Array
}

/** The interval about a mean, as a translucent area. */
export interface ChartBand {
  readonly id: string
  readonly colour: string
  readonly x: Float64Array
  readonly low: Float64Array
  readonly high: Float64Array
}

export interface ChartModel {
  readonly lines: readonly ChartLine[]
  readonly bands?: readonly ChartBand[]
  /** Marked at the foot of the plot: places whose value is no number. */
  readonly marks: readonly number[]
  /** What runs along the bottom; plain numbers without it. */
  readonly axis?: ChartAxis
  readonly x: { readonly low: number; readonly high: number }
  readonly y: { readonly low: number; readonly high: number; readonly step?: number }
  readonly scale: 'linear' | 'log'
  /** Read out in place of the picture. */
  readonly description: string
}

export interface ChartColours {
  readonly text: string
  readonly gridLine: string
  readonly mark: string
  readonly font: string
}

const symbolLimit = 24
export const chartMargin = { left: 52, right: 14, top: 10, bottom: 24 }

/** What ECharts draws of a model on a plot of that width. */
export function chartOption(model: ChartModel, { text, gridLine, mark, font }: ChartColours, plotWidthPx: number) {
  const axis = model.axis ?? 'step'
  const span = model.x.high - model.x.low
  // About 90 px between labels.
  const xStep = tickInterval(axis, model.x.low, model.x.high, Math.max(2, Math.round(plotWidthPx / 90)), (low, high, count) => niceRange(low, high, count).step)
  const label = { color: text, fontSize: 11, fontFamily: font, hideOverlap: true }
  const lines = model.lines.map((line) => ({
    id: line.id,
    name: line.label,
    type: 'line' as const,
    data: line.points as unknown as number[],
    dimensions: ['place', 'value'],
    // Few points, as of a validation, are seen as points.
    showSymbol: line.points.length <= 2 * symbolLimit,
    showAllSymbol: true,
    symbol: 'circle',
    symbolSize: 5,
    silent: true,
    clip: true,
    itemStyle: { color: line.colour, opacity: line.opacity },
    lineStyle: { color: line.colour, width: line.widthPx, opacity: line.opacity, type: line.dash, cap: 'butt' as const, join: 'bevel' as const },
  }))
  // A series costs half a millisecond even when it is empty.
  const marks = model.marks.length === 0 ? [] : [{
    id: 'not-a-number',
    name: 'not a number',
    type: 'scatter' as const,
    symbol: 'triangle',
    symbolSize: 9,
    silent: true,
    itemStyle: { color: mark },
    data: model.marks.map((place) => [place, model.y.low]),
  }]
  return {
    animation: false,
    aria: { enabled: true, label: { enabled: true, description: model.description } },
    textStyle: { fontFamily: font },
    // The margins are fixed, so no label has to be measured to find them.
    grid: { ...chartMargin, containLabel: false, outerBoundsMode: 'none' as const },
    xAxis: {
      type: 'value' as const,
      min: model.x.low,
      max: model.x.high,
      interval: xStep,
      // Left to itself, an axis that begins at 125 is labelled 325, 525, ...
      axisLabel: { ...label, formatter: (value: number) => axisTick(axis, value, span), customValues: multiplesIn(model.x.low, model.x.high, xStep) },
      axisLine: { lineStyle: { color: gridLine } },
      axisTick: { show: false },
      splitLine: { show: false },
    },
    yAxis: {
      type: model.scale === 'log' ? ('log' as const) : ('value' as const),
      min: model.y.low,
      max: model.y.high,
      ...(model.y.step === undefined ? {} : { interval: model.y.step }),
      axisLabel: { ...label, formatter: formatTick },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { lineStyle: { color: gridLine } },
    },
    series: [...(model.bands ?? []).map((band) => bandSeries(band, model)), ...lines, ...marks],
  }
}

/** One polygon along the upper edge and back along the lower; on a logarithmic axis what has no logarithm ends at its foot. */
function bandSeries({ id, colour, x, low, high }: ChartBand, model: ChartModel): CustomSeriesOption & { id: string; type: 'custom' } {
  const inside = (value: number) => (model.scale === 'log' ? Math.max(value, model.y.low) : value)
  return {
    id,
    type: 'custom',
    silent: true,
    clip: true,
    data: [[x[0] ?? 0, low[0] ?? 0]],
    renderItem: (_params, api) => {
      const upper = Array.from(x, (place, index) => api.coord([place, inside(high[index]!)]))
      const lower = Array.from(x, (place, index) => api.coord([place, inside(low[index]!)])).reverse()
      return { type: 'polygon', shape: { points: [...upper, ...lower] }, style: { fill: colour, opacity: 0.18 }, silent: true }
    },
  }
}
