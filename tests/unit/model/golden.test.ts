import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { HostTensor, HostTensors } from '../../../electron/base/host-tensor.ts'
import { trainConfigSchema } from '../../../electron/contract/config.ts'
import { autoencoderLosses, autoencoderSpecs, decode, encode } from '../../../electron/model/autoencoder-kl.ts'
import { dualHeadSpecs, losses, sampleActions, sampleMotion } from '../../../electron/model/dual-head.ts'
import { pictureLayout, type PictureLayout } from '../../../electron/model/picture-layout.ts'
import { prefixed, under } from '../../../electron/model/parameters.ts'
import type { Provider, StepFunction } from '../../../electron/tensor/provider.ts'
import { tf } from '../../../electron/tensor/tf.ts'
import { providers } from '../../support/tensor-providers.ts'

interface Stored { dtype: 'float32' | 'int32'; shape: number[]; data: string }

function restore({ dtype, shape, data }: Stored): HostTensor {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
  return (dtype === 'int32' ? { dtype, shape, data: new Int32Array(bytes.buffer) } : { dtype, shape, data: new Float32Array(bytes.buffer) }) as HostTensor
}

const restoreAll = (stored: Record<string, Stored>): HostTensors => Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, restore(value)]))

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../golden/model/${name}.json`, import.meta.url), 'utf8'))

/** Largest difference relative to the reference's own largest value (at least 0.01). */
function difference(actual: HostTensor, expected: HostTensor): number {
  expect(actual.shape).toEqual(expected.shape)
  let largest = 0.01
  let worst = 0
  expected.data.forEach((value: number, index: number) => {
    largest = Math.max(largest, Math.abs(value))
    worst = Math.max(worst, Math.abs(value - Number(actual.data[index])))
  })
  return worst / largest
}

function expectSame(actual: HostTensors, expected: HostTensors, tolerance: number): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort())
  const wrong = Object.entries(expected).filter(([name, value]) => !(difference(actual[name]!, value) < tolerance))
  expect(wrong.map(([name, value]) => [name, difference(actual[name]!, value)])).toEqual([])
}

/** Planes [N, 3, S, S] in the order that the stem reads. */
function arranged(planes: HostTensor, { sizePx, shape, places }: PictureLayout): HostTensor {
  const pictures = planes.shape[0]!
  const size = places.length
  const data = Float32Array.from({ length: planes.data.length }, (_, index) => {
    const at = index % size
    const [pixel, colour] = [Math.floor(places[at]! / 3), places[at]! % 3]
    return Number(planes.data[index - at + colour * sizePx * sizePx + pixel])
  })
  return { dtype: 'float32', shape: [pictures, ...shape], data }
}

async function run(provider: Provider, step: StepFunction, state: HostTensors, inputs: HostTensors): Promise<HostTensors> {
  const device = provider.createState(state)
  const compiled = provider.compile(step, { name: 'golden' })
  try {
    return await compiled.run(device, inputs)
  } finally {
    compiled.dispose()
    device.dispose()
  }
}

describe.each(providers())('golden values from PyTorch on $name', { timeout: 120_000 }, ({ open }) => {
  it.each(['pi0-cross-attention', 'pi05-pooled', 'pi0-in-context', 'pi0-merge', 'pi0-two-cameras'])('%s: losses, gradients and samples', async (name) => {
    const golden = read(name)
    const config = trainConfigSchema.parse({ ...golden.config, data: { ...golden.config.data, dataset: 'golden' } })
    const parameters = restoreAll(golden.parameters)
    const specs = dualHeadSpecs(config, golden.dimensions)
    expect(Object.fromEntries(specs.map((spec) => [spec.name, spec.shape]))).toEqual(Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, value.shape])))

    const names = Object.keys(parameters)
    const step: StepFunction = (state, inputs) => {
      const get = <T extends Tensor>(key: string): T => inputs[key] as T
      const prefix = { images: get('images'), textIds: get<Tensor2D>('text-ids'), textMask: get<Tensor2D>('text-mask') }
      const loss = (...values: Tensor[]): Tensor => {
        const given = Object.fromEntries(names.map((key, index) => [key, values[index]!]))
        const { action, motion } = losses(
          config,
          given,
          prefix,
          { state: get<Tensor2D>('state'), actions: get('actions'), mask: get<Tensor2D>('action-mask'), noise: get('action-noise'), time: get<Tensor2D>('action-time') },
          { kind: 'field', data: get<Tensor4D>('motion-latent'), noise: get<Tensor4D>('motion-noise'), time: get<Tensor1D>('motion-time'), weight: get<Tensor1D>('motion-weight') },
        )
        return tf.stack([action!, motion!])
      }
      const { value, grads } = tf.valueAndGrads(loss)(names.map((key) => state[key]!), tf.tensor1d([1, config.motion.lambda]))
      const actions = sampleActions(config, state, prefix, get<Tensor2D>('state'), tf.squeeze(tf.slice(get('action-noise'), [0, 0, 0, 0], [-1, 1, -1, -1]), [1]), 4)
      const motion = sampleMotion(config, state, prefix, get<Tensor4D>('motion-noise'), 4).at(-1)!
      return { outputs: { ...prefixed(Object.fromEntries(names.map((key, index) => [key, grads[index]!])), 'gradient/'), losses: value, actions, motion } }
    }
    const provider = open()
    const inputs = restoreAll(golden.inputs)
    const outputs = await run(provider, step, parameters, { ...inputs, images: arranged(inputs['images']!, pictureLayout(config)) })
    provider.dispose()
    expect(Number(outputs['losses']!.data[0])).toBeCloseTo(golden.losses.action, 4)
    expect(Number(outputs['losses']!.data[1])).toBeCloseTo(golden.losses.motion, 4)
    expectSame(under(outputs, 'gradient/'), restoreAll(golden.gradients), 1e-4)
    expect(difference(outputs['actions']!, restore(golden.sampledActions))).toBeLessThan(1e-4)
    expect(difference(outputs['motion']!, restore(golden.sampledMotion))).toBeLessThan(1e-4)
  })

  it('AutoencoderKL equals diffusers in posterior, picture, losses and gradients', async () => {
    const golden = read('autoencoder-kl')
    const config = trainConfigSchema.parse({ data: { dataset: 'golden' }, motion: { target: 'none' }, vae: golden.config })
    const parameters = restoreAll(golden.parameters)
    expect(Object.fromEntries(autoencoderSpecs(config).map((spec) => [spec.name, spec.shape]))).toEqual(Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, value.shape])))
    const names = Object.keys(parameters)
    const step: StepFunction = (state, inputs) => {
      const images = inputs['images'] as Tensor4D
      const noise = inputs['noise'] as Tensor4D
      const loss = (...values: Tensor[]): Tensor => {
        const { reconstruction, divergence } = autoencoderLosses(config, Object.fromEntries(names.map((key, index) => [key, values[index]!])), images, noise)
        return tf.stack([reconstruction, divergence])
      }
      const { value, grads } = tf.valueAndGrads(loss)(names.map((key) => state[key]!), tf.tensor1d([1, 0.01]))
      const { mean, logVariance } = encode(config, state, images)
      const drawn = tf.add(mean, tf.mul(tf.exp(tf.mul(0.5, logVariance)), noise)) as Tensor4D
      return { outputs: { ...prefixed(Object.fromEntries(names.map((key, index) => [key, grads[index]!])), 'gradient/'), losses: value, mean, logVariance, decoded: decode(config, state, drawn) } }
    }
    const provider = open()
    const outputs = await run(provider, step, parameters, restoreAll({ images: golden.images, noise: golden.noise }))
    provider.dispose()
    expect(Number(outputs['losses']!.data[0])).toBeCloseTo(golden.losses.reconstruction, 4)
    expect(Number(outputs['losses']!.data[1])).toBeCloseTo(golden.losses.divergence, 4)
    for (const key of ['mean', 'logVariance', 'decoded']) expect(difference(outputs[key]!, restore(golden[key])), key).toBeLessThan(1e-4)
    expectSame(under(outputs, 'gradient/'), restoreAll(golden.gradients), 1e-4)
  })
})
