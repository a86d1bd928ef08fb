import { runStates, type RunSummary } from '../../../electron/contract/run.ts'
import { text } from '../../text/en.ts'

/**
 * The one-line query of the run table: words look in name and id; `state:running,paused`, `target:none`, `preset:nano`,
 * `data:`, `seed:3` compare fields; `success>0.5`, `step<=200`, `loss/action<0.1` compare numbers; `sort:-success`
 * sorts (also by clicking). A leading `-` turns a condition around. Conditions are joined by AND.
 */
export interface RunQuery {
  readonly conditions: readonly ((run: RunSummary) => boolean)[]
  readonly sort: readonly SortKey[]
  /** What could not be understood, in words; the rest of the query still counts. */
  readonly problems: readonly string[]
}

export interface SortKey {
  readonly column: string
  readonly descending: boolean
}

const fields: Record<string, (run: RunSummary) => string> = {
  state: (run) => run.status.state,
  target: (run) => run.motionTarget,
  preset: (run) => run.preset,
  data: (run) => run.datasetId,
  seed: (run) => String(run.seed),
  name: (run) => run.name,
  id: (run) => run.id,
  provider: (run) => run.status.provider ?? '',
}

/** A run's value in a column, for sorting and comparing; null sorts last in both directions. */
export function columnValue(run: RunSummary, column: string): number | string | null {
  if (column === 'name') return run.name.toLowerCase()
  if (column === 'state') return runStates.indexOf(run.status.state)
  if (column === 'target') return run.motionTarget
  if (column === 'preset') return run.preset
  if (column === 'seed') return run.seed
  if (column === 'step') return run.status.step
  if (column === 'progress') return run.status.totalSteps > 0 ? run.status.step / run.status.totalSteps : null
  if (column === 'eta') return run.status.etaSeconds
  if (column === 'created') return run.createdAt
  if (column === 'success') return run.evaluation === null || run.evaluation.total.n === 0 ? null : run.evaluation.total.successes / run.evaluation.total.n
  return run.lastMetrics[column] ?? null
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
}

function condition(word: string, problems: string[]): (run: RunSummary) => boolean {
  const compared = /^([^<>=]+)(>=|<=|>|<|=)(.+)$/.exec(word)
  if (compared !== null) {
    const [, column, sign, given] = compared
    const wanted = given!.endsWith('%') ? Number(given!.slice(0, -1)) / 100 : Number(given)
    if (Number.isNaN(wanted)) {
      problems.push(text.runs.query.notNumber(given!, column!))
      return () => true
    }
    return (run) => {
      const value = columnValue(run, column!)
      return typeof value === 'number' && comparisons[sign!]!(value, wanted)
    }
  }
  const colon = word.indexOf(':')
  const field = colon > 0 ? fields[word.slice(0, colon).toLowerCase()] : undefined
  if (field !== undefined) {
    const wanted = word.slice(colon + 1).toLowerCase().split(',').filter(Boolean)
    return (run) => wanted.length === 0 || wanted.some((one) => field(run).toLowerCase().includes(one))
  }
  if (colon > 0 && /^[a-z]+$/i.test(word.slice(0, colon))) {
    problems.push(text.runs.query.unknownField(word.slice(0, colon), Object.keys(fields).join(', ')))
    return () => true
  }
  const wanted = word.toLowerCase()
  return (run) => run.name.toLowerCase().includes(wanted) || run.id.toLowerCase().includes(wanted)
}

export function parseRunQuery(query: string): RunQuery {
  const problems: string[] = []
  const sort: SortKey[] = []
  const conditions: ((run: RunSummary) => boolean)[] = []
  for (const word of query.trim().split(/\s+/).filter(Boolean)) {
    if (word.startsWith('sort:')) {
      for (const key of word.slice(5).split(',').filter(Boolean)) sort.push({ column: key.replace(/^-/, ''), descending: key.startsWith('-') })
    } else if (word.startsWith('-') && word.length > 1) {
      const turned = condition(word.slice(1), problems)
      conditions.push((run) => !turned(run))
    } else {
      conditions.push(condition(word, problems))
    }
  }
  return { conditions, sort, problems }
}

function compareBy(keys: readonly SortKey[]): (a: RunSummary, b: RunSummary) => number {
  return (a, b) => {
    for (const { column, descending } of keys) {
      const x = columnValue(a, column)
      const y = columnValue(b, column)
      if (x === y) continue
      // Runs without a value come last, whichever way the column is sorted.
      if (x === null || (typeof x === 'number' && Number.isNaN(x))) return 1
      if (y === null || (typeof y === 'number' && Number.isNaN(y))) return -1
      const order = typeof x === 'string' && typeof y === 'string' ? x.localeCompare(y, 'en', { numeric: true }) : x < y ? -1 : 1
      return descending ? -order : order
    }
    return 0
  }
}

/** The rows to show. Without sort keys the given order (newest first) stays. */
export function applyRunQuery(runs: readonly RunSummary[], query: RunQuery, sort: readonly SortKey[]): RunSummary[] {
  const rows = runs.filter((run) => query.conditions.every((holds) => holds(run)))
  const keys = [...query.sort, ...sort]
  return keys.length === 0 ? rows : rows.sort(compareBy(keys))
}

/** A click sorts by that column, again turns it, a third time lets go; `isAdding` keeps the other keys. */
export function nextSort(keys: readonly SortKey[], column: string, isAdding: boolean, descendingFirst: boolean): SortKey[] {
  const present = keys.find((key) => key.column === column)
  const others = isAdding ? keys.filter((key) => key.column !== column) : []
  if (present === undefined) return [...others, { column, descending: descendingFirst }]
  if (present.descending === descendingFirst) return [...others, { column, descending: !descendingFirst }]
  return others
}
