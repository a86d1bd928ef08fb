import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import type { RunState } from '../../../electron/contract/run.ts'
import { idleStatus, runFile } from '../../../electron/engine/runs/run-folder.ts'
import { startHeadless, type HeadlessHost } from '../../../electron/host/server.ts'
import { segmentName } from '../../../electron/metrics/segment.ts'
import { resolveHome, type Home } from '../../../electron/platform/paths.ts'
import { spawnIdleEngine } from '../../support/idle-engine.ts'

export function temporaryHome(): { home: Home; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'kinora-bench-'))
  const home = resolveHome(root)
  for (const folder of [home.runs, home.datasets, home.cache, `${home.datasets}/cups`]) mkdirSync(folder, { recursive: true })
  return { home, remove: () => rmSync(root, { recursive: true, force: true }) }
}

export interface GeneratedRun {
  readonly id: string
  readonly state?: RunState
  readonly seed?: number
  readonly lambda?: number
  readonly pid?: number
  readonly steps: number
}

/** A run folder as the engine leaves it, without the care for a crash that it takes. Returns its path. */
export function writeRun(home: Home, { id, state = 'finished', seed = 0, lambda = 1, pid, steps }: GeneratedRun, createdAt: number): string {
  const path = join(home.runs, id)
  mkdirSync(runFile.metrics(path), { recursive: true })
  writeFileSync(runFile.config(path), JSON.stringify(trainConfigSchema.parse({ data: { dataset: 'cups' }, seed, steps, motion: { lambda } })))
  writeFileSync(runFile.status(path), JSON.stringify({ ...idleStatus, state, pid: pid ?? null, phase: 'train', step: steps, totalSteps: steps, updatedAt: createdAt }))
  writeFileSync(runFile.identity(path), JSON.stringify({ id, name: id, createdAt, kinora: '0.1.0' }))
  return path
}

/** Records of a noisy, falling loss for each metric, one a step. */
export function metricLines(metrics: readonly string[], steps: number, seed = 1): string {
  const lines: string[] = []
  let state = seed >>> 0 || 1
  for (let step = 1; step <= steps; step++) {
    const values = metrics.map((name, index) => {
      // xorshift32: cheap, and the same everywhere.
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      const noise = (state >>> 0) / 2 ** 32 - 0.5
      return `"${name}":${(Math.exp((-3 * step) / steps) * (1 - index / 30) + 0.1 + 0.08 * noise).toFixed(6)}`
    })
    lines.push(`{"step":${step},"wall":${1_700_000_000_000 + step * 110},"values":{${values.join(',')}}}\n`)
  }
  return lines.join('')
}

export function writeMetrics(runPath: string, text: string): string {
  const file = join(runFile.metrics(runPath), segmentName(0, 0))
  writeFileSync(file, text)
  return file
}

/** The same records for another run, without their bytes on the disk again. */
export function shareMetrics(file: string, runPath: string): void {
  linkSync(file, join(runFile.metrics(runPath), segmentName(0, 0)))
}

/** The real host over a home, once it has read every run. */
export async function serveHome(home: Home, runCount: number): Promise<HeadlessHost> {
  const host = await startHeadless({ home, spawn: spawnIdleEngine })
  for (;;) {
    const runs = await host.workbench.services.runs.list()
    if (runs.length >= runCount) return host
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
