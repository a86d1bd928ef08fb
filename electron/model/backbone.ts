import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tokenGrid, type TrainConfig } from '../contract/config.ts'
import type { Tensors } from '../tensor/provider.ts'
import { attention, conv2d, embedding, gelu, layerNorm, linear, silu } from '../tensor/ops/index.ts'
import { tf } from '../tensor/tf.ts'
import { gridPositions, mergeHeads, splitHeads } from './embeddings.ts'
import { prefixMask } from './masks.ts'
import { he, linearSpecs, normal, ones, parameter, zeros, type ParameterSpec } from './parameters.ts'

/**
 * Vision-language backbone: each camera's picture becomes a grid of tokens (one stem for all cameras), the instruction
 * becomes embedded tokens, and one bidirectional pre-norm transformer joins them, as the PaliGemma prefix in pi0. It
 * never sees actions, noise or time, so one pass serves every flow time and every Euler step.
 */
type BackboneConfig = Pick<TrainConfig, 'backbone' | 'data'>

export interface Prefix {
  /** Keys and values of every layer, [B, H, P, D]: what the action expert attends to. */
  readonly keys: readonly Tensor[]
  readonly values: readonly Tensor[]
  /** [B, 1, 1, P] additive. */
  readonly mask: Tensor
  /** Normalised output of the last layer [B, P, W], what the motion head reads. Null when only keys and values were asked for. */
  readonly out: Tensor | null
}

export interface BackboneInputs {
  /** [B * cameras, ...] in [-1, 1], a sample's cameras side by side in the config's order, as `pictureLayout` arranges them. */
  readonly images: Tensor
  /** [B, T] int32 and its 1/0 mask. */
  readonly textIds: Tensor2D
  readonly textMask: Tensor2D
}

export function imageTokens(config: BackboneConfig): number {
  return config.data.cameras.length * tokenGrid(config) ** 2
}

export function prefixTokens(config: BackboneConfig): number {
  return imageTokens(config) + config.backbone.maxTextTokens
}

/** Parameters, named `backbone/...`. */
export function backboneSpecs(config: BackboneConfig): ParameterSpec[] {
  const { width, depth, mlpRatio, stem, stemChannels, patchSizePx, vocabularySize, maxTextTokens } = config.backbone
  const specs: ParameterSpec[] = []
  if (stem === 'conv') {
    let inputs = 3
    stemChannels.forEach((outputs, level) => {
      specs.push({ name: `backbone/stem/${level}/weight`, shape: [outputs, inputs, 3, 3], initialiser: he })
      specs.push({ name: `backbone/stem/${level}/bias`, shape: [outputs], initialiser: zeros })
      inputs = outputs
    })
    specs.push(...linearSpecs('backbone/stem/projection', inputs, width))
  } else if (stem === 'merge') {
    let inputs = 3 * patchSizePx * patchSizePx
    stemChannels.forEach((outputs, level) => {
      specs.push(...linearSpecs(`backbone/stem/${level}`, inputs, outputs, he))
      inputs = level < stemChannels.length - 1 ? 4 * outputs : outputs
    })
    specs.push(...linearSpecs('backbone/stem/projection', inputs, width))
  } else {
    specs.push(...linearSpecs('backbone/stem/projection', 3 * patchSizePx * patchSizePx, width))
  }
  specs.push({ name: 'backbone/camera', shape: [config.data.cameras.length, width], initialiser: normal(0.02) })
  specs.push({ name: 'backbone/token', shape: [vocabularySize, width], initialiser: normal(0.5) })
  specs.push({ name: 'backbone/token-position', shape: [maxTextTokens, width], initialiser: normal(0.02) })
  const hidden = Math.round(width * mlpRatio)
  for (let layer = 0; layer < depth; layer++) {
    const name = `backbone/layer/${layer}`
    specs.push({ name: `${name}/norm1/scale`, shape: [width], initialiser: ones }, { name: `${name}/norm1/bias`, shape: [width], initialiser: zeros })
    specs.push(...linearSpecs(`${name}/qkv`, width, 3 * width), ...linearSpecs(`${name}/out`, width, width, zeros))
    specs.push({ name: `${name}/norm2/scale`, shape: [width], initialiser: ones }, { name: `${name}/norm2/bias`, shape: [width], initialiser: zeros })
    specs.push(...linearSpecs(`${name}/mlp1`, width, hidden), ...linearSpecs(`${name}/mlp2`, hidden, width, zeros))
  }
  specs.push({ name: 'backbone/norm/scale', shape: [width], initialiser: ones }, { name: 'backbone/norm/bias', shape: [width], initialiser: zeros })
  return specs
}

