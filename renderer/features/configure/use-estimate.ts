import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { TrainConfig } from '../../../electron/contract/config.ts'
import type { KinoraError } from '../../../electron/contract/errors.ts'
import type { Estimate } from '../../../electron/contract/estimate.ts'
import { failureOf } from '../../rpc/failure.ts'
import { useRuns } from '../../stores/runs.ts'

/** Typing changes a field several times a second; an estimate is asked for once it rests, and steps are tried once it rests for long. */
const [restMs, longRestMs] = [250, 1500]

/**
 * What the run would take. While a new one is on its way the former stays, marked as stale. Where nothing trains, a few
 * steps of it are then tried: beside a run they would take its time, and be slower than they are.
 */
export function useEstimate(config: () => TrainConfig | null) {
  const runs = useRuns()
  const estimate = shallowRef<Estimate | null>(null)
  const failure = shallowRef<KinoraError | null>(null)
  const isStale = ref(false)
  let ticket = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function ask(whole: TrainConfig, tries = false): Promise<void> {
    const own = ++ticket
    try {
      const answer = await runs.estimate(whole, tries)
      if (own !== ticket) return
      estimate.value = answer
      failure.value = null
      if (!tries && answer.time.basis === 'speed' && runs.active.length === 0) timer = setTimeout(() => void ask(whole, true), longRestMs)
    } catch (error) {
      if (own === ticket) failure.value = failureOf(error)
    }
    if (own === ticket) isStale.value = false
  }

  watch(
    config,
    (whole) => {
      clearTimeout(timer)
      isStale.value = true
      if (whole !== null) timer = setTimeout(() => void ask(whole), restMs)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return { estimate, failure, isStale }
}
