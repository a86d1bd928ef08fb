import type { Tensor } from '@tensorflow/tfjs-core'
import { core as tf } from '../core.ts'
import { sumTo, type Gradients } from './config.ts'

type Pair = [number, number]
interface ConvAttributes {
  strides: Pair | number
  pad: 'valid' | 'same' | number | Pair[]
  dataFormat: 'NHWC' | 'NCHW'
  dimRoundingMode?: string
  dilations?: Pair | number
}

function run(kernel: string, inputs: Record<string, Tensor>, attributes: object): Tensor {
  return tf.engine().runKernel(kernel, inputs, attributes as Record<string, never>) as Tensor
}

export const linear: Gradients = {
  BatchMatMul: {
    inputs: ['a', 'b'],
    of: (dy, [a, b], { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }) => ({
      a: () => sumTo(transposeA ? tf.matMul(b!, dy, transposeB, true) : tf.matMul(dy, b!, false, !transposeB), a!.shape),
      b: () => sumTo(transposeB ? tf.matMul(dy, a!, true, transposeA) : tf.matMul(a!, dy, !transposeA, false), b!.shape),
    }),
  },
  Conv2D: {
    inputs: ['x', 'filter'],
    of: (dy, [x, filter], { strides, pad, dataFormat }: ConvAttributes) => ({
      x: () => run('Conv2DBackpropInput', { dy, filter: filter! }, { strides, pad, dataFormat, inputShape: x!.shape }),
      filter: () => run('Conv2DBackpropFilter', { x: x!, dy }, { strides, pad, dataFormat, filterShape: filter!.shape }),
    }),
  },
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    of: (ddx, [dy, filter], { strides, pad, dataFormat }: ConvAttributes) => ({
      dy: () => tf.conv2d(ddx as never, filter as never, strides, pad as never, dataFormat),
      filter: () => run('Conv2DBackpropFilter', { x: ddx, dy: dy! }, { strides, pad, dataFormat, filterShape: filter!.shape }),
    }),
  },
  DepthwiseConv2dNative: {
    inputs: ['x', 'filter'],
    of: (dy, [x, filter], { strides, pad, dilations }: ConvAttributes) => ({
      x: () => run('DepthwiseConv2dNativeBackpropInput', { dy, filter: filter! }, { strides, pad, dilations: dilations ?? 1, inputShape: x!.shape }),
      filter: () => run('DepthwiseConv2dNativeBackpropFilter', { x: x!, dy }, { strides, pad, dilations: dilations ?? 1, filterShape: filter!.shape }),
    }),
  },
  AvgPool: { inputs: ['x'], of: (dy, [x], attributes: object) => ({ x: () => run('AvgPoolGrad', { dy, input: x! }, attributes) }) },
  MaxPool: {
    inputs: ['x'],
    output: true,
    of: (dy, [x, y], attributes: object) => ({ x: () => run('MaxPoolGrad', { dy, input: x!, output: y! }, attributes) }),
  },
  ResizeBilinear: {
    inputs: ['images'],
    of: (dy, [images], attributes: object) => ({ images: () => run('ResizeBilinearGrad', { dy, images: images! }, attributes) }),
  },
  ResizeNearestNeighbor: {
    inputs: ['images'],
    of: (dy, [images], attributes: { size: Pair; alignCorners: boolean; halfPixelCenters: boolean }) => ({
      images: () => {
        const [batch, height, width, channels] = images!.shape as [number, number, number, number]
        const factorY = attributes.size[0] / height
        const factorX = attributes.size[1] / width
        // Whole factors: sum each block. tfjs-cpu's own gradient kernel is wrong for batches above 1.
        if (Number.isInteger(factorY) && Number.isInteger(factorX) && !attributes.alignCorners) {
          const rows = tf.sum(tf.reshape(dy, [batch * height, factorY, width * factorX * channels]), 1)
          return tf.sum(tf.reshape(rows, [batch, height, width, factorX, channels]), 3)
        }
        return run('ResizeNearestNeighborGrad', { dy, images: images! }, attributes)
      },
    }),
  },
}
