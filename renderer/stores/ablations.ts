import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Ablation, AblationSpec } from '../../electron/contract/ablation.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { text } from '../text/en.ts'
import { useUndo } from './undo.ts'

/** Ablations of the home, whoever runs them. */
export const useAblations = defineStore('ablations', () => {
  const { client } = useConnection()
  const undo = useUndo()
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
    else if (event.type === 'ablation-removed') drop(event.id)
  }

  function drop(id: string): void {
    const rest = new Map(byId.value)
    rest.delete(id)
    byId.value = rest
  }

  /** The ablation that a run is of. */
  const ofRun = (runId: string): Ablation | undefined => list.value.find(({ cells }) => cells.some((cell) => cell.runId === runId))

  const start = async (spec: AblationSpec): Promise<Ablation> => take(await client.ablations.start(spec))
  const pause = async (id: string): Promise<Ablation> => take(await client.ablations.pause({ id }))
  const resume = async (id: string): Promise<Ablation> => take(await client.ablations.resume({ id }))

  /** Sets it aside; can be taken back. Its runs stay. */
  async function remove({ id, spec }: Ablation): Promise<void> {
    await client.ablations.remove({ id })
    drop(id)
    undo.done(text.ablations.deleted(spec.name), async () => take(await client.ablations.restore({ id })), true)
  }

  return { byId, list, isLoaded, load, apply, ofRun, start, pause, resume, remove }
})
