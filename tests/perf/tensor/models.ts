import { float32, type HostTensors } from '../../../electron/base/host-tensor.ts'
import { Rng } from '../../../electron/base/rng.ts'
import { mergeHeads, splitHeads } from '../../../electron/model/embeddings.ts'
import { initialise, normal, ones, prefixed, under, zeros, type ParameterSpec } from '../../../electron/model/parameters.ts'
import { attention, conv2d, gelu, groupNorm, layerNorm, linear, silu, upsampleNearest2x, valueAndGradients } from '../../../electron/tensor/ops/index.ts'
import type { StepFunction, Tensors } from '../../../electron/tensor/provider.ts'
import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import { FlatParameters } from '../../../electron/trainer/flat-parameters.ts'
import { adamW } from '../../../electron/trainer/optimiser.ts'

/** A model that torch_step.py has, too: same layers, same sizes, float32, AdamW. */
export interface Model {
  readonly specs: readonly ParameterSpec[]
  readonly inputs: Readonly<Record<string, readonly number[]>>
  readonly loss: (parameters: Tensors, inputs: Tensors) => Tensor
}

const weight = (name: string, shape: number[]): ParameterSpec => ({ name, shape, initialiser: normal(0.05) })
const vector = (name: string, size: number, initialiser = zeros): ParameterSpec => ({ name, shape: [size], initialiser })

export const transformerSizes = { blocks: 8, width: 256, tokens: 128, batch: 16, heads: 8 }
const { blocks, width, tokens, batch, heads } = transformerSizes

const transformer: Model = {
  specs: Array.from({ length: blocks }, (_, block) => [
    vector(`${block}/s1`, width, ones), vector(`${block}/b1`, width), weight(`${block}/qkv`, [width, 3 * width]), vector(`${block}/qkvb`, 3 * width),
    weight(`${block}/out`, [width, width]), vector(`${block}/outb`, width), vector(`${block}/s2`, width, ones), vector(`${block}/b2`, width),
    weight(`${block}/up`, [width, 4 * width]), vector(`${block}/upb`, 4 * width), weight(`${block}/down`, [4 * width, width]), vector(`${block}/downb`, width),
  ]).flat(),
  inputs: { x: [batch, tokens, width], y: [batch, tokens, width] },
  loss: (p, { x, y }) => {
    let h = x!
    for (let block = 0; block < blocks; block++) {
      const get = (name: string): Tensor => p[`${block}/${name}`]!
      const qkv = linear(layerNorm(h, get('s1'), get('b1'), 1e-5), get('qkv'), get('qkvb'))
      const [q, k, v] = tf.split(qkv, 3, 2).map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor]
      h = tf.add(h, linear(mergeHeads(attention(q, k, v)), get('out'), get('outb')))
      h = tf.add(h, linear(gelu(linear(layerNorm(h, get('s2'), get('b2'), 1e-5), get('up'), get('upb'))), get('down'), get('downb')))
    }
    return tf.mean(tf.square(tf.sub(h, y!)))
  },
}

const around = { pad: [[1, 1], [1, 1]] } as const
const convSpecs = (name: string, inputs: number, outputs: number, size = 3): ParameterSpec[] => [weight(`${name}/w`, [outputs, inputs, size, size]), vector(`${name}/b`, outputs)]
const normSpecs = (name: string, channels: number): ParameterSpec[] => [vector(`${name}/s`, channels, ones), vector(`${name}/b`, channels)]
const resSpecs = (name: string, inputs: number, outputs: number): ParameterSpec[] => [
  ...normSpecs(`${name}/n1`, inputs), ...convSpecs(`${name}/c1`, inputs, outputs), ...normSpecs(`${name}/n2`, outputs), ...convSpecs(`${name}/c2`, outputs, outputs),
  ...(inputs === outputs ? [] : convSpecs(`${name}/skip`, inputs, outputs, 1)),
]

function resnet(p: Tensors, name: string, x: Tensor): Tensor {
  const norm = (at: string, t: Tensor): Tensor => silu(groupNorm(t, p[`${name}/${at}/s`]!, p[`${name}/${at}/b`]!, 8))
  const conv = (at: string, t: Tensor): Tensor => conv2d(t, p[`${name}/${at}/w`]!, p[`${name}/${at}/b`], around)
  const skip = p[`${name}/skip/w`] ? conv2d(x, p[`${name}/skip/w`]!, p[`${name}/skip/b`]) : x
  return tf.add(skip, conv('c2', norm('n2', conv('c1', norm('n1', x)))))
}

/** Convolutional VAE: 64 x 64 x 3, 32 channels at 64 x 64, 64 at 32 x 32, 4 latent channels at 32 x 32. */
const vae: Model = {
  specs: [
    ...convSpecs('in', 3, 32), ...resSpecs('d1', 32, 32), ...convSpecs('down', 32, 32), ...resSpecs('d2', 32, 64), ...resSpecs('m', 64, 64), ...convSpecs('latent', 64, 8),
    ...convSpecs('back', 4, 64), ...resSpecs('u2', 64, 64), ...convSpecs('up', 64, 64), ...resSpecs('u1', 64, 32), ...normSpecs('n', 32), ...convSpecs('out', 32, 3),
  ],
  inputs: { x: [16, 3, 64, 64], noise: [16, 4, 32, 32] },
  loss: (p, { x, noise }) => {
    const conv = (name: string, t: Tensor): Tensor => conv2d(t, p[`${name}/w`]!, p[`${name}/b`], around)
    let h = resnet(p, 'd1', conv('in', x!))
    h = resnet(p, 'd2', conv2d(h, p['down/w']!, p['down/b'], { stride: 2, pad: [[0, 1], [0, 1]] }))
    const [mean, logVariance] = tf.split(conv('latent', resnet(p, 'm', h)), 2, 1) as [Tensor, Tensor]
    const z = tf.add(mean, tf.mul(tf.exp(tf.mul(logVariance, 0.5)), noise!))
    h = resnet(p, 'u1', conv('up', upsampleNearest2x(resnet(p, 'u2', conv('back', z)))))
    const y = conv('out', silu(groupNorm(h, p['n/s']!, p['n/b']!, 8)))
    const kl = tf.mean(tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1)))
    return tf.add(tf.mean(tf.square(tf.sub(y, x!))), tf.mul(kl, 1e-6))
  },
}

export const models: Readonly<Record<string, Model>> = { transformer, vae }

export function trainingStep({ specs, loss, inputs: shapes }: Model): { step: StepFunction; state: HostTensors; inputs: HostTensors } {
  const flat = new FlatParameters(specs)
  const step: StepFunction = (s, { number, rate, ...inputs }) => {
    const parameters = flat.part(under(s, 'params/'))
    const { value, gradients } = valueAndGradients((p) => loss(p, inputs), parameters)
    const update = adamW(under(s, 'params/'), flat.join(gradients), { first: under(s, 'adam-m/'), second: under(s, 'adam-v/') }, {
      learningRate: rate!, step: number!, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: Infinity,
    })
    return { state: { ...prefixed(update.params, 'params/'), ...prefixed(update.moments.first, 'adam-m/'), ...prefixed(update.moments.second, 'adam-v/') }, outputs: { loss: value } }
  }
  const state = { ...prefixed(flat.pack(initialise(specs, 0)), 'params/'), ...prefixed(flat.zeros(), 'adam-m/'), ...prefixed(flat.zeros(), 'adam-v/') }
  const rng = new Rng(1)
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, float32(rng.normals(shape.reduce((a, b) => a * b, 1)), shape)]))
  return { step, state, inputs }
}
