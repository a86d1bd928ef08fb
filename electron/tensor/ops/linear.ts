import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'

/**
 * x w + b over the last axis: x [..., I], w [I, O], b [O] -> [..., O]. The leading axes are flattened, so that the
 * product and its two gradients are one matrix product each.
 */
export function linear(x: Tensor, w: Tensor, b?: Tensor): Tensor {
  const [inputs, outputs] = w.shape as [number, number]
  const lead = x.shape.slice(0, -1)
  const flat = x.shape.length === 2 ? x : tf.reshape(x, [lead.reduce((product, extent) => product * extent, 1), inputs])
  const product = tf.matMul(flat, w)
  const shifted = b ? tf.add(product, b) : product
  return x.shape.length === 2 ? shifted : tf.reshape(shifted, [...lead, outputs])
}
