import { float32, type HostTensor, type HostTensors } from '../../base/host-tensor.ts'
import { KinoraError } from '../../contract/errors.ts'
import { conv2d, gelu, layerNorm, linear, valueAndGradients } from '../ops/index.ts'
import type { Provider, StepFunction } from '../provider.ts'
import { tf } from '../tf.ts'
import { stored } from './self-test.values.ts'

/** Largest difference from the stored values that a correct provider may show (float32, any order of sums). */
export const selfTestTolerance = 1e-3

/** Reproducible values in about [-1, 1]. */
function wave(shape: readonly number[], pace: number): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1)
  return float32(Float32Array.from({ length: size }, (_, index) => Math.sin(pace * (index + 1))), shape)
}

const parameters: HostTensors = { w1: wave([6, 8], 0.7), b1: wave([8], 1.3), w2: wave([8, 3], 2.1) }

/** A product, a convolution whose 9 input channels some GPU drivers get wrong, and one step of gradient descent. */
const step: StepFunction = (state, { a, b, x, picture, filter, rate }) => {
  const { value, gradients } = valueAndGradients(
    (p) => tf.mean(tf.square(tf.sub(linear(gelu(layerNorm(linear(x!, p.w1!, p.b1!))), p.w2!), 0.25))),
    state,
  )
  const next = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, tf.sub(tensor, tf.mul(gradients[name]!, rate!))]))
  return { state: next, outputs: { loss: value, product: tf.matMul(a!, b!), conv: conv2d(picture!, filter!, undefined, { pad: [[1, 1], [1, 1]] }) } }
}

const inputs: HostTensors = {
  a: wave([16, 24], 0.31),
  b: wave([24, 8], 0.47),
  x: wave([5, 6], 0.9),
  picture: wave([2, 9, 5, 5], 0.37),
  filter: wave([4, 9, 3, 3], 0.53),
  rate: float32(Float32Array.of(0.5), []),
}

/** Sums that any wrong element shifts: of the values, and of the values with alternating growing weights. */
export async function selfTestValues(provider: Provider): Promise<number[]> {
  const state = provider.createState(parameters)
  const compiled = provider.compile(step, { name: 'self-test', checkFinite: true })
  try {
    const outputs = await compiled.run(state, inputs)
    const tensors = { ...outputs, ...(await state.read()) }
    return Object.keys(tensors).sort().flatMap((name) => digest(tensors[name]!.data))
  } finally {
    compiled.dispose()
    state.dispose()
  }
}

function digest(data: ArrayLike<number>): [number, number] {
  let sum = 0
  let weighted = 0
  for (let index = 0; index < data.length; index++) {
    sum += data[index]!
    weighted += data[index]! * Math.cos(index)
  }
  return [sum, weighted]
}

/** Largest absolute difference from the stored values. @throws when the provider does not run the test at all. */
export async function selfTest(provider: Provider): Promise<number> {
  const values = await selfTestValues(provider)
  if (values.length !== stored.length) throw new KinoraError('internal', `The self-test made ${values.length} numbers, expected ${stored.length}.`, 'Reinstall Kinora.')
  return values.reduce((largest, value, index) => Math.max(largest, Number.isFinite(value) ? Math.abs(value - stored[index]!) : Infinity), 0)
}

/** Rate of a 512 x 512 x 512 product, best of a few runs. */
export async function measureGflops(provider: Provider, side = 512): Promise<number> {
  const state = provider.createState({ a: wave([side, side], 0.31), b: wave([side, side], 0.47) })
  const compiled = provider.compile(({ a, b }) => ({ outputs: { sum: tf.mean(tf.matMul(a!, b!)) } }), { name: 'speed' })
  try {
    let best = Infinity
    const start = performance.now()
    for (let run = 0; run < 8 && performance.now() - start < 1000; run++) {
      const before = performance.now()
      await compiled.run(state, {})
      best = Math.min(best, performance.now() - before)
    }
    return (2 * side ** 3) / best / 1e6
  } finally {
    compiled.dispose()
    state.dispose()
  }
}
