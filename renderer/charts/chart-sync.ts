import { inject, provide, ref, shallowRef, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import type { StepRange } from './use-series.ts'

/** What charts of one page share: the zoomed range of steps and the step under the crosshair. */
export interface ChartSync {
  readonly range: ShallowRef<StepRange | null>
  readonly hoverStep: Ref<number | null>
}

const key: InjectionKey<ChartSync> = Symbol('chart-sync')

export function provideChartSync(): ChartSync {
  const sync: ChartSync = { range: shallowRef(null), hoverStep: ref(null) }
  provide(key, sync)
  return sync
}

export function useChartSync(): ChartSync {
  return inject(key, () => ({ range: shallowRef(null), hoverStep: ref(null) }), true)
}
