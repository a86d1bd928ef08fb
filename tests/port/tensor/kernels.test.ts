import { afterAll, describe, expect, it } from 'vitest'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { providers } from '../../support/tensor-providers.ts'
import { relativeError, valuesFor } from '../../support/tensors.ts'
import { cases, type Case } from './kernels.cases.ts'

const reference = openCpuProvider()

/** Value, then gradient of sum(value * weights) by each input. */
function evaluate({ shapes, run, domain, isForwardOnly }: Case): Float32Array[] {
  const inputs = shapes.map((shape, index) => tf.tensor(valuesFor(shape, index + 1, domain), [...shape]))
  const value = run(...inputs)
  const results = [value]
  if (!isForwardOnly) {
    const weights = tf.tensor(valuesFor(value.shape, 99), value.shape)
    results.push(...tf.grads((...xs: Tensor[]) => tf.sum(tf.mul(run(...xs), weights)))(inputs))
  }
  return results.map((tensor) => tensor.dataSync().slice() as Float32Array)
}

describe.each(providers())('kernels on $name', ({ name: device, open }) => {
  const provider = open()
  // WebGPU's sine and cosine are good to 2e-4.
  const slack = device === 'onnx-webgpu' ? 15 : 1
  afterAll(() => provider.dispose())

  it.each(cases.filter(({ notOn }) => !notOn?.includes(device)).map((each) => [each.name, each] as const))('%s', (_name, each) => {
    const expected = reference.eager(() => evaluate(each))
    const found = provider.eager(() => evaluate(each))
    expect(found.length).toBe(expected.length)
    found.forEach((values, index) => {
      expect(values.length).toBe(expected[index]!.length)
      expect(relativeError(values, expected[index]!), index === 0 ? 'value' : `gradient ${index - 1}`).toBeLessThan((each.tolerance ?? 2e-5) * slack)
    })
  })
})
