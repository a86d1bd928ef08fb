import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import { activeStates, type RunDetail } from '../../../electron/contract/run.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useRuns } from '../../stores/runs.ts'

const refreshMs = 3000

/** One run whole. Its status follows events at once; samples and evaluations are asked for again when they are `watched` and it may have new ones. */
export function useRun(runId: Ref<string>, isWatched: Ref<boolean>) {
  const runs = useRuns()
  const detail = shallowRef<RunDetail | null>(null)
  const failure = shallowRef<KinoraError | null>(null)
  let ticket = 0
  let lastLoad = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function load(): Promise<void> {
    const own = ++ticket
    lastLoad = Date.now()
    clearTimeout(timer)
    timer = undefined
    try {
      const answer = await runs.get(runId.value)
      if (own !== ticket) return
      detail.value = answer
      failure.value = null
    } catch (error) {
      if (own === ticket) failure.value = failureOf(error)
    }
  }

  function loadSoon(afterMs: number): void {
    timer ??= setTimeout(() => void load(), afterMs)
  }

  const summary = computed(() => runs.byId.get(runId.value) ?? detail.value)
  const isActive = computed(() => summary.value !== null && activeStates.includes(summary.value.status.state))
  const metricNames = computed(() => [...new Set([...(detail.value?.metricNames ?? []), ...Object.keys(summary.value?.lastMetrics ?? {})])])

  watch(
    runId,
    () => {
      detail.value = null
      failure.value = null
      void load()
    },
    { immediate: true },
  )
  watch(
    () => runs.byId.get(runId.value),
    (now, before) => {
      if (now === undefined) return
      if (now.status.state !== before?.status.state) loadSoon(100)
      else if (isWatched.value) loadSoon(Math.max(0, lastLoad + refreshMs - Date.now()))
    },
  )
  watch(isWatched, (now) => {
    if (now) loadSoon(0)
  })
  onScopeDispose(() => {
    ticket++
    clearTimeout(timer)
  })

  return { detail, summary, failure, isActive, metricNames, load }
}
