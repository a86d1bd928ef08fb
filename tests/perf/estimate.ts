import type { BenchRow } from '../../electron/commands/bench.ts'
import { timeRows } from './estimate/time.ts'
import { wholeRunRows } from './estimate/whole-run.ts'

const all = { time: timeRows, whole: wholeRunRows }
export const parts = Object.keys(all)

/** What the estimator says against what training then takes: `time` of a step, and memory and disk of a `whole` run. */
export default async function bench({ signal, only, note }: { signal: AbortSignal; only: readonly string[]; note: (text: string) => void }) {
  const rows: BenchRow[] = []
  for (const [name, part] of Object.entries(all)) if (only.length === 0 || only.includes(name)) rows.push(...(await part(signal, note)))
  return rows
}
