import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { attention, conv2d, gelu, groupNorm, layerNorm, linear, modulate, rmsNorm, silu, upsampleNearest2x } from '../../../electron/tensor/ops/index.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { providers } from '../../support/tensor-providers.ts'
import { relativeError } from '../../support/tensors.ts'

/** Written by tests/golden/tensor/blocks.py with PyTorch in float64. */
const golden = JSON.parse(readFileSync(new URL('../../golden/tensor/blocks.json', import.meta.url), 'utf8')) as Record<
  string,
  { shapes: number[][]; value: number[]; gradients: number[][] }
>

function wave(shape: number[], pace: number): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1)
  return tf.tensor(Float32Array.from({ length: size }, (_, index) => Math.sin(pace * (index + 1))), shape)
}

const heads = (x: Tensor, count: number): Tensor => tf.transpose(tf.reshape(x, [x.shape[0]!, x.shape[1]!, count, -1]), [0, 2, 1, 3])
const merged = (x: Tensor): Tensor => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [x.shape[0]!, x.shape[2]!, -1])
const selfAttention = (x: Tensor, w: Tensor, b: Tensor): Tensor => {
  const [q, k, v] = tf.split(linear(x, w, b), 3, -1).map((part) => heads(part, 2)) as [Tensor, Tensor, Tensor]
  return merged(attention(q, k, v))
}
const around = [[1, 1], [1, 1]] as const

const blocks: Record<string, (...inputs: Tensor[]) => Tensor> = {
  transformer: (x, s1, b1, wqkv, bqkv, wo, bo, s2, b2, w1, c1, w2, c2) => {
    const y = tf.add(x!, linear(selfAttention(layerNorm(x!, s1, b1), wqkv!, bqkv!), wo!, bo))
    return tf.add(y, linear(gelu(linear(layerNorm(y, s2, b2), w1!, c1)), w2!, c2))
  },
  adaln: (x, condition, wm, bm, wqkv, bqkv, wo, bo, w1, c1, w2, c2) => {
    const all = tf.expandDims(linear(silu(condition!), wm!, bm), 1)
    const [shift1, scale1, gate1, shift2, scale2, gate2] = tf.split(all, 6, -1) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    const y = tf.add(x!, tf.mul(gate1, linear(selfAttention(modulate(layerNorm(x!), shift1, scale1), wqkv!, bqkv!), wo!, bo)))
    return tf.add(y, tf.mul(gate2, linear(gelu(linear(modulate(layerNorm(y), shift2, scale2), w1!, c1)), w2!, c2)))
  },
  attention: (q, k, v, mask) => attention(q!, k!, v!, mask),
  resnet: (x, s1, b1, w1, c1, s2, b2, w2, c2, ws, cs) => {
    const inner = conv2d(silu(groupNorm(x!, s1!, b1!, 2)), w1!, c1, { pad: around })
    const outer = conv2d(silu(groupNorm(inner, s2!, b2!, 3)), w2!, c2, { pad: around })
    const sum = tf.add(outer, conv2d(x!, ws!, cs))
    return upsampleNearest2x(conv2d(sum, w2!, c2, { stride: 2, pad: [[0, 1], [0, 1]] }))
  },
  rms: (x, scale, w) => silu(linear(rmsNorm(x!, scale), w!)),
}

describe.each(providers())('blocks against PyTorch on $name', ({ open }) => {
  const provider = open()
  afterAll(() => provider.dispose())

  it.each(Object.keys(golden))('%s', (name) => {
    const { shapes, value, gradients } = golden[name]!
    const found = provider.eager(() => {
      const inputs = shapes.map((shape, index) => wave(shape, 0.31 + 0.17 * index))
      const result = blocks[name]!(...inputs)
      const all = tf.grads((...xs: Tensor[]) => tf.sum(tf.mul(blocks[name]!(...xs), wave(result.shape, 0.71))))(inputs)
      return { value: result.dataSync().slice(), gradients: all.map((each) => each.dataSync().slice()) }
    })
    expect(relativeError(found.value, value)).toBeLessThan(2e-5)
    expect(found.gradients.length).toBe(gradients.length)
    found.gradients.forEach((each, index) => expect(relativeError(each, gradients[index]!), `gradient of input ${index}`).toBeLessThan(6e-5))
  })
})
