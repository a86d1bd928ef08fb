import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { formatTick } from '../ui/format.ts'
import type { Dash } from '../ui/run-colour.ts'
import { niceRange } from './series.ts'
import { init, type ECharts } from './echarts.ts'

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

export interface ChartModel {
  readonly lines: readonly ChartLine[]
  /** Marked at the foot of the plot: steps whose value is no number. */
  readonly marks: readonly number[]
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
const margin = { left: 52, right: 14, top: 10, bottom: 24 }

/** An ECharts canvas that follows `model`, and the mapping between its pixels and its axes. `plotWidthPx` is kept up. */
export function useLineChart(host: Ref<HTMLElement | null>, model: Ref<ChartModel | null>, colours: Ref<ChartColours>, plotWidthPx: Ref<number> = ref(0)) {
  let chart: ECharts | undefined
  let observer: ResizeObserver | undefined

  /** About 90 px between labels. An end that is no multiple of the interval keeps its place but gets no label. */
  const stepOf = (axis: ChartModel['x'], widthPx: number): number => niceRange(axis.low, axis.high, Math.max(2, Math.round(widthPx / 90))).step

  function draw(): void {
    const now = model.value
    if (chart === undefined || now === null) return
    const { text, gridLine, mark, font } = colours.value
    const xStep = stepOf(now.x, plotWidthPx.value)
    const isRound = (value: number) => Math.abs(value / xStep - Math.round(value / xStep)) < 1e-6
    const label = { color: text, fontSize: 11, fontFamily: font, hideOverlap: true, formatter: formatTick }
    const lines = now.lines.map((line) => ({
      id: line.id,
      name: line.label,
      type: 'line' as const,
      data: line.points as unknown as number[],
      dimensions: ['step', 'value'],
      // Few points, as of a validation, are seen as points.
      showSymbol: line.points.length <= 2 * symbolLimit,
      showAllSymbol: true,
      symbol: 'circle',
      symbolSize: 5,
      silent: true,
      clip: true,
      itemStyle: { color: line.colour, opacity: line.opacity },
      lineStyle: { color: line.colour, width: line.widthPx, opacity: line.opacity, type: line.dash, cap: 'butt' as const, join: 'round' as const },
    }))
    const marks = {
      id: 'not-a-number',
      name: 'not a number',
      type: 'scatter' as const,
      symbol: 'triangle',
      symbolSize: 9,
      silent: true,
      itemStyle: { color: mark },
      data: now.marks.map((step) => [step, now.y.low]),
    }
    chart.setOption(
      {
        animation: false,
        aria: { enabled: true, label: { enabled: true, description: now.description } },
        textStyle: { fontFamily: font },
        grid: { ...margin, containLabel: false },
        xAxis: { type: 'value', min: now.x.low, max: now.x.high, interval: xStep, axisLabel: { ...label, showMinLabel: isRound(now.x.low), showMaxLabel: isRound(now.x.high) }, axisLine: { lineStyle: { color: gridLine } }, axisTick: { show: false }, splitLine: { show: false } },
        yAxis: {
          type: now.scale === 'log' ? 'log' : 'value',
          min: now.y.low,
          max: now.y.high,
          ...(now.y.step === undefined ? {} : { interval: now.y.step }),
          axisLabel: label,
          axisLine: { show: false },
          axisTick: { show: false },
          splitLine: { lineStyle: { color: gridLine } },
        },
        series: [...lines, marks],
      },
      { replaceMerge: ['series'], lazyUpdate: false, silent: true },
    )
  }

  /** The value of the horizontal axis at a pixel of the host, limited to the axis. */
  function stepAt(xPx: number): number {
    const now = model.value
    if (now === null || plotWidthPx.value <= 0) return 0
    const share = Math.min(1, Math.max(0, (xPx - margin.left) / plotWidthPx.value))
    return now.x.low + share * (now.x.high - now.x.low)
  }

  /** Pixel of a step, or null outside of the axis. */
  function pixelOf(step: number): number | null {
    const now = model.value
    if (now === null || step < now.x.low || step > now.x.high || now.x.high <= now.x.low) return null
    return margin.left + ((step - now.x.low) / (now.x.high - now.x.low)) * plotWidthPx.value
  }

  onMounted(() => {
    if (host.value === null) return
    chart = init(host.value, null, { renderer: 'canvas' })
    observer = new ResizeObserver(([entry]) => {
      if (entry === undefined || chart === undefined || entry.contentRect.width < 1) return
      chart.resize({ width: entry.contentRect.width, height: entry.contentRect.height })
      plotWidthPx.value = Math.max(0, entry.contentRect.width - margin.left - margin.right)
      draw()
    })
    observer.observe(host.value)
    draw()
  })
  onBeforeUnmount(() => {
    observer?.disconnect()
    chart?.dispose()
    chart = undefined
  })
  watch([model, colours], draw)

  /** The picture as it stands, for saving. */
  const pictureUrl = (background: string): string => chart?.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: background }) ?? ''

  return { plotWidthPx, stepAt, pixelOf, pictureUrl, margin }
}
