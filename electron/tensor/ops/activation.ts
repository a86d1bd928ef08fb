import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'
import { hasKernel, runKernel } from './kernel.ts'

const rootTwoOverPi = Math.sqrt(2 / Math.PI)

/** GELU's tanh approximation: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). (Hendrycks and Gimpel, 2016) */
export function gelu(x: Tensor): Tensor {
  if (hasKernel('KinoraGelu')) return runKernel('KinoraGelu', { x })[0]!
  // (1 + tanh u) / 2 = sigmoid(2 u)
  const cubic = tf.add(tf.mul(tf.square(x), 2 * rootTwoOverPi * 0.044715), 2 * rootTwoOverPi)
  return tf.mul(x, tf.sigmoid(tf.mul(x, cubic)))
}

/** SiLU (swish): x sigmoid(x). */
export function silu(x: Tensor): Tensor {
  if (hasKernel('KinoraSilu')) return runKernel('KinoraSilu', { x })[0]!
  return tf.mul(x, tf.sigmoid(x))
}