/**
 * Parameters that only `Prefix.out` needs: the last layer after its attention scores, and the final norm. The action
 * expert reads keys and values alone, so in a run without a motion head nothing trains these.
 */
export function outputOnlySpecs(config: BackboneConfig): ReadonlySet<string> {
  const last = `backbone/layer/${config.backbone.depth - 1}/`
  const isAfterKeys = (name: string) => name.startsWith(last) && !name.startsWith(`${last}norm1`) && !name.startsWith(`${last}qkv`)
  return new Set(backboneSpecs(config).map((spec) => spec.name).filter((name) => isAfterKeys(name) || name.startsWith('backbone/norm/')))
}

/** [N, ...] as `pictureLayout` arranges it to [N, G * G, W]. */
function pictureTokens(config: BackboneConfig, parameters: Tensors, images: Tensor): Tensor {
  const { stem, stemChannels } = config.backbone
  const lin = (x: Tensor, name: string): Tensor => linear(x, parameter(parameters, `backbone/stem/${name}/weight`), parameter(parameters, `backbone/stem/${name}/bias`))
  const pictures = images.shape[0]!
  const grid = tokenGrid(config)
  let x = images
  if (stem === 'conv') {
    for (let level = 0; level < stemChannels.length; level++) {
      const name = `backbone/stem/${level}`
      x = silu(conv2d(x as Tensor4D, parameter<Tensor4D>(parameters, `${name}/weight`), parameter(parameters, `${name}/bias`), { stride: 2, pad: [[1, 1], [1, 1]] }))
    }
    x = tf.transpose(tf.reshape(x, [pictures, x.shape[1]!, grid * grid]), [0, 2, 1])
  } else if (stem === 'merge') {
    for (let level = 0; level < stemChannels.length; level++) {
      // Four neighbours lie one behind another (Z order), so joining them is a reshape.
      if (level > 0) x = tf.reshape(x, [pictures, x.shape[1]! / 4, 4 * stemChannels[level - 1]!])
      x = silu(lin(x, String(level)))
    }
  }
  return lin(x, 'projection')
}

/** Image tokens of every camera, then instruction tokens: [B, P, W]. */
function embedPrefix(config: BackboneConfig, parameters: Tensors, inputs: BackboneInputs): Tensor {
  const { width } = config.backbone
  const cameras = config.data.cameras.length
  const grid = tokenGrid(config)
  const batch = inputs.textIds.shape[0]
  const positions = tf.tensor(gridPositions(grid, grid, width), [1, 1, grid * grid, width])
  const camera = tf.reshape(parameter(parameters, 'backbone/camera'), [1, cameras, 1, width])
  const pictures = tf.reshape(pictureTokens(config, parameters, inputs.images), [batch, cameras, grid * grid, width])
  const image = tf.reshape(tf.add(tf.add(pictures, positions), camera), [batch, cameras * grid * grid, width])
  const text = tf.add(embedding(parameter(parameters, 'backbone/token'), inputs.textIds), parameter(parameters, 'backbone/token-position'))
  return tf.concat([image, text], 1)
}

/**
 * One pass over the prefix.
 * @param wantsOut also runs the last layer to its end for {@link Prefix.out}; inference of actions leaves it out
 */
export function encodePrefix(config: BackboneConfig, parameters: Tensors, inputs: BackboneInputs, wantsOut: boolean): Prefix {
  const { depth, heads, width } = config.backbone
  const mask = prefixMask(inputs.textMask, imageTokens(config))
  const keys: Tensor[] = []
  const values: Tensor[] = []
  let x = embedPrefix(config, parameters, inputs)
  for (let layer = 0; layer < depth; layer++) {
    const get = (name: string): Tensor => parameter(parameters, `backbone/layer/${layer}/${name}`)
    const isLast = layer === depth - 1
    const normed = layerNorm(x, get('norm1/scale'), get('norm1/bias'), 1e-6)
    const qkv = linear(normed, get('qkv/weight'), get('qkv/bias'))
    const [query, key, value] = tf.split(qkv, [width, width, width], 2).map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor]
    keys.push(key)
    values.push(value)
    if (isLast && !wantsOut) return { keys, values, mask, out: null }
    const read = mergeHeads(attention(query, key, value, mask))
    x = tf.add(x, linear(read, get('out/weight'), get('out/bias')))
    const hidden = gelu(linear(layerNorm(x, get('norm2/scale'), get('norm2/bias'), 1e-6), get('mlp1/weight'), get('mlp1/bias')))
    x = tf.add(x, linear(hidden, get('mlp2/weight'), get('mlp2/bias')))
  }
  const out = layerNorm(x, parameter(parameters, 'backbone/norm/scale'), parameter(parameters, 'backbone/norm/bias'), 1e-6)
  return { keys, values, mask, out }
}
