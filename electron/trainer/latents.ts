import { setImmediate } from 'node:timers/promises'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { DisposableStore } from '../base/disposable.ts'
import { float32, sizeOf, type HostTensor, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { motionShape } from '../contract/motion-field.ts'
import { encodeLatent, latentScaleName, latentShiftName } from '../model/autoencoder-kl.ts'
import type { EpisodeMemory } from '../sampler/memory.ts'
import { TargetWriter } from '../sampler/motion-targets.ts'
import { viewSize, type ViewSource } from '../sampler/views.ts'
import type { Provider, StepFunction } from '../tensor/provider.ts'
import { batches } from './vae-phase.ts'

/** Latents kept in memory at most; beyond that a training step encodes its motion images itself. */
const limitBytes = 2 ** 29
/** Pictures that are encoded at once. */
export const latentBatch = 32

/** Numbers in the latents of all motion cameras of one sample. */
export const latentSizeOf = (config: TrainConfig): number => sizeOf(motionShape(config))

/** Whether the latents of every target in every variant of its view are worth keeping. */
export function latentsFit(config: TrainConfig, sampleCount: number, variants: number): boolean {
  return variants > 0 && sampleCount * variants * latentSizeOf(config) * 4 <= limitBytes
}

/** What encoding needs of a VAE. */
export function encoderOf<T>(vae: Readonly<Record<string, T>>): Record<string, T> {
  const isEncoder = (name: string): boolean => name.startsWith('encoder.') || name.startsWith('quant_conv.') || name === latentScaleName || name === latentShiftName
  return Object.fromEntries(Object.entries(vae).filter(([name]) => isEncoder(name)))
}

/** Latents of motion targets, one row per (sample, variant). */
export interface Latents {
  readonly rows: Float32Array
  readonly variants: number
}

/** How many encodings {@link encodeLatents} makes. */
export const latentCount = (memory: EpisodeMemory, variants: number): number => memory.sampleCount * variants

export function encodeStep(config: TrainConfig): StepFunction {
  return (p, inputs) => ({ outputs: { latent: encodeLatent(config, p, inputs['motion-image'] as Tensor4D) } })
}

/** Encodes every motion target in each of its views. Yields how many are done. */
export async function* encodeLatents(config: TrainConfig, memory: EpisodeMemory, views: ViewSource, provider: Provider, vae: HostTensors): AsyncGenerator<number, Latents> {
  const { variants } = views
  const size = latentSizeOf(config)
  const count = latentCount(memory, variants)
  const rows = new Float32Array(count * size)
  const writer = new TargetWriter(memory, config)
  const perSample = config.data.cameras.length * viewSize
  const resources = new DisposableStore()
  try {
    const state = resources.add(provider.createState(encoderOf(vae)))
    const encoder = resources.add(
      provider.compile(encodeStep(config), { name: 'VAE encoder', checkFinite: true }),
    )
    for (const batch of batches(Int32Array.from({ length: count }, (_, index) => index), latentBatch)) {
      const samples = batch.samples.map((index) => Math.floor(index / variants))
      const looks = new Float32Array(samples.length * perSample)
      batch.samples.forEach((index, row) => {
        const variant = index % variants
        looks.set(views.variantsOf(samples[row]!).subarray(variant * perSample, (variant + 1) * perSample), row * perSample)
      })
      const { latent } = await encoder.run(state, { 'motion-image': writer.planes(samples, looks) })
      rows.set((latent!.data as Float32Array).subarray(0, batch.valid * size), batch.start * size)
      yield batch.start + batch.valid
      await setImmediate()
    }
    return { rows, variants }
  } finally {
    resources.dispose()
  }
}

/** The latents of a batch, [B, K C, h, w] of K cameras. */
export function latentsOf(config: TrainConfig, latents: Latents, samples: Int32Array, variants?: Int32Array): HostTensor {
  const size = latentSizeOf(config)
  const rows = new Float32Array(samples.length * size)
  samples.forEach((sample, row) => {
    const index = sample * latents.variants + (variants?.[row] ?? 0)
    rows.set(latents.rows.subarray(index * size, (index + 1) * size), row * size)
  })
  return float32(rows, [samples.length, ...motionShape(config)])
}
