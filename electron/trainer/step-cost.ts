import type { HostTensor } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { latentShape, motionShape, motionTokens } from '../contract/motion-field.ts'
import type { ActionDimensions } from '../model/action-expert.ts'
import { autoencoderSpecs, latentScaleName, latentShiftName } from '../model/autoencoder-kl.ts'
import { hasActionHead } from '../model/dual-head.ts'
import { prefixed } from '../model/parameters.ts'
import { pictureLayout } from '../model/picture-layout.ts'
import { costOfStep, type ProgramCost } from '../tensor/backends/onnx/cost.ts'
import { FlatParameters } from './flat-parameters.ts'
import { encodeStep, encoderOf, latentBatch } from './latents.ts'
import { parametersOf } from './parameter-groups.ts'
import { trainStep, type MotionSource } from './train-step.ts'
import { reconstructionBatch, reconstructionStep, vaeStep } from './vae-phase.ts'

/**
 * What a training step costs, by recording it without weights or values. A large step is not recorded whole, which
 * would take long: every cost is affine in the batch and in the depth of each transformer, so a few small ones tell it.
 */
export type StepCost = Omit<ProgramCost, 'aliveBytes'>

/** A tensor's type and shape. */
type Form = Pick<HostTensor, 'dtype' | 'shape'>
type Forms = Record<string, Form>

const floats = (...shape: number[]): Form => ({ dtype: 'float32', shape })

/** The inputs of a training step, as BatchBuilder, `drawNoise` and the loop make them. */
export function stepInputs(config: TrainConfig, dimensions: ActionDimensions, source: MotionSource): Forms {
  const { batchSize: batch, data, backbone, action } = config
  const acting: Forms = {
    'state': floats(batch, dimensions.state),
    'actions': floats(batch, action.chunk, dimensions.action),
    'action-mask': floats(batch, action.chunk),
    'action-noise': floats(batch, action.flowTimesPerPrefix, action.chunk, dimensions.action),
    'action-time': floats(batch, action.flowTimesPerPrefix),
  }
  return {
    'images': floats(batch * data.cameras.length, ...pictureLayout(config).shape),
    'text-ids': { dtype: 'int32', shape: [batch, backbone.maxTextTokens] },
    'text-mask': floats(batch, backbone.maxTextTokens),
    'learning-rate': floats(),
    'step': floats(),
    'ema-decay': floats(),
    ...(hasActionHead(config) ? acting : {}),
    ...motionInputs(config, source),
  }
}

function motionInputs(config: TrainConfig, source: MotionSource): Forms {
  const { batchSize: batch, data: { imageSizePx } } = config
  if (source === 'none') return {}
  if (source === 'words') return { 'motion-words': { dtype: 'int32', shape: [batch, motionTokens(config)] }, 'motion-weight': floats(batch) }
  const field = floats(batch, ...motionShape(config))
  const seen: Forms = source === 'latent' ? { 'motion-latent': field } : { 'motion-image': floats(batch * config.motion.cameras.length, 3, imageSizePx, imageSizePx) }
  return { ...seen, 'motion-noise': field, 'motion-time': floats(batch), 'motion-weight': floats(batch) }
}

function vaeForms(config: TrainConfig): Forms {
  const forms = Object.fromEntries(autoencoderSpecs(config).map(({ name, shape }) => [name, floats(...shape)]))
  return { ...forms, [latentScaleName]: floats(1), [latentShiftName]: floats(1) }
}

function groupsOf(flat: FlatParameters, groups: readonly string[]): Forms {
  return Object.assign({}, ...groups.map((group) => prefixed(flat.forms(), group))) as Forms
}

function recordTrainStep(config: TrainConfig, dimensions: ActionDimensions, source: MotionSource): ProgramCost {
  const { flat, frozen } = parametersOf(config, dimensions)
  const still = Object.fromEntries(frozen.map(({ name, shape }) => [`frozen/${name}`, floats(...shape)]))
  const encoder = source === 'image' ? prefixed(encoderOf(vaeForms(config)), 'vae/') : {}
  return costOfStep(trainStep(config, flat, source), { ...groupsOf(flat, ['params/', 'adam-m/', 'adam-v/', 'ema/']), ...still, ...encoder }, stepInputs(config, dimensions, source))
}

