import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quantile } from '../../../electron/base/statistics.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { estimate, tryStep } from '../../../electron/engine/estimate/estimate.ts'
import { machineSpeed } from '../../../electron/engine/estimate/machine-speed.ts'
import { liberoDimensions } from '../../../electron/model/parameter-counts.ts'
import { presetConfig } from '../../../electron/model/presets.ts'
import { resolveHome } from '../../../electron/platform/paths.ts'
import { openOnnxProvider } from '../../../electron/tensor/backends/onnx/provider.ts'
import { rowOf } from '../../support/bench-row.ts'

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Steps that are measured after each estimate. */
const presets = [['pico', 16], ['nano', 12], ['tiny', 4]] as const
const rounds = 5

/**
 * Time of a step as the estimator says it against what training then takes. The machine's own speed moves from minute to
 * minute, so estimate and measurement take turns, and each pair gives a ratio.
 */
export async function timeRows(signal: AbortSignal): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-estimate-'))
  try {
    const provider = openOnnxProvider('onnx-cpu', 'cpu', { threads: cpus().length })
    // Calibrated as on a machine that is new to the app.
    const speed = await machineSpeed(resolveHome(folder), provider, cpus().length)
    const rows: BenchRow[] = []
    for (const [name, steps] of presets) {
      const config = presetConfig(name, 'bench')
      // No dataset is known here, so the step that is given latents is meant.
      const told = estimate(config, { frames: 1, heldFrames: 0, dimensions: liberoDimensions }, { provider: 'onnx-cpu', speed, availableBytes: process.availableMemory(), freeDiskBytes: null })
      const child = fork(worker, [name])
      const found = []
      try {
        await once(child, 'message', { signal })
        for (let round = 0; round < rounds; round++) {
          const tried = (await tryStep(provider, config, liberoDimensions, told.time.secondsPerStep))!
          found.push({ tried, took: quantile(await take(child, steps, signal), 0.25) })
        }
      } finally {
        child.kill()
      }
      const took = quantile(found.map((one) => one.took), 0.5)
      const target = { target: 1.15, note: 'estimate over measurement, 0.85 to 1.15' }
      rows.push(
        rowOf(`estimate_time_${name}`, '', 'lower', found.map((one) => one.tried / one.took), { ...target, note: `${target.note}; ${(1000 * took).toFixed(0)} ms a step, some of which were tried before` }),
        rowOf(`estimate_time_untried_${name}`, '', 'lower', found.map((one) => told.time.secondsPerStep / one.took), { note: `from the speed of the machine alone: ${(1000 * told.time.secondsPerStep).toFixed(0)} ms` }),
      )
    }
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function take(child: ChildProcess, steps: number, signal: AbortSignal): Promise<number[]> {
  child.send(steps)
  const [seconds] = (await once(child, 'message', { signal })) as [number[]]
  return seconds
}
