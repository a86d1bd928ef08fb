import { sizeOf, type TensorForm } from '../../base/host-tensor.ts'
import type { TrainConfig } from '../../contract/config.ts'
import { hasMotionHead } from '../../model/dual-head.ts'
import type { ParameterCounts } from '../../model/parameter-counts.ts'
import { isMadeOfFlow } from '../../sampler/motion-targets.ts'
import { latentSizeOf } from '../../trainer/latents.ts'
import type { StepCost } from '../../trainer/step-cost.ts'
import { validationSamples } from '../../trainer/validation.ts'

/** What is alive at once when a training process holds most, by what holds it. Bytes. */
export interface TrainingMemory {
  /** Node, tfjs, onnxruntime, compiled graphs, and what reading the data leaves. */
  readonly program: number
  /** Pictures, motion images and latents of the dataset, and batches made of them. */
  readonly data: number
  /** Weights, their average, and the optimiser's moments. */
  readonly state: number
  /** Two more: the results of a step before they replace it, and a checkpoint on its way to the disk, whose places are not each other's. */
  readonly copy: number
  /** Intermediate values of one step. */
  readonly step: number
}

export interface MemoryCauses {
  readonly frames: number
  readonly heldFrames: number
  readonly parameters: ParameterCounts
  readonly keepsLatents: boolean
  /** Inputs of one training step. */
  readonly inputs: Readonly<Record<string, TensorForm>>
  readonly step: Pick<StepCost, 'peakBytes'>
}

const bytesPerNumber = 4

/**
 * Measured when a policy begins to train, less its data: Node and its modules 120 MiB, the provider and the graphs that
 * were recorded 85, what decoding pictures and flow leaves 80; with and without an autoencoder trained before, within 15.
 */
const programBytes = 285 * 2 ** 20

export const totalOf = ({ program, data, state, copy, step }: TrainingMemory): number => program + data + state + copy + step

/** While the policy trains. */
export function policyMemory(config: TrainConfig, { frames, heldFrames, parameters, keepsLatents, inputs, step }: MemoryCauses): TrainingMemory {
  const trained = trainedOf(config, parameters)
  const frozen = parameters.backbone + parameters.action + parameters.motion - trained
  const state = bytesPerNumber * (trained * 4 + frozen + (config.optimiser.accumulationSteps > 1 ? trained : 0))
  const inputBytes = Object.values(inputs).reduce((sum, { shape }) => sum + sizeOf(shape) * bytesPerNumber, 0)
  // The batch under way and the one before it; and those of validation, which are made once.
  const batches = 2 + Math.min(validationSamples, heldFrames) / config.batchSize
  const latents = keepsLatents ? frames * latentSizeOf(config) * bytesPerNumber * config.data.shiftVariants : 0
  return { program: programBytes, data: pictureBytes(config, frames) + latents + batches * inputBytes, state: state + bytesPerNumber * parameters.vae, copy: 2 * state, step: step.peakBytes }
}

/** While its autoencoder trains, or, trained elsewhere or frozen, encodes. That comes first, and its memory is free again by then. */
export function autoencoderMemory(config: TrainConfig, { frames, parameters }: Pick<MemoryCauses, 'frames' | 'parameters'>, trainingPeakBytes: number | null, frozenPeakBytes: number): TrainingMemory {
  const weights = bytesPerNumber * parameters.vae
  const state = trainingPeakBytes === null ? weights : 3 * weights
  const copy = trainingPeakBytes === null ? weights : 2 * state
  return { program: programBytes, data: pictureBytes(config, frames), state, copy, step: Math.max(trainingPeakBytes ?? 0, frozenPeakBytes) }
}

function trainedOf({ stage, warmUpBackbone }: TrainConfig, { backbone, action, motion }: ParameterCounts): number {
  return (stage === 'motion-warm-up' && warmUpBackbone === 'frozen' ? 0 : backbone) + action + motion
}

/** Pictures as bytes, as EpisodeMemory holds them. */
function pictureBytes(config: TrainConfig, frames: number): number {
  const { cameras, imageSizePx, flipProbability } = config.data
  const targets = hasMotionHead(config) ? config.motion.cameras.length * (isMadeOfFlow(config) && flipProbability > 0 ? 2 : 1) : 0
  return frames * imageSizePx ** 2 * 3 * (cameras.length + targets)
}
