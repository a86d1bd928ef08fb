import { afterAll, describe, expect, it } from 'vitest'
import { float32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import { openCpuProvider } from '../../../electron/tensor/backends/cpu/provider.ts'
import { attention, conv2d, gelu, groupNorm, layerNorm, linear, modulate, silu, upsampleNearest2x, valueAndGradients } from '../../../electron/tensor/ops/index.ts'
import type { Provider, StepFunction, Tensors } from '../../../electron/tensor/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { adamW, zeroMoments } from '../../../electron/trainer/optimiser.ts'
import { providers } from '../../support/tensor-providers.ts'
import { valuesFor } from '../../support/tensors.ts'

const width = 8
const steps = 50
const dense = (inputs: number, outputs: number): number[] => [inputs, outputs]

interface Tiny {
  readonly shapes: Record<string, number[]>
  readonly inputs: Record<string, number[]>
  readonly loss: (p: Tensors, inputs: Tensors) => Tensor
}

const heads = (x: Tensor): Tensor => tf.transpose(tf.reshape(x, [x.shape[0]!, x.shape[1]!, 2, -1]), [0, 2, 1, 3])
function attend(x: Tensor, p: Tensors, name: string): Tensor {
  const [q, k, v] = tf.split(linear(x, p[`${name}/qkv`]!), 3, -1).map(heads) as [Tensor, Tensor, Tensor]
  const y = tf.transpose(attention(q, k, v), [0, 2, 1, 3])
  return linear(tf.reshape(y, x.shape), p[`${name}/out`]!)
}
const block = (name: string): Record<string, number[]> => ({
  [`${name}/scale`]: [width], [`${name}/bias`]: [width], [`${name}/qkv`]: dense(width, 3 * width), [`${name}/out`]: dense(width, width),
  [`${name}/up`]: dense(width, 2 * width), [`${name}/down`]: dense(2 * width, width),
})

const models: Record<string, Tiny> = {
  ViT: {
    shapes: { 'stem': [width, 3, 4, 4], 'position': [4, width], ...block('0'), ...block('1'), 'head': dense(width, 5) },
    inputs: { image: [3, 3, 8, 8], target: [3, 5] },
    loss: (p, { image, target }) => {
      const pixels = conv2d(image!, p.stem!, undefined, { stride: 4 })
      let x = tf.add(tf.transpose(tf.reshape(pixels, [3, width, 4]), [0, 2, 1]), p.position!)
      for (const name of ['0', '1']) {
        x = tf.add(x, attend(layerNorm(x, p[`${name}/scale`], p[`${name}/bias`]), p, name))
        x = tf.add(x, linear(gelu(linear(layerNorm(x, p[`${name}/scale`], p[`${name}/bias`]), p[`${name}/up`]!)), p[`${name}/down`]!))
      }
      return tf.mean(tf.square(tf.sub(linear(tf.mean(x, 1), p.head!), target!)))
    },
  },
  DiT: {
    shapes: { in: dense(4, width), time: dense(width, 6 * width), ...block('0'), out: dense(width, 4) },
    inputs: { x: [3, 6, 4], t: [3, width], target: [3, 6, 4] },
    loss: (p, { x, t, target }) => {
      const parts = tf.split(linear(silu(t!), p.time!), 6, -1) as Tensor[]
      let h = linear(x!, p.in!)
      h = tf.add(h, tf.mul(tf.expandDims(parts[2]!, 1), attend(modulate(layerNorm(h), parts[0]!, parts[1]!), p, '0')))
      const hidden = gelu(linear(modulate(layerNorm(h), parts[3]!, parts[4]!), p['0/up']!))
      h = tf.add(h, tf.mul(tf.expandDims(parts[5]!, 1), linear(hidden, p['0/down']!)))
      return tf.mean(tf.square(tf.sub(linear(h, p.out!), target!)))
    },
  },
  VAE: {
    shapes: { in: [4, 3, 3, 3], s: [4], b: [4], down: [4, 4, 3, 3], latent: [4, 4, 1, 1], latentBias: [4], mid: [4, 2, 3, 3], up: [4, 4, 3, 3], out: [3, 4, 3, 3] },
    inputs: { image: [2, 3, 8, 8], noise: [2, 2, 4, 4] },
    loss: (p, { image, noise }) => {
      const same = { pad: [[1, 1], [1, 1]] } as const
      const x = silu(groupNorm(conv2d(image!, p.in!, undefined, same), p.s!, p.b!, 2))
      const moments = conv2d(conv2d(x, p.down!, undefined, { stride: 2, pad: [[0, 1], [0, 1]] }), p.latent!, p.latentBias)
      const [mean, logVariance] = tf.split(moments, 2, 1) as [Tensor, Tensor]
      const z = tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise!))
      const y = conv2d(upsampleNearest2x(silu(conv2d(z, p.mid!, undefined, same))), p.up!, undefined, same)
      const kl = tf.mean(tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1)))
      return tf.add(tf.mean(tf.square(tf.sub(conv2d(silu(y), p.out!, undefined, same), image!))), tf.mul(kl, 1e-3))
    },
  },
}

