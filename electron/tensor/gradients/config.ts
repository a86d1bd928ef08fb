import type { Tensor } from '@tensorflow/tfjs-core'
import { core as tf } from '../core.ts'

/** Gradient of one kernel: `saved` holds the inputs named in `inputs` (or all), then the output when `output` is set. */
export interface Gradient {
  readonly inputs?: readonly string[]
  readonly allInputs?: boolean
  readonly output?: boolean
  // Attribute types differ per kernel; each gradient names the ones it reads.
  readonly of: (dy: Tensor, saved: Tensor[], attributes: never) => Record<string, () => Tensor>
}

export type Gradients = Record<string, Gradient>

/** Sums `t` over the axes along which `shape` was broadcast, so that the result has `shape`. */
export function sumTo(t: Tensor, shape: readonly number[]): Tensor {
  const lead = t.shape.length - shape.length
  const axes = t.shape.map((_, axis) => axis).filter((axis) => axis < lead || (shape[axis - lead] === 1 && t.shape[axis] !== 1))
  const reduced = axes.length > 0 ? tf.sum(t, axes) : t
  return sameShape(reduced.shape, shape) ? reduced : tf.reshape(reduced, [...shape])
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis])
}

/** Shape of a reduction over `axes` with the reduced axes kept as 1. */
export function keptShape(shape: readonly number[], axes: number | readonly number[] | null | undefined): number[] {
  const reduced = new Set(axisList(shape.length, axes))
  return shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent))
}

export function axisList(rank: number, axes: number | readonly number[] | null | undefined): number[] {
  if (axes === null || axes === undefined) return Array.from({ length: rank }, (_, axis) => axis)
  return (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => (axis < 0 ? axis + rank : axis))
}

/** `t`, whose extents are 1 or the target's, stretched to `shape`. */
export function stretch(t: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(t.shape, shape)) return t
  return shape.includes(0) ? tf.zeros([...shape], t.dtype) : tf.broadcastTo(t, [...shape])
}

export function mask(condition: Tensor): Tensor {
  return tf.cast(condition, 'float32')
}
