import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'
import { hasKernel, runKernel } from './kernel.ts'

/** (x - mean) / sqrt(variance + eps) over the last axis, then * scale + bias. x [..., C], scale and bias [C]. */
export function layerNorm(x: Tensor, scale?: Tensor, bias?: Tensor, eps = 1e-6): Tensor {
  if (hasKernel('KinoraLayerNorm')) return runKernel('KinoraLayerNorm', { x, scale, bias }, { eps })[0]!
  const centred = tf.sub(x, tf.mean(x, -1, true))
  const normal = tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps)))
  return affine(normal, scale, bias)
}

/** x / sqrt(mean(x^2) + eps) over the last axis, then * scale. x [..., C], scale [C]. (Zhang and Sennrich, 2019) */
export function rmsNorm(x: Tensor, scale?: Tensor, eps = 1e-6): Tensor {
  if (hasKernel('KinoraRmsNorm')) return runKernel('KinoraRmsNorm', { x, scale }, { eps })[0]!
  return affine(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps))), scale)
}

/** adaLN's x (1 + scale) + shift (Peebles and Xie, DiT, 2023). x [B, T, C], shift and scale [B, C] or [B, 1 or T, C]. */
export function modulate(x: Tensor, shift: Tensor, scale: Tensor): Tensor {
  const perToken = (t: Tensor): Tensor => (t.shape.length === x.shape.length - 1 ? tf.expandDims(t, -2) : t)
  return tf.add(tf.mul(x, tf.add(perToken(scale), 1)), perToken(shift))
}

function affine(x: Tensor, scale?: Tensor, bias?: Tensor): Tensor {
  const scaled = scale ? tf.mul(x, scale) : x
  return bias ? tf.add(scaled, bias) : scaled
}

/** GroupNorm over NCHW (Wu and He, 2018): each group of C / groups channels is normalised over channels and pixels. */
export function groupNorm(x: Tensor, scale: Tensor, bias: Tensor, groups: number, eps = 1e-6): Tensor {
  if (hasKernel('KinoraGroupNorm')) return runKernel('KinoraGroupNorm', { x, scale, bias }, { groups, eps })[0]!
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const grouped = tf.reshape(x, [batch, groups, (channels / groups) * height * width])
  const normal = tf.reshape(layerNorm(grouped, undefined, undefined, eps), x.shape)
  return tf.add(tf.mul(normal, tf.reshape(scale, [channels, 1, 1])), tf.reshape(bias, [channels, 1, 1]))
}
