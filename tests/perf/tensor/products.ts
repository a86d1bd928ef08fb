import { float32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import type { StepFunction } from '../../../electron/tensor/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { transformerSizes } from './models.ts'

const { blocks, width, tokens, batch, heads } = transformerSizes
const rows = batch * tokens
const layers = [[width, 3 * width], [width, width], [width, 4 * width], [4 * width, width]] as const
/** As many of each operand; every product of the step has a pair of its own. */
const copies = 3

/**
 * The matrix products of one training step of the transformer, forward and backward, and nothing else: what is left of it
 * on this runtime if all other work took no time. Nothing but a corner of each result leaves the session.
 */
export function productsOfStep(): { step: StepFunction; inputs: HostTensors } {
  const heads4 = [batch * heads, tokens, width / heads]
  const weights4 = [batch * heads, tokens, tokens]
  const shapes: Record<string, number[]> = {}
  for (let copy = 0; copy < copies; copy++) {
    layers.forEach(([inputs, outputs], layer) => {
      shapes[`x${layer}.${copy}`] = [rows, inputs]
      shapes[`dy${layer}.${copy}`] = [rows, outputs]
    })
    for (const name of ['q', 'k']) shapes[`${name}.${copy}`] = heads4
    for (const name of ['weights', 'scores']) shapes[`${name}.${copy}`] = weights4
  }
  for (let block = 0; block < blocks; block++) layers.forEach((shape, layer) => (shapes[`w${layer}.${block}`] = [...shape]))

  const step: StepFunction = (_state, t) => {
    const corners: Tensor[] = []
    const product = (a: Tensor, b: Tensor, transposeA = false, transposeB = false): void => {
      const result = tf.matMul(a, b, transposeA, transposeB)
      corners.push(tf.reshape(tf.slice(result, result.shape.map(() => 0), result.shape.map(() => 1)), [1]))
    }
    for (let block = 0; block < blocks; block++) {
      const get = (name: string, copy: number): Tensor => t[`${name}.${copy}`]!
      const [i, j] = [block % copies, Math.floor(block / copies)]
      layers.forEach((_, layer) => {
        const [x, w, dy] = [get(`x${layer}`, i), get(`w${layer}`, block), get(`dy${layer}`, j)]
        product(x, w)
        product(dy, w, false, true)
        product(x, dy, true)
      })
      // Attention: scores, their sum of values, and the gradients of both.
      product(get('q', i), get('k', j), false, true)
      product(get('weights', i), get('q', j))
      product(get('k', i), get('q', j), false, true)
      product(get('scores', i), get('k', j))
      product(get('scores', i), get('q', j), true)
      product(get('weights', i), get('k', j), true)
    }
    return { outputs: { loss: tf.sum(tf.concat(corners)) } }
  }
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
      for (let index = 0; index < data.length; index++) data[index] = (index % 97) / 97 - 0.5
      return [name, float32(data, shape)]
    }),
  )
  return { step, inputs }
}
