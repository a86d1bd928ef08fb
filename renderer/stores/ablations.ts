import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Ablation, AblationSpec } from '../../electron/contract/ablation.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { useConnection } from '../rpc/use-connection.ts'

/** Ablations of the home, whoever runs them. */
export const useAblations = defineStore('ablations', () => {
  const { client } = useConnection()
  const byId = shallowRef<ReadonlyMap<string, Ablation>>(new Map())
  const isLoaded = ref(false)

  /** The newest first. */
  const list = computed(() => [...byId.value.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)))

  async function load(): Promise<void> {
    byId.value = new Map((await client.ablations.list()).map((one) => [one.id, one]))
    isLoaded.value = true
  }

  function take(ablation: Ablation): Ablation {
    byId.value = new Map(byId.value).set(ablation.id, ablation)
    return ablation
  }

  function apply(event: KinoraEvent): void {
    if (event.type === 'ablation-changed') take(event.ablation)
  }

  const start = async (spec: AblationSpec): Promise<Ablation> => take(await client.ablations.start(spec))
  const pause = async (id: string): Promise<Ablation> => take(await client.ablations.pause({ id }))
  const resume = async (id: string): Promise<Ablation> => take(await client.ablations.resume({ id }))

  return { byId, list, isLoaded, load, apply, start, pause, resume }
})
