import { afterAll, describe, expect, it } from 'vitest'
import { Rng } from '../../../electron/base/rng.ts'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { providers } from '../../support/tensor-providers.ts'
import { relativeError } from '../../support/tensors.ts'

type Step = (x: Tensor, rng: Rng, leaves: Tensor[]) => Tensor

const pick = <T>(rng: Rng, list: readonly T[]): T => list[rng.integer(list.length)]!
const axis = (rng: Rng, x: Tensor): number => rng.integer(Math.max(1, x.shape.length))

/** Smooth, bounded moves, so that long graphs neither overflow nor sit on a kink. */
const moves: Record<string, Step> = {
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  softplus: (x) => tf.softplus(x),
  rsqrt: (x) => tf.rsqrt(tf.add(tf.square(x), 1)),
  divide: (x) => tf.div(x, tf.add(tf.square(x), 2)),
  add: (x, rng, leaves) => tf.add(x, broadcastable(x, rng, leaves)),
  multiply: (x, rng, leaves) => tf.mul(broadcastable(x, rng, leaves), x),
  subtract: (x, rng, leaves) => tf.sub(broadcastable(x, rng, leaves), x),
  sum: (x, rng) => (x.shape.length > 1 ? tf.mul(tf.sum(x, axis(rng, x), rng.uniform() < 0.5), 0.3) : x),
  mean: (x, rng) => (x.shape.length > 1 ? tf.mean(x, axis(rng, x), rng.uniform() < 0.5) : x),
  softmax: (x) => (x.shape.length > 0 ? tf.softmax(x) : x),
  transpose: (x, rng) => tf.transpose(x, [...rng.permutation(x.shape.length)]),
  flatten: (x) => tf.reshape(x, [-1, 1]),
  expand: (x, rng) => (x.shape.length < 5 ? tf.expandDims(x, axis(rng, x)) : x),
  concat: (x, rng) => (x.size < 400 && x.shape.length > 0 ? tf.concat([x, tf.neg(x)], axis(rng, x)) : x),
  split: (x, rng) => {
    const along = axis(rng, x)
    return (x.shape[along] ?? 1) > 1 ? tf.split(x, [1, x.shape[along]! - 1], along)[1]! : x
  },
  slice: (x, rng) => tf.slice(x, x.shape.map((extent) => rng.integer(extent)), x.shape.map(() => -1)),
  pad: (x, rng) => (x.size < 200 ? tf.pad(x, x.shape.map((): [number, number] => [rng.integer(2), rng.integer(2)])) : x),
  reverse: (x, rng) => (x.shape.length > 0 ? tf.reverse(x, axis(rng, x)) : x),
  tile: (x) => (x.size < 100 && x.shape.length > 0 ? tf.tile(x, x.shape.map((_, index) => (index === 0 ? 2 : 1))) : x),
  gather: (x, rng) => {
    const along = axis(rng, x)
    const extent = x.shape[along] ?? 0
    return extent > 0 ? tf.gather(x, tf.tensor1d([0, extent - 1, rng.integer(extent)], 'int32'), along) : x
  },
  gram: (x) => (x.shape.length === 2 ? tf.mul(tf.matMul(x, x, false, true), 0.1) : x),
  where: (x) => tf.where(tf.greater(x, 0.1), tf.mul(x, 0.5), x),
  cumsum: (x, rng) => (x.shape.length > 0 ? tf.mul(tf.cumsum(x, axis(rng, x)), 0.2) : x),
}

/** A leaf reshaped to something that broadcasts with x. */
function broadcastable(x: Tensor, rng: Rng, leaves: Tensor[]): Tensor {
  const shape = x.shape.map((extent) => (rng.uniform() < 0.5 ? extent : 1)).slice(rng.integer(x.shape.length + 1))
  const size = shape.reduce((product, extent) => product * extent, 1)
  const source = tf.reshape(pick(rng, leaves), [-1])
  const repeated = tf.tile(source, [Math.ceil(size / source.size)])
  return tf.reshape(tf.slice(repeated, [0], [size]), shape)
}

function program(seed: number): { shapes: number[][]; run: (...leaves: Tensor[]) => Tensor; names: string[] } {
  const setup = new Rng(seed, 0)
  const shapes = Array.from({ length: 2 }, () => Array.from({ length: 1 + setup.integer(3) }, () => 1 + setup.integer(4)))
  const names = Array.from({ length: 9 }, () => pick(setup, Object.keys(moves)))
  return {
    shapes,
    names,
    run: (...leaves) => {
      const rng = new Rng(seed, 1)
      return names.reduce((x, name) => moves[name]!(x, rng, leaves), leaves[0]!)
    },
  }
}

const reference = openCpuProvider()

describe.each(providers().filter(({ name }) => name !== 'cpu'))('random graphs on $name', ({ open }) => {
  const provider = open()
  afterAll(() => provider.dispose())

  it.each(Array.from({ length: 40 }, (_, seed) => seed))('seed %i', (seed) => {
    const { shapes, run, names } = program(seed)
    const evaluate = (): number[][] => {
      const leaves = shapes.map((shape, index) => tf.tensor(new Rng(seed, 2 + index).normals(shape.reduce((a, b) => a * b, 1)), shape))
      const value = run(...leaves)
      const grads = tf.grads((...xs: Tensor[]) => tf.sum(tf.mul(run(...xs), tf.cos(tf.reshape(tf.range(0, value.size), value.shape)))) as Tensor)(leaves.slice(0, 1))
      return [value, ...grads].map((tensor) => [...tensor.dataSync()])
    }
    const found = provider.eager(evaluate)
    const expected = reference.eager(evaluate)
    found.forEach((values, index) => expect(relativeError(values, expected[index]!), names.join(' ')).toBeLessThan(5e-5))
  })
})
