import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'
import { hasKernel, runKernel } from './kernel.ts'

export function softmax(x: Tensor): Tensor {
  return tf.softmax(x, -1)
}

/**
 * softmax(q k^T / sqrt(D) + mask) v. q [B, H, Tq, D], k and v [B, H, Tk, D]; `mask` is added to the scores and may
 * have any shape that broadcasts to [B, H, Tq, Tk] (0 = visible, a large negative number = hidden).
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, mask?: Tensor): Tensor {
  if (hasKernel('KinoraAttention')) return runKernel('KinoraAttention', { q, k, v, mask })[0]!
  const dimension = q.shape[q.shape.length - 1]!
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(dimension))
  return tf.matMul(softmax(mask ? tf.add(scores, mask) : scores), v)
}
