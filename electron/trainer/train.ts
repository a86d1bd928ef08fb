import { setImmediate } from 'node:timers/promises'
import { DisposableStore } from '../base/disposable.ts'
import { float32, type HostTensors } from '../base/host-tensor.ts'
import { trainConfigSchema, type TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { actionSpecs, dualHeadSpecs, hasMotionHead } from '../model/dual-head.ts'
import { vectorStatistics, type NormStatistics } from '../model/normalisation.ts'
import { initialise, prefixed } from '../model/parameters.ts'
import { parseSnapshotMeta, type SnapshotMeta } from '../model/snapshot-meta.ts'
import { Tokenizer } from '../model/tokenizer.ts'
import { BatchBuilder } from '../sampler/batch.ts'
import { splitEpisodes } from '../sampler/episodes.ts'
import { checkDataset, loadEpisodes, type EpisodeMemory } from '../sampler/memory.ts'
import { purposeSeed, SampleOrder } from '../sampler/order.ts'
import { ShiftSource } from '../sampler/shifts.ts'
import type { CompiledStep, DeviceState, Provider } from '../tensor/provider.ts'
import type { RestoredCheckpoint, TrainEvent } from './events.ts'
import { FlatParameters } from './flat-parameters.ts'
import { encodeLatents, encoderOf, latentCount, latentsFit, latentsOf, type Latents } from './latents.ts'
import { drawNoise } from './noise.ts'
import { emaDecayAt, learningRateAt } from './schedule.ts'
import { restoreSnapshot, takeSnapshot } from './snapshot.ts'
import { trainStep, validationStep, type MotionSource } from './train-step.ts'
import { batches, scalars, vaePhase, type MotionPictures, type VaeCache } from './vae-phase.ts'

export type { RestoredCheckpoint, TrainEvent, TrainPhase } from './events.ts'
export type { VaeCache } from './vae-phase.ts'

export interface TrainOptions {
  readonly config: TrainConfig
  readonly dataset: Dataset
  readonly provider: Provider
  /** Continue from here; configuration and data must be those of the checkpoint. */
  readonly restore?: RestoredCheckpoint
  readonly vaeCache: VaeCache
  /** Aborting ends the run after the step in progress: a last snapshot is yielded and the generator returns. */
  readonly signal?: AbortSignal
}

/** Held-out samples that a validation looks at. */
const validationSamples = 256

const motionPictures = (memory: EpisodeMemory): MotionPictures => ({ data: memory.motion!, sizePx: memory.sizePx, count: memory.sampleCount })

/**
 * Trains one policy: reads the episodes into memory (`load`), finds or trains the VAE (`vae`), encodes the motion
 * images with it (`latents`, where they fit in memory), then optimises both heads (`train`). Everything random is a function of (seed, step), so a run resumed from a snapshot is bit for bit the run
 * that was never interrupted, on the same provider. An abort before the `train` phase yields no snapshot: those phases
 * repeat with the same result.
 *
 * When a loss, a gradient or a parameter is no longer finite, the last good state is yielded as a snapshot and a
 * KinoraError `numerics` thrown.
 */
export async function* train({ config, dataset, provider, restore, vaeCache, signal }: TrainOptions): AsyncGenerator<TrainEvent, void> {
  checkDataset(dataset, config)
  const meta = restore ? parseSnapshotMeta(restore.meta) : null
  const split = splitEpisodes(dataset.detail.episodes, config.data)
  yield { type: 'phase', phase: 'load', totalSteps: split.training.length + split.heldOut.length }
  const loaded = yield* load(dataset, split.training, split.heldOut, config, signal)
  if (loaded === null) return
  const { memory, held } = loaded
  const dimensions = { state: memory.stateDimension, action: memory.actionDimension }
  if (meta) checkContinuation(meta, config, memory, split.training)

  const tokenizer = meta ? new Tokenizer(meta.tokenizer) : Tokenizer.train(memory.instructions, config.backbone.vocabularySize)
  for (const text of memory.instructions) {
    const { cut } = tokenizer.encode(text, config.backbone.maxTextTokens)
    if (cut > 0) yield { type: 'notice', message: `The instruction "${text}" is ${cut} tokens too long and is cut: raise backbone.maxTextTokens (${config.backbone.maxTextTokens}).` }
  }
  const statistics: NormStatistics = meta?.statistics ?? {
    norm_stats: { state: vectorStatistics(memory.state, dimensions.state), actions: vectorStatistics(memory.action, dimensions.action) },
  }

  const specs = dualHeadSpecs(config, dimensions)
  const flat = new FlatParameters(specs)
  const restored = restore ? restoreSnapshot(config, specs, flat, restore.tensors) : null
  let vae: { key: string | null; tensors: HostTensors } | null = null
  if (restored?.vae) {
    vae = { key: meta!.vaeKey, tensors: restored.vae }
  } else if (hasMotionHead(config)) {
    vae = yield* vaePhase(config, motionPictures(memory), motionPictures(held ?? memory), provider, vaeCache, signal)
    if (vae === null) return
  }

  const resources = new DisposableStore()
  try {
    const shifts = new ShiftSource(config.seed, config.data.randomShiftPx, config.data.shiftVariants, config.data.cameras.length)
    const source: MotionSource = vae === null ? 'none' : latentsFit(config, memory.sampleCount, shifts.variants) ? 'latent' : 'image'
    let latents: Latents | null = null
    if (vae && source === 'latent') {
      const totalSteps = latentCount(memory, shifts.variants)
      yield { type: 'phase', phase: 'latents', totalSteps }
      const encoding = encodeLatents(config, memory, shifts, provider, vae.tensors)
      let next = await encoding.next()
      for (; !next.done; next = await encoding.next()) {
        if (signal?.aborted) return
        yield { type: 'progress', phase: 'latents', step: next.value, totalSteps }
      }
      latents = next.value
    }
    yield { type: 'phase', phase: 'train', totalSteps: config.steps }
    const initial = restored ? null : flat.pack(initialise(specs, config.seed))
    const state = resources.add(
      provider.createState({
        ...(restored?.state ?? {
          ...prefixed(initial!, 'params/'),
          ...prefixed(flat.zeros(), 'adam-m/'),
          ...prefixed(flat.zeros(), 'adam-v/'),
          ...prefixed(initial!, 'ema/'),
        }),
        ...(vae && source === 'image' ? prefixed(encoderOf(vae.tensors), 'vae/') : {}),
      }),
    )
    const step = resources.add(provider.compile(trainStep(config, flat, source), { name: 'training step', checkFinite: true }))
    const builder = new BatchBuilder(memory, config, statistics, tokenizer)
    const order = new SampleOrder(config.seed, memory.sampleCount)
    const validate = held ? await prepareValidation(config, held, provider, flat, statistics, tokenizer, vae?.tensors ?? null, resources) : null
    const acts = new Set(actionSpecs(config, dimensions).map((spec) => spec.name))
    const snapshot = async (done: number): Promise<TrainEvent> => ({
      type: 'snapshot',
      step: done,
      tensors: await takeSnapshot(state, flat, vae?.tensors ?? null, acts),
      meta: {
        format: 1,
        step: done,
        config,
        dimensions,
        stateNames: [...dataset.stateNames],
        actionNames: [...dataset.actionNames],
        statistics,
        tokenizer: tokenizer.state,
        sampler: { position: done * config.batchSize, sampleCount: memory.sampleCount, episodes: [...split.training] },
        rng: { algorithm: 'philox4x32-10', seed: config.seed, nextStream: done + 1 },
        vaeKey: vae?.key ?? null,
      },
    })

    let last = performance.now()
    for (let number = (meta?.step ?? 0) + 1; number <= config.steps; number++) {
      if (signal?.aborted) {
        yield await snapshot(number - 1)
        return
      }
      const samples = order.batch((number - 1) * config.batchSize, config.batchSize)
      const rate = learningRateAt(number, config.steps, config.optimiser)
      const drawn = shifts.draw(number, samples)
      const inputs = {
        ...builder.build(samples, drawn.shifts, source === 'image'),
        ...drawNoise(config, config.seed, number, samples.length, dimensions.action, source !== 'none'),
        ...(latents ? { 'motion-latent': latentsOf(config, latents, samples, drawn.variants) } : {}),
      }
      let values: Record<string, number>
      try {
        const outputs = await step.run(state, {
          ...inputs,
          'learning-rate': float32(Float32Array.of(rate), []),
          'step': float32(Float32Array.of(number), []),
          'ema-decay': float32(Float32Array.of(emaDecayAt(number, config.optimiser.emaDecay)), []),
        })
        values = scalars(outputs)
      } catch (error) {
        if (error instanceof KinoraError && error.code === 'numerics') {
          yield await snapshot(number - 1)
          throw new KinoraError('numerics', `Training stopped at step ${number}: ${error.message}`, error.hint, { cause: error })
        }
        throw error
      }
      const now = performance.now()
      yield { type: 'step', phase: 'train', step: number, values: { ...values, 'lr': rate, 'samples_per_s': (config.batchSize * 1000) / (now - last) } }
      last = now
      const isLast = number === config.steps
      if (validate && (number % config.validateEvery === 0 || isLast)) {
        yield { type: 'validation', step: number, values: await validate(state) }
        last = performance.now()
      }
      if (number % config.checkpointEvery === 0 || isLast) {
        yield await snapshot(number)
        last = performance.now()
      }
      await setImmediate()
    }
    yield { type: 'done', step: config.steps }
  } finally {
    resources.dispose()
  }
}

/** Training and held-out episodes in memory; null when aborted. */
async function* load(
  dataset: Dataset,
  training: readonly number[],
  heldOut: readonly number[],
  config: TrainConfig,
  signal?: AbortSignal,
): AsyncGenerator<TrainEvent, { memory: EpisodeMemory; held: EpisodeMemory | null } | null> {
  const totalSteps = training.length + heldOut.length
  const read = async function* (episodes: readonly number[], before: number): AsyncGenerator<TrainEvent, EpisodeMemory | null> {
    const reader = loadEpisodes(dataset, episodes, config)
    for (;;) {
      if (signal?.aborted) return null
      const next = await reader.next()
      if (next.done) return next.value
      yield { type: 'progress', phase: 'load', step: before + next.value, totalSteps }
    }
  }
  const memory = yield* read(training, 0)
  if (memory === null) return null
  if (heldOut.length === 0) return { memory, held: null }
  const held = yield* read(heldOut, training.length)
  return held === null ? null : { memory, held }
}

/** A checkpoint continues only the run that made it: same configuration (but for its length's future) and same samples. */
function checkContinuation(meta: SnapshotMeta, config: TrainConfig, memory: EpisodeMemory, episodes: readonly number[]): void {
  // Where and how often a run reports may change; what it computes may not.
  const essence = ({ device: _device, threads: _threads, validateEvery: _v, checkpointEvery: _c, keepCheckpoints: _k, data: { dataset: _dataset, ...data }, ...rest }: TrainConfig): string => JSON.stringify({ ...rest, data })
  if (essence(meta.config) !== essence(trainConfigSchema.parse(config))) {
    throw new KinoraError('config-invalid', 'The configuration differs from the one that made the checkpoint.', 'Resume with the run\'s own config.json, or start a new run.')
  }
  const { sampleCount, episodes: before } = meta.sampler
  if (sampleCount !== memory.sampleCount || before.join() !== episodes.join()) {
    throw new KinoraError('dataset-invalid', `The dataset changed: the checkpoint was trained on ${sampleCount} frames of ${before.length} episodes, and now there are ${memory.sampleCount} frames of ${episodes.length}.`, 'Resume with the dataset as it was, or start a new run.')
  }
}

/**
 * Validation on evenly spread held-out samples with the same noises and times at every call. Its inputs are made once.
 */
async function prepareValidation(
  config: TrainConfig,
  held: EpisodeMemory,
  provider: Provider,
  flat: FlatParameters,
  statistics: NormStatistics,
  tokenizer: Tokenizer,
  vae: HostTensors | null,
  resources: DisposableStore,
): Promise<(state: DeviceState) => Promise<Record<string, number>>> {
  const source: MotionSource = vae === null ? 'none' : 'latent'
  const compiled: CompiledStep = resources.add(provider.compile(validationStep(config, flat, source), { name: 'validation step', checkFinite: true }))
  const latents = vae ? await encodeUnmoved(config, held, provider, vae) : null
  const builder = new BatchBuilder(held, config, statistics, tokenizer)
  const size = Math.min(config.batchSize, held.sampleCount)
  const count = Math.max(1, Math.floor(Math.min(validationSamples, held.sampleCount) / size)) * size
  const samples = Int32Array.from({ length: count }, (_, index) => Math.floor((index * held.sampleCount) / count))
  const prepared: HostTensors[] = []
  for (const batch of batches(samples, size)) {
    const noise = drawNoise(config, purposeSeed(config.seed, 'validation'), batch.start, size, held.actionDimension, vae !== null)
    prepared.push({ ...builder.build(batch.samples, undefined, false), ...noise, ...(latents ? { 'motion-latent': latentsOf(config, latents, batch.samples) } : {}) })
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

async function encodeUnmoved(config: TrainConfig, memory: EpisodeMemory, provider: Provider, vae: HostTensors): Promise<Latents> {
  const encoding = encodeLatents(config, memory, new ShiftSource(config.seed, 0, 1, config.data.cameras.length), provider, vae)
  let next = await encoding.next()
  while (!next.done) next = await encoding.next()
  return next.value
}
