import { setImmediate } from 'node:timers/promises'
import { DisposableStore } from '../base/disposable.ts'
import { float32, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import { usesLatent } from '../contract/motion-field.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { actionSpecs } from '../model/dual-head.ts'
import { vectorStatistics, type NormStatistics, type VectorStatistics } from '../model/normalisation.ts'
import { prefixed } from '../model/parameters.ts'
import { parseSnapshotMeta } from '../model/snapshot-meta.ts'
import { Tokenizer } from '../model/tokenizer.ts'
import { BatchBuilder } from '../sampler/batch.ts'
import { splitEpisodes } from '../sampler/episodes.ts'
import { checkDataset, type EpisodeMemory } from '../sampler/memory.ts'
import { SampleOrder } from '../sampler/order.ts'
import { ViewSource } from '../sampler/views.ts'
import type { Provider } from '../tensor/provider.ts'
import { whereNumbersBroke } from './diagnosis.ts'
import { afterValidation, isOver, type Best } from './early-stopping.ts'
import type { RestoredCheckpoint, TrainEvent } from './events.ts'
import { canImagine, prepareImagination } from './imagination.ts'
import { encoderOf } from './latents.ts'
import { checkContinuation, load } from './load.ts'
import { latentsToKeep, prepareFeed } from './motion-feed.ts'
import { inherit, initialState, parametersOf } from './parameter-groups.ts'
import { emaDecayAt, learningRateAt } from './schedule.ts'
import { restoreSnapshot, takeSnapshot } from './snapshot.ts'
import { Updater } from './updater.ts'
import { vaePhase, type MotionPictures, type VaeCache } from './vae-phase.ts'
import { prepareValidation, type ValidationParts } from './validation.ts'

export type { RestoredCheckpoint, TrainEvent, TrainPhase } from './events.ts'
export type { VaeCache } from './vae-phase.ts'

export interface TrainOptions {
  readonly config: TrainConfig
  readonly dataset: Dataset
  readonly provider: Provider
  /** Continue from here; configuration and data must be those of the checkpoint. */
  readonly restore?: RestoredCheckpoint
  /** Begin with this one's averages, tokenizer and VAE: the run that `config.startFrom` names. Unused with `restore`. */
  readonly start?: RestoredCheckpoint
  readonly vaeCache: VaeCache
  /** Aborting ends the run after the step in progress: a last snapshot is yielded and the generator returns. */
  readonly signal?: AbortSignal
}

/** Those of all motion cameras: one autoencoder serves them. */
const motionPictures = ({ motion, sizePx }: EpisodeMemory): MotionPictures => ({ data: motion!, sizePx, count: motion!.length / (3 * sizePx * sizePx) })

/** Statistics of a vector that a motion warm-up does not look at. */
const noStatistics: VectorStatistics = { mean: [], std: [], q01: [], q99: [] }

function statisticsOf({ state, action, stateDimension, actionDimension }: EpisodeMemory): NormStatistics {
  if (actionDimension === 0) return { norm_stats: { state: noStatistics, actions: noStatistics } }
  return { norm_stats: { state: vectorStatistics(state, stateDimension), actions: vectorStatistics(action, actionDimension) } }
}

/**
 * Trains one policy: reads the episodes into memory (`load`), finds or trains the VAE (`vae`), encodes the motion
 * targets with it (`latents`, where they fit in memory), then optimises the heads (`train`). Everything random is a
 * function of (seed, step), so a run resumed from a snapshot is bit for bit the run that was never interrupted, on the
 * same provider. An abort before the `train` phase yields no snapshot: those phases repeat with the same result.
 *
 * When a loss, a gradient or a parameter is no longer finite, the last good state is yielded as a snapshot and a
 * KinoraError `numerics` thrown that says where it arose.
 */
export async function* train({ config, dataset, provider, restore, start, vaeCache, signal }: TrainOptions): AsyncGenerator<TrainEvent, void> {
  checkDataset(dataset, config)
  const meta = restore ? parseSnapshotMeta(restore.meta) : null
  const inherited = !restore && start ? inherit(config, start) : null
  const split = splitEpisodes(dataset.detail.episodes, config.data)
  const loaded = yield* load(dataset, split, config, meta?.flowScalePx ?? null, signal)
  if (loaded === null) return
  const { memory, held, flowScalePx } = loaded
  const dimensions = { state: memory.stateDimension, action: memory.actionDimension }
  if (meta) checkContinuation(meta, config, memory, split.training)
  if (inherited?.remark) yield { type: 'notice', message: inherited.remark }

  const known = (meta ?? inherited?.meta)?.tokenizer
  const tokenizer = known ? new Tokenizer(known) : Tokenizer.train(memory.instructions, config.backbone.vocabularySize)
  for (const text of memory.instructions) {
    const { cut } = tokenizer.encode(text, config.backbone.maxTextTokens)
    if (cut > 0) yield { type: 'notice', message: `The instruction "${text}" is ${cut} tokens too long and is cut: raise backbone.maxTextTokens (${config.backbone.maxTextTokens}).` }
  }
  const statistics = meta?.statistics ?? statisticsOf(memory)

  const parameters = parametersOf(config, dimensions)
  const { flat } = parameters
  const restored = restore ? restoreSnapshot(config, parameters, restore.tensors) : null
  let vae: { key: string | null; tensors: HostTensors } | null = null
  if (restored?.vae) {
    vae = { key: meta!.vaeKey, tensors: restored.vae }
  } else if (inherited?.vae) {
    vae = inherited.vae
  } else if (usesLatent(config)) {
    vae = yield* vaePhase(config, motionPictures(memory), motionPictures(held ?? memory), provider, vaeCache, signal)
    if (vae === null) return
  }

  const resources = new DisposableStore()
  try {
    const views = new ViewSource(config.seed, config.data, config.data.cameras.length)
    const feeding = prepareFeed(config, memory, views, provider, vae?.tensors ?? null, config.seed, vaeCache)
    const totalSteps = latentsToKeep(config, memory, views)
    if (totalSteps > 0) yield { type: 'phase', phase: 'latents', totalSteps }
    let fed = await feeding.next()
    for (; !fed.done; fed = await feeding.next()) {
      if (signal?.aborted) return
      yield { type: 'progress', phase: 'latents', step: fed.value, totalSteps }
    }
    const feed = fed.value

    yield { type: 'phase', phase: 'train', totalSteps: config.steps }
    const state = resources.add(
      provider.createState({
        ...(restored?.state ?? initialState(parameters, config.seed, inherited?.averages)),
        ...(config.optimiser.accumulationSteps > 1 ? prefixed(flat.zeros(), 'gradients/') : {}),
        ...(vae && feed.source === 'image' ? prefixed(encoderOf(vae.tensors), 'vae/') : {}),
      }),
    )
    const builder = new BatchBuilder(memory, config, statistics, tokenizer)
    const updater = resources.add(new Updater({ config, provider, flat, memory, builder, feed, views, order: new SampleOrder(config.seed, memory.sampleCount) }))
    const parts: ValidationParts = { config, held: held ?? memory, provider, flat, statistics, tokenizer, vae: vae?.tensors ?? null }
    const validate = held ? await prepareValidation(parts, resources) : null
    const imagine = canImagine(config) ? prepareImagination(parts, resources) : null
    const acts = new Set(actionSpecs(config, dimensions).map((spec) => spec.name))
    let best: Best = meta?.best ?? null
    const snapshot = async (done: number): Promise<TrainEvent> => ({
      type: 'snapshot',
      step: done,
      tensors: await takeSnapshot(state, parameters, vae?.tensors ?? null, acts),
      meta: {
        format: 1,
        step: done,
        config,
        dimensions,
        stateNames: dimensions.state > 0 ? [...dataset.stateNames] : [],
        actionNames: dimensions.action > 0 ? [...dataset.actionNames] : [],
        statistics,
        tokenizer: tokenizer.state,
        sampler: { position: done * updater.samplesPerUpdate, sampleCount: memory.sampleCount, episodes: [...split.training] },
        rng: { algorithm: 'philox4x32-10', seed: config.seed, nextStream: done + 1 },
        vaeKey: vae?.key ?? null,
        flowScalePx,
        best,
      },
    })

    // A run that was interrupted between its last validation and its end has nothing left to do.
    if (isOver(config.earlyStopping, best)) return yield { type: 'done', step: meta!.step }
    let last = performance.now()
    for (let number = (meta?.step ?? 0) + 1; number <= config.steps; number++) {
      if (signal?.aborted) {
        yield await snapshot(number - 1)
        return
      }
      const rate = learningRateAt(number, config.steps, config.optimiser)
      let values: Record<string, number>
      try {
        values = await updater.update(state, number, { 'learning-rate': scalar(rate), 'step': scalar(number), 'ema-decay': scalar(emaDecayAt(number, config.optimiser.emaDecay)) })
      } catch (error) {
        if (!(error instanceof KinoraError) || error.code !== 'numerics') throw error
        yield await snapshot(number - 1)
        const where = await whereNumbersBroke(config, flat, feed.source, provider, state, updater.lastInputs)
        throw new KinoraError('numerics', `Training stopped at step ${number}, at a learning rate of ${rate.toPrecision(3)}: ${where}. ${error.message} The batch has frames of ${updater.lastEpisodes(split.training)}.`, error.hint, { cause: error })
      }
      const now = performance.now()
      yield { type: 'step', phase: 'train', step: number, values: { ...values, 'lr': rate, 'epoch': (number * updater.samplesPerUpdate) / memory.sampleCount, 'samples_per_s': (updater.samplesPerUpdate * 1000) / (now - last) } }
      last = now
      const isLast = number === config.steps
      let isBest = false
      if (validate && (number % config.validateEvery === 0 || isLast)) {
        const losses = await validate(state)
        yield { type: 'validation', step: number, values: losses }
        best = afterValidation(config.earlyStopping, best, number, losses)
        isBest = config.earlyStopping.patience > 0 && best?.step === number
      }
      if (imagine && number % config.sampleEvery === 0) yield { type: 'samples', step: number, samples: await imagine(state) }
      const ends = isLast || isOver(config.earlyStopping, best)
      if (number % config.checkpointEvery === 0 || isBest || ends) yield await snapshot(number)
      last = performance.now()
      if (ends) {
        if (!isLast) yield { type: 'notice', message: `Stopped early at step ${number}: ${config.earlyStopping.metric} has not improved on ${best!.loss.toPrecision(4)} of step ${best!.step} in ${best!.since} validations. The checkpoint of step ${best!.step} is kept.` }
        return yield { type: 'done', step: number }
      }
      await setImmediate()
    }
    yield { type: 'done', step: config.steps }
  } finally {
    resources.dispose()
  }
}

const scalar = (value: number): HostTensors[string] => float32(Float32Array.of(value), [])
