import type { Scalar, Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tensor/tf.ts'
import type { Tensors } from '../tensor/provider.ts'
import { float32, type HostTensors } from '../base/host-tensor.ts'

/** First and second moments of the gradients, by parameter name. */
export interface Moments {
  readonly first: Tensors
  readonly second: Tensors
}

export interface AdamWOptions {
  /** Dynamic scalar [] float32: an input of the step, so that a schedule does not recompile it. */
  readonly learningRate: Tensor
  /** Dynamic scalar [] float32, number of this update counted from 1: corrects the moments' start at zero. */
  readonly step: Tensor
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Gradients are scaled down together so that their global L2 norm is at most this. Infinity turns clipping off. */
  readonly clipNorm: number
}

export interface AdamWResult {
  readonly params: Tensors
  readonly moments: Moments
  /** Global L2 norm of the gradients before clipping. */
  readonly gradNorm: Scalar
}

/** Only matrices and kernels decay: biases, norm scales and other vectors do not. */
export function decays(parameter: { readonly shape: readonly number[] }): boolean {
  return parameter.shape.length >= 2
}

/** sqrt of the sum of squares over all tensors. */
export function globalNorm(tensors: Tensors): Scalar {
  const squares = Object.values(tensors).map((tensor) => tf.reshape(tf.sum(tf.square(tensor)), [1]))
  return tf.sqrt(tf.sum(squares.length === 1 ? squares[0]! : tf.concat(squares))) as Scalar
}

/**
 * One AdamW update with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2) after clipping by global
 * norm. Pure: usable inside a StepFunction.
 */
export function adamW(params: Tensors, grads: Tensors, moments: Moments, options: AdamWOptions): AdamWResult {
  const { learningRate, step, beta1, beta2, epsilon, weightDecay, clipNorm } = options
  const gradNorm = globalNorm(grads)
  // As in PyTorch's clip_grad_norm_: 1e-6 keeps the quotient finite.
  const clip = Number.isFinite(clipNorm) ? tf.minimum(tf.div(clipNorm, tf.add(gradNorm, 1e-6)), 1) : undefined
  // All scalars are worked out once; each parameter is then read as few times as can be. With a = sqrt(1 - beta2^t):
  //   rate m1 / (sqrt(v1) + epsilon), m1 = m / (1 - beta1^t), v1 = v / a^2  =  (rate a / (1 - beta1^t)) m / (sqrt(v) + epsilon a)
  const root2 = tf.sqrt(tf.sub(1, tf.pow(beta2, step)))
  const rate = tf.div(tf.mul(learningRate, root2), tf.sub(1, tf.pow(beta1, step)))
  const floor = tf.mul(root2, epsilon)
  const keep = tf.sub(1, tf.mul(learningRate, weightDecay))
  const share1 = clip ? tf.mul(clip, 1 - beta1) : tf.scalar(1 - beta1)
  const share2 = clip ? tf.mul(clip, Math.sqrt(1 - beta2)) : tf.scalar(Math.sqrt(1 - beta2))
  const next: { params: Tensors; first: Tensors; second: Tensors } = { params: {}, first: {}, second: {} }
  for (const [name, parameter] of Object.entries(params)) {
    const gradient = grads[name]!
    const first = tf.add(tf.mul(moments.first[name]!, beta1), tf.mul(gradient, share1))
    const second = tf.add(tf.mul(moments.second[name]!, beta2), tf.square(tf.mul(gradient, share2)))
    const kept = weightDecay > 0 && decays(parameter) ? tf.mul(parameter, keep) : parameter
    next.params[name] = tf.sub(kept, tf.mul(tf.div(first, tf.add(tf.sqrt(second), floor)), rate))
    next.first[name] = first
    next.second[name] = second
  }
  return { params: next.params, moments: { first: next.first, second: next.second }, gradNorm }
}

/** Moments before the first update. */
export function zeroMoments(params: HostTensors): { first: HostTensors; second: HostTensors } {
  const zeros = (): HostTensors => Object.fromEntries(Object.entries(params).map(([name, { shape, data }]) => [name, float32(new Float32Array(data.length), shape)]))
  return { first: zeros(), second: zeros() }
}

/** Exponential moving average: average * decay + params * (1 - decay). `decay` a number or a dynamic scalar. */
export function ema(params: Tensors, average: Tensors, decay: number | Tensor): Tensors {
  const share = tf.sub(1, decay)
  return Object.fromEntries(Object.entries(average).map(([name, mean]) => [name, tf.add(mean, tf.mul(tf.sub(params[name]!, mean), share))]))
}

/** Gradient accumulation: sum + gradients / count. After `count` micro-batches the sum is the mean gradient. */
export function accumulate(sum: Tensors, gradients: Tensors, count: number): Tensors {
  return Object.fromEntries(Object.entries(sum).map(([name, total]) => [name, tf.add(total, tf.mul(gradients[name]!, 1 / count))]))
}
