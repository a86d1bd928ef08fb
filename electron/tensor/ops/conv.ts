import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'
import { hasKernel, runKernel } from './kernel.ts'

export type Padding = readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]]
export interface ConvOptions {
  readonly stride?: number
  readonly pad?: Padding
}

/** Convolution of x [B, I, H, W] with w [O, I, kH, kW], plus b [O]. Zero padding, none by default. */
export function conv2d(x: Tensor, w: Tensor, b?: Tensor, options: ConvOptions = {}): Tensor {
  const { stride = 1, pad = [[0, 0], [0, 0]] } = options
  if (hasKernel('KinoraConv')) return runKernel('KinoraConv', { x, w, b }, { stride, pad })[0]!
  const padding: [number, number][] = [[0, 0], [...pad[0]], [...pad[1]], [0, 0]]
  const hasPadding = padding.some(([before, after]) => before > 0 || after > 0)
  const last = tf.transpose(x, [0, 2, 3, 1])
  const product = tf.conv2d((hasPadding ? tf.pad(last, padding) : last) as Tensor4D, tf.transpose(w, [2, 3, 1, 0]) as Tensor4D, stride, 'valid')
  return tf.transpose(b ? tf.add(product, b) : product, [0, 3, 1, 2])
}

/** Each pixel of x [B, C, H, W] becomes a 2 x 2 block: [B, C, 2H, 2W]. */
export function upsampleNearest2x(x: Tensor): Tensor {
  if (hasKernel('KinoraUpsample')) return runKernel('KinoraUpsample', { x })[0]!
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const blocks = tf.broadcastTo(tf.reshape(x, [batch * channels * height, 1, width, 1]), [batch * channels * height, 2, width, 2])
  return tf.reshape(blocks, [batch, channels, height * 2, width * 2])
}
