import { createHash } from 'node:crypto'
import { float32, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import type { EpisodeMemory } from '../sampler/memory.ts'
import type { ViewSource } from '../sampler/views.ts'
import type { Provider } from '../tensor/provider.ts'
import { encodeLatents, latentCount, latentSizeOf, type Latents } from './latents.ts'
import type { VaeCache } from './vae-phase.ts'

/** Larger ones are made anew each time: they would fill the disk with every seed. */
const largestBytes = 2 ** 27

/** What the cache takes of a run's latents, of which there are `count`. */
export function latentCacheBytes(config: TrainConfig, count: number): number {
  const bytes = 4 * count * latentSizeOf(config)
  return bytes <= largestBytes ? bytes : 0
}

/** Hash of all that latents depend on: autoencoder, motion targets, the views that the seed draws, and what computes. */
function latentsKey(config: TrainConfig, memory: EpisodeMemory, provider: Provider, vae: HostTensors): string {
  const { dataset: _dataset, ...data } = config.data
  const hash = createHash('sha256')
  hash.update(JSON.stringify({ version: 1, seed: config.seed, data, motion: config.motion, vae: config.vae, samples: memory.sampleCount, provider: `${provider.name} ${provider.version} ${provider.deviceName}` }))
  for (const bytes of [memory.motion, memory.mirroredMotion]) if (bytes) hash.update(bytes)
  for (const name of Object.keys(vae).sort()) {
    const { data: values } = vae[name]!
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }
  return `latents-${hash.digest('hex').slice(0, 32)}`
}

/** The latents of {@link encodeLatents}, from the cache where an earlier run made the same ones. Yields how many are there. */
export async function* keptLatents(config: TrainConfig, memory: EpisodeMemory, views: ViewSource, provider: Provider, vae: HostTensors, cache: VaeCache): AsyncGenerator<number, Latents> {
  const count = latentCount(memory, views.variants)
  const size = count * latentSizeOf(config)
  if (latentCacheBytes(config, count) === 0) return yield* encodeLatents(config, memory, views, provider, vae)
  const key = latentsKey(config, memory, provider, vae)
  const rows = (await cache.load(key))?.['rows']
  if (rows?.data.length === size) {
    yield count
    return { rows: rows.data as Float32Array, variants: views.variants }
  }
  const latents = yield* encodeLatents(config, memory, views, provider, vae)
  await cache.save(key, { rows: float32(latents.rows, [count, latentSizeOf(config)]) })
  return latents
}
