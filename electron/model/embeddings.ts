import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tensor/tf.ts'

/**
 * openpi's embedding of flow time: geometric periods from 4e-3 to 4, sines then cosines (`posemb_sincos` in pi0.py).
 * @param time [N] in [0, 1]
 * @returns [N, width]
 */
export function flowTimeEmbedding(time: Tensor1D, width: number): Tensor2D {
  const half = width / 2
  const minPeriod = 4e-3
  const maxPeriod = 4
  const frequencies = Float32Array.from({ length: half }, (_, index) => (2 * Math.PI) / (minPeriod * (maxPeriod / minPeriod) ** (half > 1 ? index / (half - 1) : 0)))
  const angles = tf.mul(tf.reshape(time, [-1, 1]), tf.tensor2d(frequencies, [1, half]))
  return tf.concat([tf.sin(angles), tf.cos(angles)], 1) as Tensor2D
}

/**
 * DiT's embedding of a diffusion step: exp(-ln(1e4) i / half) frequencies, cosines first (TimestepEmbedder in DiT).
 * Flow time in [0, 1] is stretched by 1000 to the range that those frequencies are made for.
 * @returns [N, width]
 */
export function diffusionTimeEmbedding(time: Tensor1D, width = 256): Tensor2D {
  const half = width / 2
  const frequencies = Float32Array.from({ length: half }, (_, index) => 1000 * Math.exp((-Math.log(1e4) * index) / half))
  const angles = tf.mul(tf.reshape(time, [-1, 1]), tf.tensor2d(frequencies, [1, half]))
  return tf.concat([tf.cos(angles), tf.sin(angles)], 1) as Tensor2D
}

/** One coordinate's sines and cosines, [width]: omega = 1 / 10000^(i / (width / 2)). */
function sincos1d(position: number, width: number): number[] {
  const half = width / 2
  const angles = Array.from({ length: half }, (_, index) => position / 10000 ** (index / half))
  return [...angles.map(Math.sin), ...angles.map(Math.cos)]
}

/** Fixed 2-D positions of a grid, row by row, column coordinate first as in DiT and MAE. Row-major [rows * columns, width]. */
export function gridPositions(rows: number, columns: number, width: number): Float32Array {
  const values: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) values.push(...sincos1d(column, width / 2), ...sincos1d(row, width / 2))
  }
  return Float32Array.from(values)
}

/** [N, T, H * D] to [N, H, T, D]. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, width] = x.shape as [number, number, number]
  return tf.transpose(tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3])
}

/** [N, H, T, D] to [N, T, H * D]. */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, size] = x.shape as [number, number, number, number]
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * size])
}
