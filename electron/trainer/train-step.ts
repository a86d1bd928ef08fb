import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import { encodeLatent } from '../model/autoencoder-kl.ts'
import { losses, type ModelConfig } from '../model/dual-head.ts'
import { prefixed, under } from '../model/parameters.ts'
import type { StepFunction, Tensors } from '../tensor/provider.ts'
import { tf } from '../tensor/tf.ts'
import type { FlatParameters } from './flat-parameters.ts'
import { adamW, ema } from './optimiser.ts'

/** Whether the step encodes motion images itself, is given their latents, or has no motion head. */
export type MotionSource = 'none' | 'image' | 'latent'

/** Both losses of one batch; inputs as BatchBuilder and `drawNoise` name them. */
function lossesOf(config: ModelConfig, parameters: Tensors, vae: Tensors, inputs: Tensors, source: MotionSource): { action: Tensor; motion: Tensor | null } {
  const get = <T extends Tensor>(name: string): T => inputs[name] as T
  const prefixInputs = { images: get('images'), textIds: get<Tensor2D>('text-ids'), textMask: get<Tensor2D>('text-mask') }
  const action = {
    state: get<Tensor2D>('state'),
    actions: get('actions'),
    mask: get<Tensor2D>('action-mask'),
    noise: get('action-noise'),
    time: get<Tensor2D>('action-time'),
  }
  if (source === 'none') return losses(config, parameters, prefixInputs, action, null)
  const latent = source === 'latent' ? get<Tensor4D>('motion-latent') : encodeLatent(config, vae, get<Tensor4D>('motion-image'))
  const motion = { latent, noise: get<Tensor4D>('motion-noise'), time: get<Tensor1D>('motion-time'), weight: get<Tensor1D>('motion-weight') }
  return losses(config, parameters, prefixInputs, action, motion)
}

/**
 * One update: L = L_action + lambda L_motion, clipped AdamW, moving average. State: `params/`, `adam-m/`, `adam-v/` and
 * `ema/` as {@link FlatParameters} joins them, and `vae/` (frozen, an encoder only). Scalar inputs: `learning-rate`,
 * `step`, `ema-decay`.
 */
export function trainStep(config: TrainConfig, flat: FlatParameters, source: MotionSource): StepFunction {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = config.optimiser
  return (state, inputs) => {
    const flatParameters = under(state, 'params/')
    const vae = under(state, 'vae/')
    const parameters = flat.part(flatParameters)
    const names = Object.keys(parameters)
    // One vector [total, action, motion?]; the gradient is that of its first entry, the rest is read out for the log.
    const forward = (...values: Tensor[]): Tensor => {
      const given = Object.fromEntries(names.map((name, index) => [name, values[index]!]))
      const { action, motion } = lossesOf(config, given, vae, inputs, source)
      const total = motion === null ? action : tf.add(action, tf.mul(motion, config.motion.lambda))
      return tf.stack(motion === null ? [total, action] : [total, action, motion])
    }
    const first = tf.tensor1d(source === 'none' ? [1, 0] : [1, 0, 0])
    const { value, grads } = tf.valueAndGrads(forward)(names.map((name) => parameters[name]!), first)
    const gradients = flat.join(Object.fromEntries(names.map((name, index) => [name, grads[index]!])))
    const update = adamW(flatParameters, gradients, { first: under(state, 'adam-m/'), second: under(state, 'adam-v/') }, {
      learningRate: inputs['learning-rate']!,
      step: inputs['step']!,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      clipNorm,
    })
    const [total, action, motion] = tf.unstack(value) as [Tensor, Tensor, Tensor | undefined]
    return {
      state: {
        ...prefixed(update.params, 'params/'),
        ...prefixed(update.moments.first, 'adam-m/'),
        ...prefixed(update.moments.second, 'adam-v/'),
        ...prefixed(ema(update.params, under(state, 'ema/'), inputs['ema-decay']!), 'ema/'),
      },
      outputs: { 'loss/total': total, 'loss/action': action, ...(motion ? { 'loss/motion': motion } : {}), 'grad-norm': update.gradNorm },
    }
  }
}

/** Both losses of one batch with the averaged parameters; nothing changes. */
export function validationStep(config: TrainConfig, flat: FlatParameters, source: MotionSource): StepFunction {
  return (state, inputs) => {
    const { action, motion } = lossesOf(config, flat.part(under(state, 'ema/')), under(state, 'vae/'), inputs, source)
    return { outputs: { 'val/action': action, ...(motion ? { 'val/motion': motion } : {}) } }
  }
}
