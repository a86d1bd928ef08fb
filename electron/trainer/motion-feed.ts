import { float32, int32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import { Rng } from '../base/rng.ts'
import type { TrainConfig } from '../contract/config.ts'
import { motionFieldShape, motionShape, motionTokens, usesLatent } from '../contract/motion-field.ts'
import { motionWords } from '../flow/motion-words.ts'
import type { EpisodeMemory } from '../sampler/memory.ts'
import { TargetWriter } from '../sampler/motion-targets.ts'
import { purposeSeed } from '../sampler/order.ts'
import type { DrawnViews, ViewSource } from '../sampler/views.ts'
import type { Provider } from '../tensor/provider.ts'
import { keptLatents } from './kept-latents.ts'
import { encodeLatents, latentCount, latentsFit, latentsOf, type Latents } from './latents.ts'
import type { MotionSource } from './train-step.ts'
import type { VaeCache } from './vae-phase.ts'

/**
 * The motion head's share of a batch of K motion cameras: `motion-latent` [B, K C, h, w] (latents or pixels), `motion-image`
 * [B K, 3, S, S] where the step encodes, or `motion-words` [B, K cells]; after the controls that spoil them on purpose.
 */
export class MotionFeed {
  readonly source: MotionSource
  readonly #config: TrainConfig
  readonly #memory: EpisodeMemory
  readonly #latents: Latents | null
  readonly #writer: TargetWriter | null
  readonly #seed: number

  /** @param seed of what the controls draw */
  constructor(config: TrainConfig, memory: EpisodeMemory, latents: Latents | null, seed: number) {
    this.#config = config
    this.#memory = memory
    this.#latents = latents
    this.#seed = seed
    this.#writer = memory.motion ? new TargetWriter(memory, config) : null
    this.source = motionSource(config, latents !== null)
  }

  inputs(step: number, samples: Int32Array, drawn?: DrawnViews): HostTensors {
    if (this.#writer === null) return {}
    const { motion } = this.#config
    const rng = new Rng(purposeSeed(this.#seed, 'motion-control'), step)
    if (motion.control === 'noise') return this.#noise(rng, samples.length)
    const of = motion.control === 'shuffled' ? samples.map((sample) => this.#otherFrame(rng, sample)) : samples
    if (this.source === 'words') return { 'motion-words': this.#writer.words(of, drawn?.views) }
    if (this.source === 'image') return { 'motion-image': this.#writer.planes(of, drawn?.views) }
    if (this.#latents) return { 'motion-latent': latentsOf(this.#config, this.#latents, of, drawn?.variants) }
    const planes = this.#writer.planes(of, drawn?.views, motionFieldShape(this.#config)[0] as 2 | 3)
    return { 'motion-latent': float32(planes.data as Float32Array, [samples.length, ...motionShape(this.#config)]) }
  }

  /** Any frame of the sample's episode with the same chance. */
  #otherFrame(rng: Rng, sample: number): number {
    const end = this.#memory.episodeEnd[sample]!
    let start = sample
    while (start > 0 && this.#memory.episodeEnd[start - 1] === end) start--
    return start + rng.integer(end - start + 1)
  }

  #noise(rng: Rng, batch: number): HostTensors {
    if (this.source === 'words') {
      const cells = motionTokens(this.#config)
      return { 'motion-words': int32(Int32Array.from({ length: batch * cells }, () => rng.integer(motionWords.length)), [batch, cells]) }
    }
    const shape = [batch, ...motionShape(this.#config)]
    return { 'motion-latent': float32(rng.normals(sizeOf(shape)), shape) }
  }
}

export function motionSource({ motion }: TrainConfig, hasLatents: boolean): MotionSource {
  if (motion.target === 'none') return 'none'
  if (motion.target === 'words') return 'words'
  return hasLatents || motion.space === 'pixels' || motion.control === 'noise' ? 'latent' : 'image'
}

/** Whether {@link prepareFeed} will encode latents once and keep them, and how many. */
export function latentsToKeep(config: TrainConfig, memory: EpisodeMemory, views: ViewSource): number {
  const isUsed = usesLatent(config) && config.motion.control !== 'noise' && latentsFit(config, memory.sampleCount, views.variants)
  return isUsed ? latentCount(memory, views.variants) : 0
}

/** Yields how many latents there are, where they are kept. @param vae null where none is needed @param cache null keeps none */
export async function* prepareFeed(config: TrainConfig, memory: EpisodeMemory, views: ViewSource, provider: Provider, vae: HostTensors | null, seed: number, cache: VaeCache | null = null): AsyncGenerator<number, MotionFeed> {
  if (vae === null || latentsToKeep(config, memory, views) === 0) return new MotionFeed(config, memory, null, seed)
  const latents = cache ? keptLatents(config, memory, views, provider, vae, cache) : encodeLatents(config, memory, views, provider, vae)
  return new MotionFeed(config, memory, yield* latents, seed)
}