/** The inputs of a step of the autoencoder. */
export function vaeStepInputs({ vae, data }: TrainConfig): Forms {
  const { imageSizePx } = data
  return { 'images': floats(vae.batchSize, 3, imageSizePx, imageSizePx), 'noise': floats(vae.batchSize, ...latentShape({ vae, data })), 'learning-rate': floats(), 'step': floats() }
}

function recordVaeStep(config: TrainConfig): ProgramCost {
  const flat = new FlatParameters(autoencoderSpecs(config))
  return costOfStep(vaeStep(config, flat), groupsOf(flat, ['params/', 'adam-m/', 'adam-v/']), vaeStepInputs(config))
}

/** Cost by batch size. */
export type CostByBatch = (batch: number) => StepCost

/** `start` and `times` times what each of the others adds to it. */
function grown(start: StepCost, others: readonly (readonly [cost: StepCost, times: number])[]): StepCost {
  const at = (name: keyof StepCost): number => others.reduce((sum, [cost, times]) => sum + (cost[name] - start[name]) * times, start[name])
  return { flops: at('flops'), matrixFlops: at('matrixFlops'), movedBytes: at('movedBytes'), operators: at('operators'), peakBytes: at('peakBytes') }
}

/**
 * What is alive at one place of a step is affine in the batch, and the peak is the highest of these lines, wherever it
 * lies: in the backward pass for large batches, in the optimiser for small ones.
 */
function byBatch(record: (batch: number) => ProgramCost): CostByBatch {
  // Large enough that sums over a batch are taken in parts in both: smaller steps have other operators.
  const [small, large] = [128, 256]
  const few = record(small)
  const more = record(large)
  const isAligned = few.aliveBytes.length === more.aliveBytes.length
  return (batch) => {
    // Where the operators themselves depend on the batch nothing may be inferred from others.
    if (!isAligned) return record(batch)
    const times = (batch - small) / (large - small)
    const cost = grown(few, [[more, times]])
    const peakBytes = few.aliveBytes.reduce((peak, bytes, at) => Math.max(peak, bytes + (more.aliveBytes[at]! - bytes) * times), 0)
    return { ...cost, peakBytes }
  }
}

/** Depths up to this are recorded as they are. */
const shallow = 2

/** @throws KinoraError when the configuration's sizes contradict each other */
export function trainStepCost(config: TrainConfig, dimensions: ActionDimensions, source: MotionSource): CostByBatch {
  const at = (depth: number, motionDepth: number): CostByBatch =>
    byBatch((batchSize) => recordTrainStep({ ...config, batchSize, backbone: { ...config.backbone, depth }, motion: { ...config.motion, depth: motionDepth } }, dimensions, source))
  const base = [config.backbone.depth, config.motion.depth].map((depth) => (depth > shallow ? shallow - 1 : depth)) as [number, number]
  const first = at(...base)
  const deeper = config.backbone.depth > shallow ? at(base[0] + 1, base[1]) : null
  const deeperMotion = source !== 'none' && config.motion.depth > shallow ? at(base[0], base[1] + 1) : null
  return (batch) =>
    grown(first(batch), [
      ...(deeper ? [[deeper(batch), config.backbone.depth - base[0]] as const] : []),
      ...(deeperMotion ? [[deeperMotion(batch), config.motion.depth - base[1]] as const] : []),
    ])
}

export const vaeStepCost = (config: TrainConfig): CostByBatch => byBatch((batchSize) => recordVaeStep({ ...config, vae: { ...config.vae, batchSize } }))

/** What runs of the frozen autoencoder hold at most: judging its reconstruction, and encoding the latents that are kept. */
export function frozenVaePeakBytes(config: TrainConfig, keepsLatents: boolean): number {
  const { imageSizePx } = config.data
  const images = (count: number): Form => floats(count, 3, imageSizePx, imageSizePx)
  const weights = vaeForms(config)
  const judging = costOfStep(reconstructionStep(config), weights, { images: images(reconstructionBatch) }).peakBytes
  return keepsLatents ? Math.max(judging, costOfStep(encodeStep(config), encoderOf(weights), { 'motion-image': images(latentBatch) }).peakBytes) : judging
}
