import { describe, expect, it } from 'vitest'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { accumulate, adamW, decays, ema, globalNorm, zeroMoments } from '../../../electron/trainer/optimiser.ts'

const provider = openCpuProvider()
const vector = (...values: number[]): Tensor => tf.tensor1d(values)
const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: Infinity }

/** AdamW written out for one number (Loshchilov and Hutter, algorithm 2, as PyTorch has it). */
function reference(parameter: number, gradients: number[], rate: number, decay: number): number {
  let [m, v, p] = [0, 0, parameter]
  gradients.forEach((g, index) => {
    m = 0.9 * m + 0.1 * g
    v = 0.95 * v + 0.05 * g * g
    const [m1, v1] = [m / (1 - 0.9 ** (index + 1)), v / (1 - 0.95 ** (index + 1))]
    p = p * (1 - rate * decay) - (rate * m1) / (Math.sqrt(v1) + 1e-8)
  })
  return p
}

describe('adamW', () => {
  it('follows the written-out update; vectors do not decay', () => {
    const gradients = [0.5, -2, 0.1, 0.7]
    const result = provider.eager(() => {
      let params: Record<string, Tensor> = { matrix: tf.tensor2d([[1.5]]), vector: vector(1.5) }
      let moments = { first: { matrix: tf.zeros([1, 1]), vector: tf.zeros([1]) } as Record<string, Tensor>, second: { matrix: tf.zeros([1, 1]), vector: tf.zeros([1]) } as Record<string, Tensor> }
      gradients.forEach((gradient, index) => {
        const grads = { matrix: tf.tensor2d([[gradient]]), vector: vector(gradient) }
        const update = adamW(params, grads, moments, { ...options, learningRate: tf.scalar(0.05), step: tf.scalar(index + 1) })
        params = update.params
        moments = update.moments as typeof moments
      })
      return [params.matrix!.dataSync()[0]!, params.vector!.dataSync()[0]!]
    })
    expect(result[0]).toBeCloseTo(reference(1.5, gradients, 0.05, 0.1), 5)
    expect(result[1]).toBeCloseTo(reference(1.5, gradients, 0.05, 0), 5)
    expect(decays({ shape: [2, 2] })).toBe(true)
    expect(decays({ shape: [2] })).toBe(false)
  })

  it('scales all gradients together down to the clipping norm, and reports the norm before', () => {
    const update = (clipNorm: number, scale: number): { first: number[]; norm: number } =>
      provider.eager(() => {
        const grads = { a: vector(3 * scale, 0), b: vector(4 * scale) }
        const zeros = { a: vector(0, 0), b: vector(0) }
        const { moments, gradNorm } = adamW({ a: vector(1, 1), b: vector(1) }, grads, { first: zeros, second: zeros }, { ...options, clipNorm, learningRate: tf.scalar(1), step: tf.scalar(1) })
        return { first: [...moments.first.a!.dataSync(), ...moments.first.b!.dataSync()], norm: gradNorm.dataSync()[0]! }
      })
    expect(update(1, 1).norm).toBeCloseTo(5, 5)
    update(1, 1).first.forEach((value, index) => expect(value).toBeCloseTo([0.06, 0, 0.08][index]!, 5))
    update(1, 0.1).first.forEach((value, index) => expect(value).toBeCloseTo([0.03, 0, 0.04][index]!, 5))
    expect(update(Infinity, 1).first[2]).toBeCloseTo(0.4, 5)
  })
})

describe('ema, accumulate, globalNorm, zeroMoments', () => {
  it('are what they say', () => {
    const values = provider.eager(() => ({
      ema: ema({ a: vector(1, 2) }, { a: vector(0, 4) }, 0.75).a!.dataSync(),
      dynamic: ema({ a: vector(1, 2) }, { a: vector(0, 4) }, tf.scalar(0.5)).a!.dataSync(),
      sum: accumulate({ a: vector(1, 1) }, { a: vector(2, 4) }, 4).a!.dataSync(),
      norm: globalNorm({ a: vector(1, 2), b: tf.tensor2d([[2, 4]]) }).dataSync()[0],
    }))
    expect([...values.ema]).toEqual([0.25, 3.5])
    expect([...values.dynamic]).toEqual([0.5, 3])
    expect([...values.sum]).toEqual([1.5, 2])
    expect(values.norm).toBeCloseTo(5, 5)
    const { first, second } = zeroMoments({ a: { dtype: 'float32', shape: [2, 3], data: new Float32Array(6).fill(1) } })
    expect(first.a).toEqual({ dtype: 'float32', shape: [2, 3], data: new Float32Array(6) })
    expect(second.a!.data).not.toBe(first.a!.data)
  })
})
