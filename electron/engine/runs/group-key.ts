import { createHash } from 'node:crypto'
import type { TrainConfig } from '../../contract/config.ts'

/**
 * What runs share that differ in the seed alone (or in where they computed): twelve hexadecimal digits of the SHA-256 of
 * the configuration without those fields, keys in order.
 */
export function groupKey(config: TrainConfig): string {
  const { seed: _seed, device: _device, threads: _threads, ...rest } = config
  return createHash('sha256').update(JSON.stringify(sorted(rest))).digest('hex').slice(0, 12)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}
