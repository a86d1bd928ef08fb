import { monitorEventLoopDelay } from 'node:perf_hooks'
import { float32, int32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import { Rng } from '../../../electron/base/rng.ts'
import { median } from '../../../electron/base/statistics.ts'
import type { TrainConfig } from '../../../electron/contract/config.ts'
import { latentShape } from '../../../electron/contract/motion-field.ts'
import { dualHeadSpecs } from '../../../electron/model/dual-head.ts'
import { initialise, prefixed } from '../../../electron/model/parameters.ts'
import { pictureLayout } from '../../../electron/model/picture-layout.ts'
import { presetConfig } from '../../../electron/model/presets.ts'
import { openOnnxProvider } from '../../../electron/tensor/backends/onnx/provider.ts'
import { Session } from '../../../electron/tensor/backends/onnx/session.ts'
import type { CompiledStep, DeviceState } from '../../../electron/tensor/provider.ts'
import { FlatParameters } from '../../../electron/trainer/flat-parameters.ts'
import { drawNoise } from '../../../electron/trainer/noise.ts'
import { trainStep } from '../../../electron/trainer/train-step.ts'
import { residentBytes } from './memory.ts'

const dimensions = { state: 8, action: 7 }

/** The smallest policy's joint training step on made-up data. */
export function jointStep(batchSize: number, threads = 0): { compiled: CompiledStep; state: DeviceState; inputs: (step: number) => HostTensors } {
  const config: TrainConfig = { ...presetConfig('nano', 'bench'), batchSize }
  const specs = dualHeadSpecs(config, dimensions)
  const flat = new FlatParameters(specs)
  const provider = openOnnxProvider('onnx-cpu', 'cpu', { threads })
  const state = provider.createState({
    ...prefixed(flat.pack(initialise(specs, 0)), 'params/'), ...prefixed(flat.zeros(), 'adam-m/'), ...prefixed(flat.zeros(), 'adam-v/'), ...prefixed(flat.zeros(), 'ema/'),
  })
  const rng = new Rng(1)
  const normals = (...shape: number[]): HostTensors[string] => float32(rng.normals(shape.reduce((a, b) => a * b, 1)), shape)
  const filled = (...shape: number[]): HostTensors[string] => float32(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape)
  const text = config.backbone.maxTextTokens
  const fixed: HostTensors = {
    'images': normals(batchSize * config.data.cameras.length, ...pictureLayout(config).shape),
    'text-ids': int32(Int32Array.from({ length: batchSize * text }, (_, index) => index % 200), [batchSize, text]),
    'text-mask': filled(batchSize, text),
    'state': normals(batchSize, dimensions.state),
    'actions': normals(batchSize, config.action.chunk, dimensions.action),
    'action-mask': filled(batchSize, config.action.chunk),
    'motion-latent': normals(batchSize, ...latentShape(config)),
    'motion-weight': filled(batchSize),
  }
  const compiled = provider.compile(trainStep(config, flat, 'latent'), { name: 'joint step', checkFinite: true })
  const scalar = (value: number): HostTensors[string] => float32(Float32Array.of(value), [])
  return {
    compiled,
    state,
    inputs: (step) => ({ ...fixed, ...drawNoise(config, 0, step, batchSize, dimensions.action, true), 'learning-rate': scalar(1e-4), 'step': scalar(step), 'ema-decay': scalar(0.99) }),
  }
}

/** What `run` costs beside the session's own run; and whether memory grows from step to step. */
export async function policyRows(): Promise<{ name: string; value: number; unit: string; better: 'lower'; target: number; n: number; low?: number; high?: number; note?: string }[]> {
  let nativeMs = 0
  const own = Session.prototype.run
  Session.prototype.run = function (feeds) {
    const before = performance.now()
    const result = own.call(this, feeds)
    nativeMs = performance.now() - before
    return result
  }
  try {
    const { compiled, state, inputs } = jointStep(2)
    const overheads: number[] = []
    for (let step = 1; step <= 60; step++) {
      const batch = inputs(step)
      const before = performance.now()
      await compiled.run(state, batch)
      if (step > 10) overheads.push(performance.now() - before - nativeMs)
    }
    const sorted = overheads.sort((a, b) => a - b)
    // Garbage between two collections comes and goes by 40 MiB: a median over many steps tells what stays.
    const [steps, window] = [2000, 400]
    const resident: number[] = []
    for (let step = 1; step <= steps + window; step++) {
      await compiled.run(state, inputs(step))
      resident.push(residentBytes())
    }
    const growth = median(resident.slice(-window)) - median(resident.slice(0, window))
    return [
      { name: 'replay_overhead_ms', value: sorted[sorted.length >> 1]!, unit: 'ms', better: 'lower', target: 1.5, n: sorted.length, low: sorted[Math.round(0.1 * sorted.length)], high: sorted[Math.floor(0.9 * sorted.length)] },
      { name: 'memory_growth_mb', value: growth / 2 ** 20, unit: 'MiB', better: 'lower', target: 20, n: steps, note: `medians of ${window} steps, ${steps} steps apart` },
    ]
  } finally {
    Session.prototype.run = own
  }
}

/** Delay of this process's event loop while `work` goes on in another. */
export async function eventLoopP99Ms(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await work()
  delay.disable()
  return delay.percentile(99) / 1e6
}
