import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.ts'

/** Kernels of our own that a backend may offer beside tfjs's. Where it does not, an op uses tfjs's primitives. */
export type OwnKernel =
  | 'KinoraGelu'
  | 'KinoraGeluGradient'
  | 'KinoraLayerNorm'
  | 'KinoraLayerNormGradient'
  | 'KinoraRmsNorm'
  | 'KinoraRmsNormGradient'
  | 'KinoraSilu'
  | 'KinoraSiluGradient'
  | 'KinoraScaledMatMul'
  | 'KinoraConv'
  | 'KinoraConvInputGradient'
  | 'KinoraConvFilterGradient'
  | 'KinoraGroupNorm'
  | 'KinoraGroupNormGradient'
  | 'KinoraUpsample'
  | 'KinoraUpsampleGradient'

export function hasKernel(name: OwnKernel): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined
}

export function runKernel(name: OwnKernel, inputs: Record<string, Tensor>, attributes: object = {}): Tensor[] {
  const result = tf.engine().runKernel(name, inputs, attributes as Record<string, never>) as Tensor | Tensor[]
  return Array.isArray(result) ? result : [result]
}
