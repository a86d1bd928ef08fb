import { computed, shallowRef, type Ref } from 'vue'
import type { RunStyle } from '../ui/run-colour.ts'
import { formatValue } from '../ui/format.ts'
import { text } from '../text/en.ts'
import type { SeriesWindow } from '../../electron/contract/blob.ts'
import type { StepRange } from './use-series.ts'
import type { ChartLine, ChartModel } from './use-line-chart.ts'
import { interleave, interleavePositive, nearestIndex, niceRange, nonFiniteSteps, valueRange } from './series.ts'

export interface CurveRun {
  readonly id: string
  readonly name: string
  readonly style: RunStyle
}

export interface Reading extends CurveRun {
  readonly step: number
  readonly value: number
  readonly smoothed: number
}

interface CurveInput {
  readonly runs: Ref<readonly CurveRun[]>
  readonly metric: Ref<string>
  readonly windows: Ref<ReadonlyMap<string, SeriesWindow>>
  readonly range: Ref<StepRange | null>
  readonly hoverStep: Ref<number | null>
  readonly showSmoothed: Ref<boolean>
}

/** From windows to what a curve panel shows: the chart's model, what it leaves out, and what the crosshair reads. */
export function useCurve(input: CurveInput) {
  const isLog = shallowRef(false)
  const isRobust = shallowRef(false)

  const drawn = computed(() => input.runs.value.flatMap((run) => {
    const window = input.windows.value.get(run.id)
    return window === undefined || window.steps.length === 0 ? [] : [{ run, window }]
  }))

  const full = computed<StepRange>(() => {
    let from = Infinity
    let to = -Infinity
    for (const { window } of drawn.value) {
      from = Math.min(from, window.steps[0]!)
      to = Math.max(to, window.steps[window.steps.length - 1]!)
    }
    // A series that begins near 0, or has one point, is shown from 0.
    return Number.isFinite(from) ? { from: from === to || from <= to * 0.05 ? Math.min(0, from) : from, to: Math.max(to, 1) } : { from: 0, to: 1 }
  })

  const counts = computed(() => {
    let shown = 0
    let total = 0
    let notFinite = 0
    for (const { window } of drawn.value) {
      shown += window.steps.length
      total += window.totalPoints
      notFinite += nonFiniteSteps(window.steps, window.values).length
    }
    return { shown, total, notFinite }
  })

  const vertical = computed(() => {
    const raw = drawn.value.map(({ window }) => (isLog.value ? window.values.filter((value) => value > 0) : window.values))
    return valueRange(raw, isRobust.value)
  })

  const hiddenByLog = computed(() => (isLog.value ? drawn.value.reduce((sum, { window }) => sum + interleavePositive(window.steps, window.values).hidden, 0) : 0))

  const model = computed<ChartModel | null>(() => {
    const y = vertical.value
    if (drawn.value.length === 0 || y === null) return null
    const points = (window: SeriesWindow, values: Float64Array) => (isLog.value ? interleavePositive(window.steps, values).points : interleave(window.steps, values))
    const lines: ChartLine[] = drawn.value.map(({ run, window }) => ({
      id: `${run.id}/raw`,
      label: run.name,
      colour: run.style.colour,
      dash: input.showSmoothed.value ? 'solid' : run.style.dash,
      widthPx: input.showSmoothed.value ? 1 : 1.5,
      opacity: input.showSmoothed.value ? 0.3 : 1,
      points: points(window, window.values),
    }))
    if (input.showSmoothed.value) {
      for (const { run, window } of drawn.value) {
        lines.push({ id: `${run.id}/smoothed`, label: run.name, colour: run.style.colour, dash: run.style.dash, widthPx: 2, opacity: 1, points: points(window, window.smoothed) })
      }
    }
    const x = input.range.value ?? full.value
    return {
      lines,
      marks: drawn.value.flatMap(({ window }) => nonFiniteSteps(window.steps, window.values)),
      x: { low: x.from, high: x.to > x.from ? x.to : x.from + 1 },
      y: isLog.value ? { low: 10 ** Math.floor(Math.log10(y.low)), high: 10 ** Math.ceil(Math.log10(y.high) + 1e-9) } : niceRange(y.low > 0 && y.low < y.high * 0.4 ? 0 : y.low, y.high),
      scale: isLog.value ? 'log' : 'linear',
      description: text.charts.description(
        input.metric.value,
        drawn.value.map(({ run, window }) => text.charts.lineDescription(run.name, formatValue(window.values[0]), formatValue(window.values.at(-1)), window.steps.at(-1) ?? 0)),
      ),
    }
  })

  /** Values under the crosshair, smallest first. */
  const readings = computed<Reading[]>(() => {
    const step = input.hoverStep.value
    if (step === null) return []
    return drawn.value
      .map(({ run, window }) => {
        const index = nearestIndex(window.steps, step)
        return { ...run, step: window.steps[index]!, value: window.values[index]!, smoothed: window.smoothed[index]! }
      })
      .sort((a, b) => (a.smoothed || 0) - (b.smoothed || 0))
  })

  return { isLog, isRobust, drawn, full, counts, vertical, hiddenByLog, model, readings }
}
