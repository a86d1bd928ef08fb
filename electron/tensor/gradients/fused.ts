import type { Tensor } from '@tensorflow/tfjs-core'
import { core as tf } from '../core.ts'
import { runKernel, type InputNames, type OwnKernel } from '../ops/kernel.ts'
import { sumTo, type Gradient, type Gradients } from './config.ts'

type Named = Record<string, Tensor | undefined>
/** Gradients by input name, from dy of the first output (the only one that leaves the op), inputs and outputs. */
type NamedGradient = (dy: Tensor, inputs: Named, outputs: Tensor[], attributes: never) => Record<string, () => Tensor>

/** Gradient of a kernel run by `runKernel`: its inputs are a list with the names in an attribute. */
function named(of: NamedGradient): Gradient {
  return {
    allInputs: true,
    output: true,
    of: (dys, saved, attributes: never) => {
      const { inputNames } = attributes as InputNames
      const dy = Array.isArray(dys) ? (dys as Tensor[])[0]! : dys
      const inputs = Object.fromEntries(inputNames.map((name, index) => [name, saved[index]]))
      const gradients = of(dy, inputs, saved.slice(inputNames.length), attributes)
      return Object.fromEntries(inputNames.map((name, index) => [index, gradients[name]!]))
    },
  }
}

/** The kernel runs now, not in the thunks: tfjs lets go of what it makes inside them. */
function computed(kernel: OwnKernel, inputs: Named, attributes: object, names: readonly string[]): Record<string, () => Tensor> {
  const results = runKernel(kernel, inputs, attributes)
  return Object.fromEntries(names.map((name, index) => [name, () => results[index]!]))
}

interface ConvAttributes {
  readonly stride: number
  readonly pad: readonly (readonly [number, number])[]
}

const channelSum = (dy: Tensor) => (): Tensor => sumTo(dy, [dy.shape[dy.shape.length - 1]!])

const own: Partial<Record<OwnKernel, NamedGradient>> = {
  KinoraGelu: (dy, { x }, [y, gate]) => computed('KinoraGeluGradient', { dy, x, y, gate }, {}, ['x']),
  KinoraSilu: (dy, { x }, [y]) => computed('KinoraSiluGradient', { dy, x, y }, {}, ['x']),
  KinoraLayerNorm: (dy, { x, scale }, [, mean, inverse]) => ({
    ...computed('KinoraLayerNormGradient', { dy, x, scale, mean, inverse }, {}, scale ? ['x', 'scale'] : ['x']),
    bias: channelSum(dy),
  }),
  KinoraRmsNorm: (dy, { x, scale }, [, inverse]) => computed('KinoraRmsNormGradient', { dy, x, scale, inverse }, {}, scale ? ['x', 'scale'] : ['x']),
  KinoraGroupNorm: (dy, { x, scale }, [, mean, inverse], { groups }: { groups: number }) =>
    computed('KinoraGroupNormGradient', { dy, x, scale, mean, inverse }, { groups }, ['x', 'scale', 'bias']),
  KinoraAttention: (dy, { q, k, v, mask }, [y, weights]) => {
    const gradients = computed('KinoraAttentionGradient', { dy, q, k, v, y, weights }, {}, ['q', 'k', 'v', 'scores'])
    return mask ? { ...gradients, mask: () => sumTo(gradients.scores!(), mask.shape) } : gradients
  },
  KinoraConv: (dy, { x, w }, _outputs, { stride, pad }: ConvAttributes) => ({
    x: () => runKernel('KinoraConvInputGradient', { dy, w }, { stride, pad, inputShape: x!.shape })[0]!,
    w: () => runKernel('KinoraConvFilterGradient', { x, dy }, { stride, pad, filterShape: w!.shape })[0]!,
    b: () => tf.sum(dy, [0, 2, 3]),
  }),
  KinoraUpsample: (dy) => ({ x: () => runKernel('KinoraUpsampleGradient', { dy })[0]! }),
}

export const fused: Gradients = Object.fromEntries(Object.entries(own).map(([kernel, of]) => [kernel, named(of)]))
