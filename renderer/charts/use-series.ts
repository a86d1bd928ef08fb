import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { ChartAxis, CurveQuery, SeriesWindow } from '../../electron/contract/blob.ts'
import { fetchCurves } from '../rpc/blob.ts'
import { failureOf, isAbort } from '../rpc/failure.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { useRuns } from '../stores/runs.ts'

/** What the user does is answered at most ten times a second. */
const askIntervalMs = 100
/** An answer that comes within so long is worth waiting for: drawing the points at hand in its place would hold it up. */
const patienceMs = 40

/** Two places on the axis of a chart: steps, seconds, or whatever it shows. */
export interface AxisRange {
  readonly from: number
  readonly to: number
}

export interface SeriesQuery {
  /** By id of the line: its run, or the runs of which it is the mean. */
  readonly lines: readonly { readonly id: string; readonly runIds: readonly string[] }[]
  readonly metric: string
  /** Width of the plot; 0 asks for nothing. */
  readonly widthPx: number
  readonly axis: ChartAxis
  readonly smoothingPoints: number
  /** Null for the whole series. */
  readonly range: AxisRange | null
  /** Off screen nothing is asked for; what changed meanwhile is asked for on return. */
  readonly isVisible: boolean
}

export type FetchCurves = (query: CurveQuery, signal: AbortSignal) => Promise<SeriesWindow[]>

/**
 * Windows of one metric, a line each, kept fresh: asked for again on zoom, resize and new records. One question is under
 * way at a time, for all lines that need it; changes during it are answered by one more after it, so a slow host is never
 * piled up on. `axis` is that of the windows at hand: after a change of axis the old ones stay until the new ones come.
 * `range` is what is to be drawn: a new one as soon as its windows are there, or after a moment with those at hand.
 */
export function useSeries(query: Ref<SeriesQuery>, fetch: FetchCurves = fetchCurves) {
  const runs = useRuns()
  const windows = shallowRef<ReadonlyMap<string, SeriesWindow>>(new Map())
  const failure = shallowRef<string | null>(null)
  const isLoaded = shallowRef(false)
  const axis = shallowRef<ChartAxis>(query.value.axis)
  const range = shallowRef<AxisRange | null>(query.value.range)
  let stale: Set<string> | 'all' = 'all'
  let timer: ReturnType<typeof setTimeout> | undefined
  let patience: ReturnType<typeof setTimeout> | undefined
  let underWay: { readonly abort: AbortController; readonly range: AxisRange | null } | undefined
  let lastStart = -Infinity
  let isDisposed = false

  function schedule(): void {
    if (isDisposed || timer !== undefined || underWay !== undefined) return
    const { widthPx, isVisible } = query.value
    if (widthPx <= 0 || !isVisible) return
    if (stale !== 'all' && stale.size === 0) return
    const restMs = lastStart + askIntervalMs - performance.now()
    // What all charts of a page want at the same moment, news or the same zoom, comes in one answer.
    if (stale !== 'all' || restMs <= 0) void ask()
    else timer = setTimeout(() => void ask(), restMs)
  }

  async function ask(): Promise<void> {
    timer = undefined
    const { lines, metric, widthPx, axis: askedAxis, smoothingPoints, range: askedRange } = query.value
    const wanted = stale === 'all' ? lines : lines.filter(({ id }) => (stale as Set<string>).has(id))
    stale = new Set()
    lastStart = performance.now()
    const { signal } = (underWay = { abort: new AbortController(), range: askedRange }).abort
    try {
      const asked: CurveQuery = { lines: wanted.map(({ runIds }) => runIds), metric, widthPx: Math.round(widthPx), axis: askedAxis, smoothingPoints, from: askedRange?.from, to: askedRange?.to }
      const answers = wanted.length === 0 ? [] : await fetch(asked, signal)
      if (signal.aborted) return
      const next = new Map([...windows.value].filter(([id]) => lines.some((line) => line.id === id)))
      wanted.forEach(({ id }, index) => next.set(id, answers[index]!))
      windows.value = next
      axis.value = askedAxis
      failure.value = null
      isLoaded.value = true
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) failure.value = failureOf(error).message
    } finally {
      underWay = undefined
      drawRange()
      schedule()
    }
  }

  function drawRange(): void {
    clearTimeout(patience)
    patience = undefined
    range.value = query.value.range
  }

  /** What is under way is waited for: while the user turns the wheel, its answer is nearer than the one at hand. */
  function invalidateAll(): void {
    stale = 'all'
    schedule()
  }

  watch(
    () => {
      const { lines, metric, widthPx, axis, smoothingPoints, range } = query.value
      return [lines.map(({ id, runIds }) => `${id}=${runIds.join('~')}`).join('\n'), metric, Math.round(widthPx / 16), axis, smoothingPoints, range?.from, range?.to].join('|')
    },
    invalidateAll,
  )
  watch(
    () => query.value.range,
    (now) => {
      if (underWay?.range === now) patience ??= setTimeout(drawRange, patienceMs)
      else drawRange()
    },
  )
  watch(() => query.value.isVisible, schedule)
  const listening = runs.onMetricsAppended((event) => {
    const { lines, metric } = query.value
    if (!event.names.includes(metric) || stale === 'all') return
    for (const line of lines) if (line.runIds.includes(event.id)) stale.add(line.id)
    schedule()
  })
  // Records that came while the line was down were not announced, and an answer over that line may never come.
  const reconnecting = useConnection().onDidOpen(() => {
    underWay?.abort.abort()
    invalidateAll()
  })
  schedule()
  onScopeDispose(() => {
    isDisposed = true
    listening.dispose()
    reconnecting.dispose()
    clearTimeout(timer)
    clearTimeout(patience)
    underWay?.abort.abort()
  })

  return { windows, axis, range, failure, isLoaded, refresh: invalidateAll }
}
