import type { Tensor } from '@tensorflow/tfjs-core'
import { core } from '../core.ts'

/**
 * Kernels of our own that a backend may offer beside tfjs's, with gradients in gradients/fused.ts. Where a backend has
 * none, an op is written in tfjs's primitives.
 */
export const ownKernels = [
  'KinoraAttention',
  'KinoraAttentionGradient',
  'KinoraConv',
  'KinoraConvInputGradient',
  'KinoraConvFilterGradient',
  'KinoraGelu',
  'KinoraGeluGradient',
  'KinoraGroupNorm',
  'KinoraGroupNormGradient',
  'KinoraLayerNorm',
  'KinoraLayerNormGradient',
  'KinoraRmsNorm',
  'KinoraRmsNormGradient',
  'KinoraSilu',
  'KinoraSiluGradient',
  'KinoraUpsample',
  'KinoraUpsampleGradient',
] as const
export type OwnKernel = (typeof ownKernels)[number]

export function hasKernel(name: OwnKernel): boolean {
  return core.getKernel(name, core.getBackend()) !== undefined
}

/** Attribute under which a kernel of ours finds the names of its inputs, which tfjs passes as a list (see runKernel). */
export interface InputNames {
  readonly inputNames: readonly string[]
}

/**
 * Runs one of our kernels. Inputs that are undefined are left out: tfjs has optional inputs only in lists, so the list's
 * names travel beside it.
 */
export function runKernel(name: OwnKernel, inputs: Record<string, Tensor | undefined>, attributes: object = {}): Tensor[] {
  const given = Object.entries(inputs).filter((entry): entry is [string, Tensor] => entry[1] !== undefined)
  const names: InputNames = { inputNames: given.map(([key]) => key) }
  const result = core.engine().runKernel(name, given.map(([, tensor]) => tensor) as never, { ...attributes, ...names } as never) as Tensor | Tensor[]
  return Array.isArray(result) ? result : [result]
}
