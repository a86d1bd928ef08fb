import { describe, expect, it } from 'vitest'
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { TensorForms } from '../../../electron/base/host-tensor.ts'
import type { TrainConfig } from '../../../electron/contract/config.ts'
import { configAt, isRecord, withConfigAt, type RawConfig } from '../../../electron/contract/raw-config.ts'
import { motionShape } from '../../../electron/contract/motion-field.ts'
import { parseTrainConfig } from '../../../electron/engine/runs/train-config.ts'
import { autoencoderSpecs } from '../../../electron/model/autoencoder-kl.ts'
import { dualHeadSpecs, sampleActions, sampleMotion } from '../../../electron/model/dual-head.ts'
import { vectorStatistics } from '../../../electron/model/normalisation.ts'
import { Tokenizer } from '../../../electron/model/tokenizer.ts'
import { BatchBuilder } from '../../../electron/sampler/batch.ts'
import { splitEpisodes } from '../../../electron/sampler/episodes.ts'
import { loadEpisodes, type EpisodeMemory } from '../../../electron/sampler/memory.ts'
import { readFlow } from '../../../electron/sampler/motion-images.ts'
import { SampleOrder } from '../../../electron/sampler/order.ts'
import { ViewSource } from '../../../electron/sampler/views.ts'
import { linearise } from '../../../electron/tensor/backends/onnx/linearise.ts'
import { recordAlone } from '../../../electron/tensor/backends/onnx/record.ts'
import type { StepFunction } from '../../../electron/tensor/provider.ts'
import { afterValidation, isOver } from '../../../electron/trainer/early-stopping.ts'
import { FlatParameters } from '../../../electron/trainer/flat-parameters.ts'
import { measureFlowScale } from '../../../electron/sampler/motion-targets.ts'
import { MotionFeed, motionSource } from '../../../electron/trainer/motion-feed.ts'
import { drawNoise } from '../../../electron/trainer/noise.ts'
import { parametersOf } from '../../../electron/trainer/parameter-groups.ts'
import { emaDecayAt, learningRateAt } from '../../../electron/trainer/schedule.ts'
import { stepInputs, vaeStepInputs } from '../../../electron/trainer/step-cost.ts'
import { accumulationStep, trainStep } from '../../../electron/trainer/train-step.ts'
import { vaeStep } from '../../../electron/trainer/vae-phase.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'

/**
 * Every field of a run's configuration does something: a changed value changes what the field is about. Programs are
 * recorded and compared as text, data are made; nothing is trained.
 */
const dataset = movingSquares()
const dimensions = { state: 3, action: 2 }

const formsOf = (tensors: TensorForms): TensorForms => Object.fromEntries(Object.entries(tensors).map(([name, { dtype, shape }]) => [name, { dtype, shape }]))
const weightsOf = (specs: readonly { name: string; shape: readonly number[] }[]): TensorForms => Object.fromEntries(specs.map(({ name, shape }) => [name, { dtype: 'float32', shape: [...shape] }]))
const under = (prefix: string, tensors: TensorForms): TensorForms => Object.fromEntries(Object.entries(tensors).map(([name, form]) => [`${prefix}/${name}`, form]))

function program(step: StepFunction, state: TensorForms, inputs: TensorForms): string {
  const { outputs, nextState } = recordAlone({ provider: 'cpu', isFused: true }, 'field', step, state, inputs)
  return linearise([...outputs, ...nextState].map(([, value]) => value)).signature
}

function flatState(flat: FlatParameters, groups: readonly string[]): TensorForms {
  return Object.assign({}, ...groups.map((group) => under(group, formsOf(flat.zeros())))) as TensorForms
}

const inputsOf = (config: TrainConfig): Record<string, { dtype: string; shape: readonly number[] }> => stepInputs(config, dimensions, motionSource(config, true))

