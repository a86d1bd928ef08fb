import type { BenchRow } from '../../../electron/commands/bench.ts'

/** The 95th percentile of measurements (nearest rank), with their extremes. */
export function p95Row(name: string, values: readonly number[], target: number, note?: string, unit = 'ms'): BenchRow {
  const sorted = [...values].sort((a, b) => a - b)
  return { name, value: sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)]!, unit, better: 'lower', target, n: values.length, low: sorted[0]!, high: sorted.at(-1)!, ...(note !== undefined && { note }) }
}
