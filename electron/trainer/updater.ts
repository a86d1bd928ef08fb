import type { Disposable } from '../base/disposable.ts'
import { DisposableStore } from '../base/disposable.ts'
import { letGo, type HostTensor, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import type { BatchBuilder } from '../sampler/batch.ts'
import type { EpisodeMemory } from '../sampler/memory.ts'
import type { SampleOrder } from '../sampler/order.ts'
import { viewSize, type DrawnViews, type ViewSource } from '../sampler/views.ts'
import type { CompiledStep, DeviceState, Provider } from '../tensor/provider.ts'
import type { FlatParameters } from './flat-parameters.ts'
import type { MotionFeed } from './motion-feed.ts'
import { drawNoise } from './noise.ts'
import { accumulationStep, trainStep, updateStep } from './train-step.ts'
import { scalars } from './vae-phase.ts'

export interface UpdaterParts {
  readonly config: TrainConfig
  readonly provider: Provider
  readonly flat: FlatParameters
  readonly memory: EpisodeMemory
  readonly builder: BatchBuilder
  readonly feed: MotionFeed
  readonly views: ViewSource
  readonly order: SampleOrder
}

/**
 * One update of the parameters: one batch, or the mean gradient of several in a row. What is drawn for an update is drawn
 * for all its samples at once, so that a batch in parts sees what the whole batch would have seen.
 */
export class Updater implements Disposable {
  readonly samplesPerUpdate: number
  readonly #parts: UpdaterParts
  readonly #resources = new DisposableStore()
  /** The batch and the update in one; or the batch alone, then `#finish`. */
  readonly #batch: CompiledStep
  readonly #finish: CompiledStep | null
  #inputs: HostTensors = {}
  /** Of all batches of the last update. */
  #noise: HostTensors = {}
  #samples: Int32Array = new Int32Array(0)

  constructor(parts: UpdaterParts) {
    const { config, provider, flat, feed } = parts
    const { accumulationSteps } = config.optimiser
    this.#parts = parts
    this.samplesPerUpdate = config.batchSize * accumulationSteps
    const compile = (step: ReturnType<typeof trainStep>, name: string): CompiledStep => this.#resources.add(provider.compile(step, { name, checkFinite: true }))
    this.#batch = accumulationSteps === 1 ? compile(trainStep(config, flat, feed.source), 'training step') : compile(accumulationStep(config, flat, feed.source), 'gradient step')
    this.#finish = accumulationSteps === 1 ? null : compile(updateStep(config), 'update step')
  }

  /** What the last batch was. */
  get lastInputs(): HostTensors {
    return this.#inputs
  }

  /** Episodes of the last batch, in words. @param episodes those in memory, in order */
  lastEpisodes(episodes: readonly number[]): string {
    const { episodeEnd } = this.#parts.memory
    const ends = [...new Set(episodeEnd)].sort((a, b) => a - b)
    const numbers = [...new Set(Array.from(this.#samples, (sample) => episodes[ends.indexOf(episodeEnd[sample]!)]!))].sort((a, b) => a - b)
    const shown = numbers.slice(0, 12).join(', ')
    return `episode${numbers.length === 1 ? '' : 's'} ${shown}${numbers.length > 12 ? ` and ${numbers.length - 12} more` : ''}`
  }

  /** @param step number of the update, from 1 @param inputs scalars of the optimiser @returns losses (mean over the batches) and gradient norm */
  async update(state: DeviceState, step: number, inputs: HostTensors): Promise<Record<string, number>> {
    const { config, memory, builder, feed, views, order } = this.#parts
    const { batchSize, optimiser: { accumulationSteps: count } } = config
    const all = order.batch((step - 1) * this.samplesPerUpdate, this.samplesPerUpdate)
    const drawn = views.draw(step, all)
    const noise = drawNoise(config, config.seed, step, all.length, memory.actionDimension, feed.source !== 'none')
    const sums: Record<string, number> = {}
    // What the last batch was may be asked for until now.
    letGo([...Object.values(this.#inputs), ...Object.values(this.#noise)])
    this.#noise = noise
    for (let part = 0; part < count; part++) {
      letGo(Object.values(this.#inputs), Object.values(noise))
      const from = part * batchSize
      const samples = all.subarray(from, from + batchSize)
      const own = viewsOf(drawn, from, samples.length, config.data.cameras.length)
      this.#samples = samples
      this.#inputs = {
        ...builder.build(samples, own.views),
        ...Object.fromEntries(Object.entries(noise).map(([name, tensor]) => [name, rowsOf(tensor, from, samples.length)])),
        // Streams of the controls: one per batch.
        ...feed.inputs((step - 1) * count + part + 1, samples, own),
      }
      const outputs = scalars(await this.#batch.run(state, count === 1 ? { ...this.#inputs, ...inputs } : this.#inputs))
      for (const [name, value] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + (name === 'grad-norm' ? value : value / count)
    }
    return this.#finish ? { ...sums, ...scalars(await this.#finish.run(state, inputs)) } : sums
  }

  dispose(): void {
    this.#resources.dispose()
  }
}

function viewsOf({ views, variants }: DrawnViews, from: number, count: number, cameras: number): DrawnViews {
  const size = cameras * viewSize
  return { views: views.subarray(from * size, (from + count) * size), variants: variants.subarray(from, from + count) }
}

/** Rows of the leading axis. */
function rowsOf({ data, shape, dtype }: HostTensor, from: number, count: number): HostTensor {
  const size = data.length / shape[0]!
  return { dtype, shape: [count, ...shape.slice(1)], data: data.subarray(from * size, (from + count) * size) } as HostTensor
}
