import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { chartMargin, chartOption, type ChartColours, type ChartModel } from './chart-option.ts'
import { init, type ECharts } from './echarts.ts'

export type { ChartBand, ChartColours, ChartLine, ChartModel } from './chart-option.ts'

/** An ECharts canvas that follows `model`, and the mapping between its pixels and its axes. `plotWidthPx` is kept up. */
export function useLineChart(host: Ref<HTMLElement | null>, model: Ref<ChartModel | null>, colours: Ref<ChartColours>, plotWidthPx: Ref<number> = ref(0)) {
  let chart: ECharts | undefined
  let observer: ResizeObserver | undefined
  let frame: number | undefined

  /** Whatever changes until the next frame is drawn once; a page that is not shown draws nothing. */
  function drawSoon(): void {
    frame ??= requestAnimationFrame(draw)
  }

  function draw(): void {
    if (frame !== undefined) cancelAnimationFrame(frame)
    frame = undefined
    const now = model.value
    if (chart === undefined || now === null) return
    chart.setOption(chartOption(now, colours.value, plotWidthPx.value), { replaceMerge: ['series'], lazyUpdate: false, silent: true })
    // It is painted by now. Left running, the loop behind a chart would take ten more frames of the page to find that nothing moves.
    chart.getZr().animation.stop()
  }

  /** The value of the horizontal axis at a pixel of the host, limited to the axis. */
  function valueAt(xPx: number): number {
    const now = model.value
    if (now === null || plotWidthPx.value <= 0) return 0
    const share = Math.min(1, Math.max(0, (xPx - chartMargin.left) / plotWidthPx.value))
    return now.x.low + share * (now.x.high - now.x.low)
  }

  /** Pixel of a place on the horizontal axis, or null outside of it. */
  function pixelOf(value: number): number | null {
    const now = model.value
    if (now === null || value < now.x.low || value > now.x.high || now.x.high <= now.x.low) return null
    return chartMargin.left + ((value - now.x.low) / (now.x.high - now.x.low)) * plotWidthPx.value
  }

  onMounted(() => {
    if (host.value === null) return
    chart = init(host.value, null, { renderer: 'canvas' })
    observer = new ResizeObserver(([entry]) => {
      if (entry === undefined || chart === undefined || entry.contentRect.width < 1) return
      chart.resize({ width: entry.contentRect.width, height: entry.contentRect.height })
      plotWidthPx.value = Math.max(0, entry.contentRect.width - chartMargin.left - chartMargin.right)
      draw()
    })
    observer.observe(host.value)
    draw()
  })
  onBeforeUnmount(() => {
    if (frame !== undefined) cancelAnimationFrame(frame)
    observer?.disconnect()
    chart?.dispose()
    chart = undefined
  })
  watch([model, colours], drawSoon)

  return { plotWidthPx, valueAt, pixelOf }
}
