import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A run's metrics lie in segments: `metrics/<order>-<first step>.ndjson`. Starting or resuming a run opens the next one,
 * so nothing that was ever written is overwritten; `order` counts up, and where segments overlap the later one wins.
 */
export interface Segment {
  readonly path: string
  readonly order: number
  readonly firstStep: number
}

const pattern = /^(\d{4,})-(\d+)\.ndjson$/

export function segmentName(order: number, firstStep: number): string {
  return `${String(order).padStart(4, '0')}-${String(firstStep).padStart(9, '0')}.ndjson`
}

/** All segments in the order in which they were opened. No folder means none. */
export async function listSegments(folder: string): Promise<Segment[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  const segments: Segment[] = []
  for (const name of names) {
    const match = pattern.exec(name)
    if (match) segments.push({ path: join(folder, name), order: Number(match[1]), firstStep: Number(match[2]) })
  }
  return segments.sort((a, b) => a.order - b.order)
}

/**
 * Steps of the autoencoder's own training count from zero beside those of the policy, so the two are superseded apart:
 * a run resumed at step 100 replaces the policy's records from 100 on and leaves the autoencoder's alone.
 */
export function scopeOf(metric: string): 'vae' | 'policy' {
  return metric.startsWith('vae/') ? 'vae' : 'policy'
}
