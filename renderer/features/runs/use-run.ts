import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import { activeStates, type RunDetail } from '../../../electron/contract/run.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useRuns } from '../../stores/runs.ts'

const refreshMs = 3000

/** One run whole. Its status follows events at once; log and evaluations are asked for again while it is at work. */
export function useRun(runId: Ref<string>) {
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
      if (now === undefined || timer !== undefined) return
      const isTurn = now.status.state !== before?.status.state
      timer = setTimeout(() => void load(), isTurn ? 100 : Math.max(0, lastLoad + refreshMs - Date.now()))
    },
  )
  onScopeDispose(() => {
    ticket++
    clearTimeout(timer)
  })

  return { detail, summary, failure, isActive, metricNames, load }
}