/** What a field can be about. */
const parts = {
  model: (config: TrainConfig) => JSON.stringify([dualHeadSpecs(config, dimensions), autoencoderSpecs(config)]),
  training(config: TrainConfig) {
    const { flat, frozen } = parametersOf(config, dimensions)
    const state = { ...flatState(flat, ['params', 'adam-m', 'adam-v', 'ema']), ...under('frozen', weightsOf(frozen)) }
    return program(trainStep(config, flat, motionSource(config, true)), state, stepInputs(config, dimensions, motionSource(config, true)))
  },
  accumulating(config: TrainConfig) {
    const { flat } = parametersOf(config, dimensions)
    return program(accumulationStep(config, flat, motionSource(config, true)), flatState(flat, ['params', 'gradients']), stepInputs(config, dimensions, motionSource(config, true)))
  },
  autoencoder(config: TrainConfig) {
    const flat = new FlatParameters(autoencoderSpecs(config))
    return program(vaeStep(config, flat), flatState(flat, ['params', 'adam-m', 'adam-v']), vaeStepInputs(config))
  },
  acting(config: TrainConfig) {
    const forms = inputsOf({ ...config, batchSize: 1 })
    const inputs = { 'images': forms['images'], 'text-ids': forms['text-ids'], 'text-mask': forms['text-mask'], 'state': forms['state'], 'noise': { dtype: 'float32', shape: [1, config.action.chunk, 2] } } as TensorForms
    return program((p, given) => ({ outputs: { actions: sampleActions(config, p, { images: given['images']!, textIds: given['text-ids'] as Tensor2D, textMask: given['text-mask'] as Tensor2D }, given['state'] as Tensor2D, given['noise']!) } }), weightsOf(dualHeadSpecs(config, dimensions)), inputs)
  },
  imagining(config: TrainConfig) {
    const forms = inputsOf({ ...config, batchSize: 1 })
    const inputs = { 'images': forms['images'], 'text-ids': forms['text-ids'], 'text-mask': forms['text-mask'], 'noise': { dtype: 'float32', shape: [1, ...motionShape(config)] } } as TensorForms
    return program((p, given) => ({ outputs: { motion: sampleMotion(config, p, { images: given['images']!, textIds: given['text-ids'] as Tensor2D, textMask: given['text-mask'] as Tensor2D }, given['noise'] as Tensor4D).at(-1)! } }), weightsOf(dualHeadSpecs(config, dimensions)), inputs)
  },
  noise: (config: TrainConfig) => JSON.stringify(drawNoise(config, config.seed, 3, 4, 2, true)),
  order: (config: TrainConfig) => JSON.stringify([...new SampleOrder(config.seed, 50).batch(0, config.batchSize)]),
  views: (config: TrainConfig) => JSON.stringify(new ViewSource(config.seed, config.data, 2).draw(7, Int32Array.of(0, 3, 5, 9, 11, 12))),
  split: (config: TrainConfig) => JSON.stringify(splitEpisodes(dataset.detail.episodes, config.data)),
  rate: ({ optimiser }: TrainConfig) => JSON.stringify([1, 3, 10, 90, 400].map((step) => [learningRateAt(step, 100, optimiser), emaDecayAt(step, optimiser.emaDecay)])),
  stopping({ earlyStopping }: TrainConfig) {
    let best = null as ReturnType<typeof afterValidation>
    return JSON.stringify([1, 0.9, 0.89, 0.95].map((loss, step) => [(best = afterValidation(earlyStopping, best, step, { 'val/action': loss, 'val/motion': 2 - loss, 'val/total': 2 })), isOver(earlyStopping, best)]))
  },
  tokens: ({ backbone }: TrainConfig) => JSON.stringify([Tokenizer.train(['move the red square right', 'move the red block down again and again'], backbone.vocabularySize).encode('move the red square right again', backbone.maxTextTokens)].map(({ ids, mask, cut }) => [[...ids], [...mask], cut])),
  async samples(config: TrainConfig) {
    const memory = await load(config)
    const { state, action, stateDimension, actionDimension } = memory
    const statistics = { norm_stats: { state: vectorStatistics(state, stateDimension), actions: vectorStatistics(action, actionDimension) } }
    const samples = Int32Array.of(0, 4, 9, 11)
    const builder = new BatchBuilder(memory, config, statistics, Tokenizer.train(memory.instructions, config.backbone.vocabularySize))
    const views = new ViewSource(config.seed, config.data, 2).draw(1, samples)
    return JSON.stringify([builder.build(samples, views.views), new MotionFeed(config, memory, null, 5).inputs(2, samples, views)])
  },
  async scale(config: TrainConfig) {
    const reader = measureFlowScale(movingSquares({ seed: 5 }), [0, 1, 2], config)
    for (;;) {
      const next = await reader.next()
      if (next.done) return String(next.value)
    }
  },
  /** The dataset has exact flow; a model that is not there is named. */
  flow: (config: TrainConfig) => readFlow(movingSquares({ episodes: 1, frames: 2 }), 0, 'front', config).then((flows) => JSON.stringify(flows.map(({ uv }) => [...uv])), (error: Error) => error.message),
}

