import { setImmediate } from 'node:timers/promises'
import type { DisposableStore } from '../base/disposable.ts'
import type { HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import type { NormStatistics } from '../model/normalisation.ts'
import type { Tokenizer } from '../model/tokenizer.ts'
import { BatchBuilder } from '../sampler/batch.ts'
import type { EpisodeMemory } from '../sampler/memory.ts'
import { purposeSeed } from '../sampler/order.ts'
import { plainViews, ViewSource } from '../sampler/views.ts'
import type { DeviceState, Provider } from '../tensor/provider.ts'
import type { FlatParameters } from './flat-parameters.ts'
import { prepareFeed } from './motion-feed.ts'
import { drawNoise } from './noise.ts'
import { validationStep } from './train-step.ts'
import { batches, scalars } from './vae-phase.ts'

/** Held-out samples that a validation looks at: their inputs stay in memory. */
export const validationSamples = 256

export interface ValidationParts {
  readonly config: TrainConfig
  readonly held: EpisodeMemory
  readonly provider: Provider
  readonly flat: FlatParameters
  readonly statistics: NormStatistics
  readonly tokenizer: Tokenizer
  readonly vae: HostTensors | null
}

/** Up to `limit` of `count` samples, evenly spread. */
export function spread(count: number, limit: number): Int32Array {
  const size = Math.min(count, limit)
  return Int32Array.from({ length: size }, (_, index) => Math.floor((index * count) / size))
}

/**
 * Validation on evenly spread held-out samples, unmoved, with the same noises and times at every call. Its inputs are made
 * once.
 */
export async function prepareValidation({ config, held, provider, flat, statistics, tokenizer, vae }: ValidationParts, resources: DisposableStore): Promise<(state: DeviceState) => Promise<Record<string, number>>> {
  const seed = purposeSeed(config.seed, 'validation')
  const views = new ViewSource(config.seed, plainViews, config.data.cameras.length)
  const feeding = prepareFeed(config, held, views, provider, vae, seed)
  let fed = await feeding.next()
  while (!fed.done) fed = await feeding.next()
  const feed = fed.value
  const compiled = resources.add(provider.compile(validationStep(config, flat, feed.source), { name: 'validation step', checkFinite: true }))
  const builder = new BatchBuilder(held, config, statistics, tokenizer)
  const size = Math.min(config.batchSize, held.sampleCount)
  const count = Math.max(1, Math.floor(Math.min(validationSamples, held.sampleCount) / size)) * size
  const prepared: HostTensors[] = []
  for (const batch of batches(spread(held.sampleCount, count), size)) {
    prepared.push({
      ...builder.build(batch.samples),
      ...drawNoise(config, seed, batch.start, size, held.actionDimension, feed.source !== 'none'),
      ...feed.inputs(batch.start, batch.samples),
    })
  }
  return async (state) => {
    const sums: Record<string, number> = {}
    for (const inputs of prepared) {
      for (const [name, value] of Object.entries(scalars(await compiled.run(state, inputs)))) sums[name] = (sums[name] ?? 0) + value / prepared.length
      await setImmediate()
    }
    return sums
  }
}
