import { computed, ref, shallowRef } from 'vue'
import { orderMetrics } from '../../charts/series.ts'
import { useRuns } from '../../stores/runs.ts'
import { applyRunQuery, nextSort, parseRunQuery, type SortKey } from './run-query.ts'
import { text } from '../../text/en.ts'

export interface Column {
  readonly id: string
  readonly title: string
  readonly isNumber: boolean
  /** Whether more is better, so that the first click shows the best on top. */
  readonly descendingFirst?: boolean
}

/** The losses that the table shows: training's first, then validation's; a sum of losses only where it is all there is. */
export function lossColumns(metricNames: Iterable<string>): string[] {
  const losses = orderMetrics([...metricNames]).filter((name) => /loss|^val/i.test(name) && !/vae|kl/i.test(name))
  const parts = losses.filter((name) => !/total/i.test(name))
  return (parts.length > 0 ? parts : losses).slice(0, 3)
}

/** Rows, columns and sort order of the run table. */
export function useRunTable() {
  const runs = useRuns()
  const queryText = ref('')
  const sort = shallowRef<readonly SortKey[]>([])

  const query = computed(() => parseRunQuery(queryText.value))
  const rows = computed(() => applyRunQuery(runs.list, query.value, sort.value))
  const metricNames = computed(() => {
    const names = new Set<string>()
    for (const run of runs.list) for (const name of Object.keys(run.lastMetrics)) names.add(name)
    return names
  })
  const columns = computed<Column[]>(() => [
    { id: 'name', title: text.runs.columns.name, isNumber: false },
    { id: 'state', title: text.runs.columns.state, isNumber: false },
    { id: 'target', title: text.runs.columns.target, isNumber: false },
    { id: 'seed', title: text.runs.columns.seed, isNumber: true },
    ...lossColumns(metricNames.value).map((name) => ({ id: name, title: name, isNumber: true })),
    { id: 'success', title: text.runs.columns.success, isNumber: true, descendingFirst: true },
    { id: 'progress', title: text.runs.columns.progress, isNumber: false, descendingFirst: true },
    { id: 'eta', title: text.runs.columns.eta, isNumber: true },
    { id: 'created', title: text.runs.columns.created, isNumber: false, descendingFirst: true },
  ])

  function sortBy(column: Column, isAdding: boolean): void {
    sort.value = nextSort(sort.value, column.id, isAdding, column.descendingFirst ?? false)
  }

  const directionOf = (column: Column): 'ascending' | 'descending' | undefined => {
    const key = [...query.value.sort, ...sort.value].find((one) => one.column === column.id)
    return key === undefined ? undefined : key.descending ? 'descending' : 'ascending'
  }

  return { queryText, query, rows, columns, metricNames, sort, sortBy, directionOf }
}