async function load(config: TrainConfig): Promise<EpisodeMemory> {
  const reader = loadEpisodes(movingSquares({ episodes: 1 }), [0], config)
  for (;;) {
    const next = await reader.next()
    if (next.done) return next.value
  }
}

type Part = keyof typeof parts
/** Another value, what it changes, and what else must be set for the field to have a meaning. */
const fields: Record<string, [value: unknown, part: Part, given?: Record<string, unknown>]> = {
  'seed': [1, 'noise'],
  'stage': ['motion-warm-up', 'model'],
  'warmUpBackbone': ['frozen', 'training', { stage: 'motion-warm-up' }],
  'batchSize': [5, 'order'],
  'data.cameras': [['front'], 'samples'],
  'data.imageSizePx': [32, 'samples'],
  'data.validationFraction': [0.6, 'split'],
  'data.randomShiftPx': [3, 'views'],
  'data.randomCropFraction': [0.8, 'views'],
  'data.flipProbability': [0.5, 'views'],
  'data.shiftVariants': [0, 'views'],
  'data.normalisation': ['quantile', 'samples'],
  'data.episodesPerTask': [1, 'split'],
  'backbone.stem': ['conv', 'model'],
  'backbone.stemChannels': [[8, 16], 'model'],
  'backbone.patchSizePx': [2, 'model'],
  'backbone.width': [32, 'model'],
  'backbone.depth': [3, 'model'],
  'backbone.heads': [4, 'training'],
  'backbone.mlpRatio': [3, 'model'],
  'backbone.maxTextTokens': [3, 'tokens'],
  'backbone.vocabularySize': [262, 'tokens'],
  'action.variant': ['pi05', 'model'],
  'action.width': [32, 'model'],
  'action.mlpRatio': [3, 'model'],
  'action.chunk': [5, 'samples'],
  'action.flowTimesPerPrefix': [3, 'noise'],
  'action.eulerSteps': [3, 'acting'],
  'motion.target': ['future-frame', 'samples'],
  'motion.space': ['pixels', 'model'],
  'motion.control': ['shuffled', 'samples'],
  'motion.lambda': [0.5, 'training'],
  'motion.horizonSteps': [1, 'samples', { motion: { normalisation: 'fixed' } }],
  'motion.flow': ['dis', 'flow'],
  'motion.flowModel': ['other.onnx', 'flow', { motion: { flow: 'onnx', flowModel: 'model.onnx' } }],
  'motion.cameras': [['front', 'mirrored'], 'samples'],
  'motion.normalisation': ['fixed', 'samples'],
  'motion.fixedPx': [20, 'samples', { motion: { normalisation: 'fixed' } }],
  'motion.quantile': [0.05, 'scale'],
  'motion.staticPx': [100, 'samples'],
  'motion.sign': ['reversed', 'samples'],
  'motion.wordGrid': [8, 'samples', { motion: { target: 'words' } }],
  'motion.width': [32, 'model'],
  'motion.depth': [3, 'model'],
  'motion.heads': [4, 'training'],
  'motion.mlpRatio': [3, 'model'],
  'motion.patchSize': [1, 'model'],
  'motion.pixelPatchPx': [4, 'model', { motion: { space: 'pixels' } }],
  'motion.adaLn': ['block', 'model'],
  'motion.conditioning': ['pooled', 'model'],
  'motion.eulerSteps': [3, 'imagining'],
  'motion.timeDistribution': ['uniform', 'noise'],
  'motion.maskEpisodeEnd': [true, 'samples'],
  'vae.latentChannels': [3, 'model'],
  'vae.foldPx': [4, 'model', { motion: { patchSize: 1 } }],
  'vae.blockChannels': [[8, 16], 'model'],
  'vae.layersPerBlock': [2, 'model'],
  'vae.normGroups': [2, 'autoencoder'],
  'vae.klWeight': [0.1, 'autoencoder'],
  'vae.batchSize': [5, 'autoencoder'],
  'optimiser.learningRate': [0.5, 'rate'],
  'optimiser.schedule': ['rsqrt', 'rate'],
  'optimiser.finalFraction': [0.5, 'rate'],
  'optimiser.decaySteps': [50, 'rate'],
  'optimiser.timescaleSteps': [50, 'rate', { optimiser: { schedule: 'rsqrt' } }],
  'optimiser.warmupSteps': [7, 'rate'],
  'optimiser.accumulationSteps': [4, 'accumulating', { optimiser: { accumulationSteps: 2 } }],
  'optimiser.weightDecay': [0.2, 'training'],
  'optimiser.beta1': [0.8, 'training'],
  'optimiser.beta2': [0.8, 'training'],
  'optimiser.epsilon': [0.1, 'training'],
  'optimiser.clipNorm': [0.3, 'training'],
  'optimiser.emaDecay': [0.3, 'rate'],
  'earlyStopping.patience': [1, 'stopping', { earlyStopping: { patience: 3 } }],
  'earlyStopping.metric': ['val/motion', 'stopping', { earlyStopping: { patience: 1 } }],
  'earlyStopping.minImprovement': [0.5, 'stopping', { earlyStopping: { patience: 1 } }],
}

