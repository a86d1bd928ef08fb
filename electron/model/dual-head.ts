import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Tensors } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import { motionWords } from '../flow/motion-words.ts'
import { actionExpertSpecs, actionVelocity, type ActionDimensions } from './action-expert.ts'
import { backboneSpecs, encodePrefix, outputOnlySpecs, type BackboneInputs, type Prefix } from './backbone.ts'
import { eulerPath, interpolate, targetVelocity } from './flow-matching.ts'
import { motionHeadSpecs, motionVelocity, motionWordLogits } from './motion-dit.ts'
import type { ParameterSpec } from './parameters.ts'

/**
 * The dual-head policy (arXiv 2512.18007): one prefix, two flow-matching heads side by side, L = L_action + lambda *
 * L_motion. Gradients of both reach the backbone; neither head sees the other, so inference of actions leaves the
 * motion head out altogether.
 */
export type ModelConfig = Pick<TrainConfig, 'stage' | 'backbone' | 'action' | 'motion' | 'vae' | 'data'>

export const hasMotionHead = (config: ModelConfig): boolean => config.motion.target !== 'none'

/** Stage `motion-warm-up` comes before the action head: its data need not have actions. */
export const hasActionHead = (config: ModelConfig): boolean => config.stage !== 'motion-warm-up'

/** @throws KinoraError `config-invalid` for a run of a motion warm-up */
export function requireActionHead(config: ModelConfig): void {
  if (hasActionHead(config)) return
  throw new KinoraError('config-invalid', 'This run warmed up the motion head alone (stage "motion-warm-up"), so it cannot act.', 'Train a run that continues from it: startFrom with this run, stage "joint".')
}

/** Every parameter of the run's model: `backbone/`, `action/` where there are actions, and, with a motion head, `motion/`. */
export function dualHeadSpecs(config: ModelConfig, dimensions: ActionDimensions): ParameterSpec[] {
  const unused = hasMotionHead(config) ? new Set<string>() : outputOnlySpecs(config)
  return [
    ...backboneSpecs(config).filter((spec) => !unused.has(spec.name)),
    ...(hasActionHead(config) ? actionExpertSpecs(config, dimensions) : []),
    ...(hasMotionHead(config) ? motionHeadSpecs(config) : []),
  ]
}

/** What inference of actions needs; the backbone's part of it after a motion warm-up. */
export function actionSpecs(config: ModelConfig, dimensions: ActionDimensions): ParameterSpec[] {
  const unused = outputOnlySpecs(config)
  return [...backboneSpecs(config).filter((spec) => !unused.has(spec.name)), ...(hasActionHead(config) ? actionExpertSpecs(config, dimensions) : [])]
}

/** What imagining needs beside the VAE. */
export function imagineSpecs(config: ModelConfig): ParameterSpec[] {
  return [...backboneSpecs(config), ...motionHeadSpecs(config)]
}

export interface ActionTargets {
  /** [B, S] normalised. */
  readonly state: Tensor2D
  /** [B, C, A] normalised. */
  readonly actions: Tensor
  /** [B, C] 1 where the episode still runs. */
  readonly mask: Tensor2D
  /** [B, R, C, A] and [B, R]. */
  readonly noise: Tensor
  readonly time: Tensor2D
}

/** What the motion head learns of one batch; `weight` [B] is 1 where the sample counts. */
export type MotionTargets =
  | {
      readonly kind: 'field'
      /** [B, K C, h, w] of K cameras, see `motionShape`. */
      readonly data: Tensor4D
      readonly noise: Tensor4D
      readonly time: Tensor1D
      readonly weight: Tensor1D
    }
  | {
      readonly kind: 'words'
      /** [B, cells of all cameras] int32, indices into `motionWords`. */
      readonly words: Tensor2D
      readonly weight: Tensor1D
    }

/** Mean of `error` [B, ...] over its elements with `weight` broadcast over the trailing axes. */
function weightedMean(error: Tensor, weight: Tensor): Tensor {
  const spread = tf.mul(error, weight)
  const perWeight = error.size / weight.size
  return tf.div(tf.sum(spread), tf.mul(tf.maximum(tf.sum(weight), 1), perWeight))
}

