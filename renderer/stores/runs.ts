import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { Emitter } from '../../electron/base/event.ts'
import type { KinoraError } from '../../electron/contract/errors.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { activeStates, type Preset, type RunDetail, type RunSummary } from '../../electron/contract/run.ts'
import { failureOf } from '../rpc/failure.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { assignSlots, styleOfSlot, type RunStyle } from '../ui/run-colour.ts'
import { useSettings } from './settings.ts'

export type MetricsAppended = Extract<KinoraEvent, { type: 'metrics-appended' }>
export type RunAction = 'pause' | 'resume' | 'stop'

/** The runs after a batch of events: one new map a batch, whatever its length. */
export function reduceRuns(runs: ReadonlyMap<string, RunSummary>, batch: readonly KinoraEvent[]): ReadonlyMap<string, RunSummary> {
  let next: Map<string, RunSummary> | undefined
  for (const event of batch) {
    if (event.type === 'run-changed') (next ??= new Map(runs)).set(event.run.id, event.run)
    else if (event.type === 'run-removed') (next ??= new Map(runs)).delete(event.id)
  }
  return next ?? runs
}

export const useRuns = defineStore('runs', () => {
  const { client } = useConnection()
  const settings = useSettings()
  const byId = shallowRef<ReadonlyMap<string, RunSummary>>(new Map())
  const presets = shallowRef<readonly Preset[]>([])
  const isLoaded = ref(false)
  const failure = shallowRef<KinoraError | null>(null)
  const metricsAppended = new Emitter<MetricsAppended>()

  /** Newest first. */
  const list = computed(() => [...byId.value.values()].sort((a, b) => b.createdAt - a.createdAt || a.id.localeCompare(b.id)))
  const active = computed(() => list.value.filter((run) => activeStates.includes(run.status.state)))

  watch(byId, (runs) => {
    if ([...runs.keys()].every((id) => settings.runSlots[id] !== undefined)) return
    const oldestFirst = [...runs.values()].sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id))
    settings.runSlots = assignSlots(oldestFirst.map((run) => run.id), settings.runSlots)
  })
  const styleOf = (id: string): RunStyle => styleOfSlot(settings.runSlots[id] ?? 0, settings.activeTheme)
  const nameOf = (id: string): string => byId.value.get(id)?.name ?? id

  async function load(): Promise<void> {
    try {
      byId.value = new Map((await client.runs.list()).map((run) => [run.id, run]))
      failure.value = null
      isLoaded.value = true
    } catch (error) {
      failure.value = failureOf(error)
    }
  }

  async function loadPresets(): Promise<void> {
    presets.value = await client.runs.presets()
  }

  function apply(batch: readonly KinoraEvent[]): void {
    byId.value = reduceRuns(byId.value, batch)
    for (const event of batch) if (event.type === 'metrics-appended') metricsAppended.fire(event)
  }

  /** Takes a run that a call answered with, at once, before its event comes. */
  function take(run: RunSummary): RunSummary {
    byId.value = new Map(byId.value).set(run.id, run)
    return run
  }

  const get = (id: string): Promise<RunDetail> => client.runs.get({ id })
  const create = async (name: string, config: Record<string, unknown>): Promise<RunSummary> => take(await client.runs.create({ name, config }))
  const act = async (action: RunAction, id: string): Promise<RunSummary> => take(await client.runs[action]({ id }))

  return { byId, list, active, presets, isLoaded, failure, onMetricsAppended: metricsAppended.event, styleOf, nameOf, load, loadPresets, apply, get, create, act }
})