async function lossesOf(provider: Provider, { shapes, inputs, loss }: Tiny): Promise<number[]> {
  const names = Object.keys(shapes)
  const parameters: HostTensors = Object.fromEntries(names.map((name, index) => [name, float32(valuesFor(shapes[name]!, 20 + index).map((value) => 0.3 * value), shapes[name]!)]))
  const { first, second } = zeroMoments(parameters)
  const prefixed = (tensors: HostTensors, prefix: string): HostTensors => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]))
  const state = provider.createState({ ...parameters, ...prefixed(first, 'm/'), ...prefixed(second, 'v/') })
  const step: StepFunction = (s, { rate, number, ...batch }) => {
    const under = (prefix: string): Tensors => Object.fromEntries(names.map((name) => [name, s[prefix + name]!]))
    const { value, gradients } = valueAndGradients((p) => loss(p, batch), under(''))
    const update = adamW(under(''), gradients, { first: under('m/'), second: under('v/') }, {
      learningRate: rate!, step: number!, beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.01, clipNorm: 1,
    })
    const next = (tensors: Tensors, prefix: string): Tensors => Object.fromEntries(names.map((name) => [prefix + name, tensors[name]!]))
    return { state: { ...update.params, ...next(update.moments.first, 'm/'), ...next(update.moments.second, 'v/') }, outputs: { loss: value } }
  }
  const compiled = provider.compile(step, { name: 'tiny', checkFinite: true })
  const batch = Object.fromEntries(Object.entries(inputs).map(([name, shape], index) => [name, float32(valuesFor(shape, 60 + index), shape)]))
  const losses: number[] = []
  for (let number = 1; number <= steps; number++) {
    const scalars = { rate: float32(Float32Array.of(5e-3), []), number: float32(Float32Array.of(number), []) }
    losses.push((await compiled.run(state, { ...batch, ...scalars })).loss!.data[0]!)
  }
  compiled.dispose()
  return losses
}

const reference = openCpuProvider()

describe.each(providers().filter(({ name }) => name !== 'cpu'))('training on $name', ({ open }) => {
  const provider = open()
  afterAll(() => provider.dispose())

  it.each(Object.keys(models))('a tiny %s reaches the same loss as on the reference', async (name) => {
    const expected = await lossesOf(reference, models[name]!)
    const found = await lossesOf(provider, models[name]!)
    expect(expected.at(-1)!).toBeLessThan(0.8 * expected[0]!)
    found.forEach((loss, index) => expect(Math.abs(loss - expected[index]!), `step ${index + 1}`).toBeLessThan(1e-3 * expected[0]!))
    expect(await lossesOf(provider, models[name]!)).toEqual(found)
  })
})