/**
 * Both losses from one pass of the backbone: flow matching of R action noises and times per sample, and flow matching of
 * the cameras' motion targets, or the cross-entropy of their words, each camera with the same weight. `action` is null in a motion warm-up, `motion` without that head.
 */
export function losses(
  config: ModelConfig,
  parameters: Tensors,
  inputs: BackboneInputs,
  action: ActionTargets | null,
  motion: MotionTargets | null,
): { action: Tensor | null; motion: Tensor | null } {
  const prefix = encodePrefix(config, parameters, inputs, motion !== null)
  return {
    action: action && actionLoss(config, parameters, prefix, action),
    motion: motion && motionLoss(config, parameters, prefix, motion),
  }
}

function actionLoss(config: ModelConfig, parameters: Tensors, prefix: Prefix, action: ActionTargets): Tensor {
  const [batch, times, chunk, dimension] = action.noise.shape as [number, number, number, number]
  const data = tf.add(tf.reshape(action.actions, [batch, 1, chunk, dimension]), tf.zeros([1, times, 1, 1]))
  const velocity = actionVelocity(config, parameters, prefix, action.state, interpolate(data, action.noise, action.time), action.time)
  const error = tf.square(tf.sub(velocity, targetVelocity(data, action.noise)))
  return weightedMean(error, tf.reshape(action.mask, [batch, 1, chunk, 1]))
}

function motionLoss(config: ModelConfig, parameters: Tensors, prefix: Prefix, motion: MotionTargets): Tensor {
  const batch = motion.weight.shape[0]
  if (motion.kind === 'words') {
    const logits = motionWordLogits(config, parameters, prefix.out!, prefix.mask) // [B, cells, words]
    const chosen = tf.oneHot(motion.words, motionWords.length)
    const surprise = tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), chosen), 2)) // [B, cells]
    return weightedMean(surprise, tf.reshape(motion.weight, [batch, 1]))
  }
  const noisy = interpolate(motion.data, motion.noise, motion.time) as Tensor4D
  const velocity = motionVelocity(config, parameters, prefix.out!, prefix.mask, noisy, motion.time)
  const error = tf.square(tf.sub(velocity, targetVelocity(motion.data, motion.noise)))
  return weightedMean(error, tf.reshape(motion.weight, [batch, 1, 1, 1]))
}

/**
 * Actions by Euler steps from `noise` [B, C, A]; the prefix is encoded once and its keys and values serve every step.
 * @returns [B, C, A] normalised
 */
export function sampleActions(config: ModelConfig, parameters: Tensors, inputs: BackboneInputs, state: Tensor2D, noise: Tensor, steps = config.action.eulerSteps): Tensor {
  const prefix = encodePrefix(config, parameters, inputs, false)
  const [batch, chunk, dimension] = noise.shape as [number, number, number]
  const path = eulerPath(tf.reshape(noise, [batch, 1, chunk, dimension]), steps, (x, time) =>
    actionVelocity(config, parameters, prefix, state, x, tf.reshape(time, [batch, 1])),
  )
  return tf.reshape(path.at(-1)!, [batch, chunk, dimension])
}

/** Motion targets by Euler steps from `noise` [B, K C, h, w]: every state on the way, noise first. */
export function sampleMotion(config: ModelConfig, parameters: Tensors, inputs: BackboneInputs, noise: Tensor4D, steps = config.motion.eulerSteps): Tensor4D[] {
  const prefix = encodePrefix(config, parameters, inputs, true)
  return eulerPath(noise, steps, (x, time) => motionVelocity(config, parameters, prefix.out!, prefix.mask, x as Tensor4D, time)) as Tensor4D[]
}

/** The likeliest word of each cell, [B, cells of all cameras] int32. */
export function predictWords(config: ModelConfig, parameters: Tensors, inputs: BackboneInputs): Tensor2D {
  const prefix = encodePrefix(config, parameters, inputs, true)
  return tf.argMax(motionWordLogits(config, parameters, prefix.out!, prefix.mask), 2)
}
