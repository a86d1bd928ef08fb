import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { Emitter } from '../../electron/base/event.ts'
import type { TrainConfig } from '../../electron/contract/config.ts'
import type { KinoraError } from '../../electron/contract/errors.ts'
import type { Estimate } from '../../electron/contract/estimate.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import { queueOf } from '../../electron/contract/queue.ts'
import { activeStates, type Annotations, type ExportedPolicy, type LogPart, type Preset, type RunAlert, type RunDetail, type RunSummary, type TrashedRun } from '../../electron/contract/run.ts'
import { fetchRuns } from '../rpc/blob.ts'
import { failureOf } from '../rpc/failure.ts'
import { useConnection } from '../rpc/use-connection.ts'
import { text } from '../text/en.ts'
import { assignSlots, styleOfSlot, type RunStyle } from '../ui/run-colour.ts'
import { useUndo } from './undo.ts'
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
  const undo = useUndo()
  const byId = shallowRef<ReadonlyMap<string, RunSummary>>(new Map())
  const presets = shallowRef<readonly Preset[]>([])
  const isLoaded = ref(false)
  const failure = shallowRef<KinoraError | null>(null)
  const metricsAppended = new Emitter<MetricsAppended>()
  const alerted = new Emitter<RunAlert>()
  const changed = new Emitter<string>()
  /** Ids in the order that the user gave the queue. */
  const order = shallowRef<readonly string[]>([])

  /** Newest first. */
  const list = computed(() => [...byId.value.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)))
  const active = computed(() => list.value.filter((run) => activeStates.includes(run.status.state)))

  /** Waiting runs, next first. */
  const queue = computed(() => queueOf(list.value, order.value))

  watch(byId, (runs) => {
    if ([...runs.keys()].every((id) => settings.runSlots[id] !== undefined)) return
    const oldestFirst = [...runs.values()].sort((a, b) => a.createdAt - b.createdAt || a.id.localeCompare(b.id))
    settings.runSlots = assignSlots(oldestFirst.map((run) => run.id), settings.runSlots)
  })
  const styleOf = (id: string): RunStyle => styleOfSlot(settings.runSlots[id] ?? 0, settings.activeTheme)
  const nameOf = (id: string): string => byId.value.get(id)?.name ?? id

  async function load(): Promise<void> {
    try {
      const [all, ids] = await Promise.all([fetchRuns(), client.runs.queue()])
      byId.value = new Map(all.map((run) => [run.id, run]))
      order.value = ids
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
    for (const event of batch) {
      if (event.type === 'metrics-appended') metricsAppended.fire(event)
      else if (event.type === 'run-alert') alerted.fire(event.alert)
      else if (event.type === 'queue-changed') order.value = event.ids
      else if (event.type === 'run-changed') changed.fire(event.run.id)
    }
  }

  /** Takes a run that a call answered with, at once, before its event comes. */
  function take(run: RunSummary): RunSummary {
    byId.value = new Map(byId.value).set(run.id, run)
    return run
  }

  const get = (id: string): Promise<RunDetail> => client.runs.get({ id })
  /** What a run of this configuration would take on the host's machine. */
  const estimate = (config: TrainConfig, tries: boolean): Promise<Estimate> => client.runs.estimate({ config: config as unknown as Record<string, unknown>, tries })
  const create = async (name: string, config: Record<string, unknown>, ignoresMemory: boolean): Promise<RunSummary> => take(await client.runs.create({ name, config, ignoresMemory }))
  /** Though memory looks too short for it. */
  const resumeAnyway = async (id: string): Promise<RunSummary> => take(await client.runs.resume({ id, ignoresMemory: true }))
  const exportPolicy = (id: string): Promise<ExportedPolicy> => client.runs.exportPolicy({ id })
  const act = async (action: RunAction, id: string): Promise<RunSummary> => take(await client.runs[action]({ id }))

  /** Changes tags or notes; can be taken back. */
  async function annotate(id: string, change: Partial<Annotations>, said: string): Promise<void> {
    const before = byId.value.get(id)
    take(await client.runs.annotate({ id, ...change }))
    if (before === undefined) return
    const old: Partial<Annotations> = { ...(change.tags && { tags: before.tags }), ...(change.notes !== undefined && { notes: before.notes }) }
    undo.done(said, async () => take(await client.runs.annotate({ id, ...old })))
  }

  /** Moves runs to the trash; can be taken back. */
  async function remove(ids: readonly string[]): Promise<void> {
    const removed: TrashedRun[] = []
    try {
      for (const id of ids) {
        removed.push(await client.runs.remove({ id }))
        apply([{ type: 'run-removed', id }])
      }
    } finally {
      const first = removed[0]
      if (first !== undefined) {
        undo.done(text.runs.deleted(removed.length, first.name), async () => {
          for (const { id } of removed) take(await client.runs.restore({ id }))
        }, true)
      }
    }
  }

  async function reorder(ids: readonly string[]): Promise<void> {
    const before = queue.value.map(({ id }) => id)
    order.value = ids
    order.value = await client.runs.reorder({ ids: [...ids] })
    undo.done(text.runs.queue.reordered, async () => (order.value = await client.runs.reorder({ ids: before })))
  }

  const trash = (): Promise<TrashedRun[]> => client.runs.trash()
  const restore = async (id: string): Promise<RunSummary> => take(await client.runs.restore({ id }))
  const emptyTrash = async (ids: string[] | null): Promise<number> => (await client.runs.emptyTrash({ ids })).freedBytes
  const log = (id: string, query: string, before: number | null, limit: number): Promise<LogPart> => client.runs.log({ id, query, before, limit })
  const importMetrics = async (path: string, name: string): Promise<RunSummary> => take(await client.runs.importMetrics({ path, name }))

  return { queue, annotate, remove, reorder, trash, restore, emptyTrash, log, importMetrics, onAlert: alerted.event, onRunChanged: changed.event, byId, list, active, presets, isLoaded, failure, onMetricsAppended: metricsAppended.event, styleOf, nameOf, load, loadPresets, apply, get, create, estimate, act, resumeAnyway, exportPolicy }
})
