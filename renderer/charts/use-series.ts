import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { blobUrl, type SeriesWindow } from '../../electron/contract/blob.ts'
import { fetchSeries } from '../rpc/blob.ts'
import { failureOf, isAbort } from '../rpc/failure.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { useRuns } from '../stores/runs.ts'

/** Live curves ask and draw at most ten times a second. */
export const redrawIntervalMs = 100

export interface StepRange {
  readonly from: number
  readonly to: number
}

export interface SeriesQuery {
  readonly runIds: readonly string[]
  readonly metric: string
  /** Width of the plot; 0 asks for nothing. */
  readonly widthPx: number
  /** Null for the whole series. */
  readonly range: StepRange | null
  /** Off screen nothing is asked for; what changed meanwhile is asked for on return. */
  readonly isVisible: boolean
}

export type FetchWindow = (url: string, signal: AbortSignal) => Promise<SeriesWindow>

/**
 * Windows of one metric of several runs, kept fresh: asked for again on zoom, resize and new records. One question is
 * under way at a time; changes during it are answered by one more after it, so a slow host is never piled up on.
 */
export function useSeries(query: Ref<SeriesQuery>, fetch: FetchWindow = fetchSeries) {
  const runs = useRuns()
  const windows = shallowRef<ReadonlyMap<string, SeriesWindow>>(new Map())
  const failure = shallowRef<string | null>(null)
  const isLoaded = shallowRef(false)
  let stale: Set<string> | 'all' = 'all'
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort: AbortController | undefined
  let lastStart = -Infinity
  let isDisposed = false

  function schedule(): void {
    if (isDisposed || timer !== undefined || abort !== undefined) return
    const { widthPx, isVisible } = query.value
    if (widthPx <= 0 || !isVisible) return
    if (stale !== 'all' && stale.size === 0) return
    timer = setTimeout(() => void ask(), Math.max(0, lastStart + redrawIntervalMs - performance.now()))
  }

  async function ask(): Promise<void> {
    timer = undefined
    const { runIds, metric, widthPx, range } = query.value
    const wanted = stale === 'all' ? runIds : runIds.filter((id) => (stale as Set<string>).has(id))
    stale = new Set()
    lastStart = performance.now()
    const own = (abort = new AbortController())
    try {
      const answers = await Promise.all(
        wanted.map(async (id): Promise<[string, SeriesWindow]> => [id, await fetch(blobUrl.series(id, metric, Math.round(widthPx), range?.from, range?.to), own.signal)]),
      )
      if (own.signal.aborted) return
      const next = new Map([...windows.value].filter(([id]) => runIds.includes(id)))
      for (const [id, window] of answers) next.set(id, window)
      windows.value = next
      failure.value = null
      isLoaded.value = true
    } catch (error) {
      if (!isAbort(error) && !own.signal.aborted) failure.value = failureOf(error).message
    } finally {
      if (abort === own) abort = undefined
      schedule()
    }
  }

  function invalidateAll(): void {
    stale = 'all'
    abort?.abort()
    abort = undefined
    schedule()
  }

  watch(
    () => [query.value.runIds.join('\n'), query.value.metric, Math.round(query.value.widthPx / 16), query.value.range?.from, query.value.range?.to].join('|'),
    invalidateAll,
  )
  watch(() => query.value.isVisible, schedule)
  const listening = runs.onMetricsAppended((event) => {
    const { runIds, metric } = query.value
    if (!runIds.includes(event.id) || !event.names.includes(metric)) return
    if (stale !== 'all') stale.add(event.id)
    schedule()
  })
  // Records that came while the line was down were not announced.
  const reconnecting = useConnection().onDidOpen(invalidateAll)
  schedule()
  onScopeDispose(() => {
    isDisposed = true
    listening.dispose()
    reconnecting.dispose()
    clearTimeout(timer)
    abort?.abort()
  })

  return { windows, failure, isLoaded, refresh: invalidateAll }
}
