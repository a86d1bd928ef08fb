/**
 * The one import of tfjs-core, with gradients registered. Write `tf.add(a, b)`: the chained methods (`a.add(b)`) are
 * not part of this build. Types come from '@tensorflow/tfjs-core' with `import type`, or from here.
 */
import { core } from './core.ts'
import { registerGradients } from './gradients/index.ts'

registerGradients()

export const tf = core
export type { DataType, NamedTensorMap, Rank, Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core'
export type { Tensors } from './provider.ts'