/** Fields that something else must run for, and the test that would fail if they were ignored. */
const elsewhere: Record<string, string> = {
  'preset': 'a name for people: model/presets',
  'device': 'tensor/registry',
  'threads': 'tensor/registry',
  'startFrom': 'engine/training-stages',
  'data.dataset': 'engine/training-job',
  'data.state': 'dataset/mapping',
  'data.action': 'dataset/mapping',
  'data.instruction': 'dataset/mapping',
  'data.mirror': 'sampler/sampler',
  'action.replanSteps': 'evaluate/closed-loop',
  'action.startNoise': 'trainer/learns',
  'vae.weights': 'engine/imported-vaes',
  'vae.steps': 'trainer/train',
  'vae.learningRate': 'trainer/train',
  'steps': 'engine/training-job',
  'validateEvery': 'engine/training-job',
  'sampleEvery': 'trainer/options',
  'checkpointEvery': 'engine/training-job',
  'keepCheckpoints': 'engine/training-stages',
}

function leaves(value: RawConfig, path = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => (isRecord(inner) ? leaves(inner, `${path}${key}.`) : [`${path}${key}`]))
}

/** Mirrored samples need to know what a mirror does. */
const base = smallConfig({ data: { validationFraction: 0.2, mirror: { state: [-1, 1, 1], action: [-1, 1] } } })

describe('every field of the configuration', { timeout: 120_000 }, () => {
  it('has a place here', () => {
    const known = leaves(base as unknown as RawConfig).map((path) => (path.startsWith('data.mirror') ? 'data.mirror' : path))
    expect([...Object.keys(fields), ...Object.keys(elsewhere)].sort()).toEqual([...new Set(known)].sort())
  })

  it.each(Object.entries(fields).map(([path, [value, part, given]]) => ({ path, value, part, given })))('$path changes $part', async ({ path, value, part, given = {} }) => {
    let before = base as unknown as RawConfig
    for (const [group, own] of Object.entries(given)) {
      if (!isRecord(own)) before = withConfigAt(before, group, own)
      else for (const [key, inner] of Object.entries(own)) before = withConfigAt(before, `${group}.${key}`, inner)
    }
    expect(configAt(before, path)).not.toEqual(value)
    const [was, is] = [parseTrainConfig(before), parseTrainConfig(withConfigAt(before, path, value))]
    const told = await parts[part](was)
    expect(await parts[part](was)).toBe(told)
    expect((await parts[part](is)) === told).toBe(false)
  })
})
