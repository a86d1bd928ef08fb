import { median } from '../../electron/base/statistics.ts'
import type { BenchRow } from '../../electron/commands/bench.ts'

/** The median of repeated measurements, with their extremes. */
export function rowOf(name: string, unit: string, better: BenchRow['better'], values: readonly number[], rest: Partial<BenchRow> = {}): BenchRow {
  return { name, value: median(values), unit, better, n: values.length, low: Math.min(...values), high: Math.max(...values), ...rest }
}

export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
