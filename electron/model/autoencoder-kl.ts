import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import type { Tensors } from '../tensor/provider.ts'
import { attention, conv2d, groupNorm, silu, upsampleNearest2x } from '../tensor/ops/index.ts'
import { tf } from '../tensor/tf.ts'
import { ones, parameter, zeros, type Initialiser, type ParameterSpec } from './parameters.ts'

/**
 * AutoencoderKL of latent diffusion (Rombach et al. 2022) in diffusers' layout and names: filters OIHW, linear weights
 * [out, in], `encoder.down_blocks.i.resnets.j.conv1.weight` and so on, so that Stable Diffusion's VAE fits with
 * blockChannels [128, 256, 512, 512], layersPerBlock 2, normGroups 32, foldPx 1 (248 tensors, 83,653,863 values).
 * `foldPx` folds squares of pixels into channels before the first convolution (space to depth): small VAEs then skip
 * the full-resolution layers, which cost the most and see the least.
 */
type VaeConfig = Pick<TrainConfig, 'vae'>

const epsilon = 1e-6
const uniform: Initialiser = { kind: 'lecun-uniform' }

const conv = (name: string, inputs: number, outputs: number, size: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [outputs, inputs, size, size], initialiser: uniform },
  { name: `${name}.bias`, shape: [outputs], initialiser: zeros },
]
const norm = (name: string, channels: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [channels], initialiser: ones },
  { name: `${name}.bias`, shape: [channels], initialiser: zeros },
]
const dense = (name: string, channels: number): ParameterSpec[] => [
  { name: `${name}.weight`, shape: [channels, channels], initialiser: { kind: 'lecun-uniform', fanIn: channels } },
  { name: `${name}.bias`, shape: [channels], initialiser: zeros },
]

function resnetSpecs(name: string, inputs: number, outputs: number): ParameterSpec[] {
  return [
    ...norm(`${name}.norm1`, inputs),
    ...conv(`${name}.conv1`, inputs, outputs, 3),
    ...norm(`${name}.norm2`, outputs),
    ...conv(`${name}.conv2`, outputs, outputs, 3),
    ...(inputs === outputs ? [] : conv(`${name}.conv_shortcut`, inputs, outputs, 1)),
  ]
}

function midSpecs(name: string, channels: number): ParameterSpec[] {
  const attentionName = `${name}.attentions.0`
  return [
    ...resnetSpecs(`${name}.resnets.0`, channels, channels),
    ...norm(`${attentionName}.group_norm`, channels),
    ...['to_q', 'to_k', 'to_v', 'to_out.0'].flatMap((part) => dense(`${attentionName}.${part}`, channels)),
    ...resnetSpecs(`${name}.resnets.1`, channels, channels),
  ]
}

/** Parameters under diffusers' names, without the group prefix `vae/`. */
export function autoencoderSpecs(config: VaeConfig): ParameterSpec[] {
  const { blockChannels, layersPerBlock, latentChannels, foldPx } = config.vae
  const pixels = 3 * foldPx * foldPx
  const top = blockChannels.at(-1)!
  const specs: ParameterSpec[] = [...conv('encoder.conv_in', pixels, blockChannels[0]!, 3)]
  blockChannels.forEach((channels, level) => {
    const before = blockChannels[Math.max(0, level - 1)]!
    for (let layer = 0; layer < layersPerBlock; layer++) specs.push(...resnetSpecs(`encoder.down_blocks.${level}.resnets.${layer}`, layer === 0 ? before : channels, channels))
    if (level < blockChannels.length - 1) specs.push(...conv(`encoder.down_blocks.${level}.downsamplers.0.conv`, channels, channels, 3))
  })
  specs.push(...midSpecs('encoder.mid_block', top), ...norm('encoder.conv_norm_out', top), ...conv('encoder.conv_out', top, 2 * latentChannels, 3))
  specs.push(...conv('quant_conv', 2 * latentChannels, 2 * latentChannels, 1), ...conv('post_quant_conv', latentChannels, latentChannels, 1))
  specs.push(...conv('decoder.conv_in', latentChannels, top, 3), ...midSpecs('decoder.mid_block', top))
  const reversed = [...blockChannels].reverse()
  reversed.forEach((channels, level) => {
    const before = reversed[Math.max(0, level - 1)]!
    for (let layer = 0; layer <= layersPerBlock; layer++) specs.push(...resnetSpecs(`decoder.up_blocks.${level}.resnets.${layer}`, layer === 0 ? before : channels, channels))
    if (level < blockChannels.length - 1) specs.push(...conv(`decoder.up_blocks.${level}.upsamplers.0.conv`, channels, channels, 3))
  })
  specs.push(...norm('decoder.conv_norm_out', blockChannels[0]!), ...conv('decoder.conv_out', blockChannels[0]!, pixels, 3))
  return specs
}

/** The two numbers that bring latents to mean 0 and variance 1: latent = (mean - shift) * scale, as diffusers' `shift_factor`, `scaling_factor`. */
export const latentScaleName = 'latent.scaling_factor'
export const latentShiftName = 'latent.shift_factor'

const same: [[number, number], [number, number]] = [[1, 1], [1, 1]]
const none: [[number, number], [number, number]] = [[0, 0], [0, 0]]

function convolve(p: Tensors, name: string, x: Tensor, size: 1 | 3): Tensor4D {
  return conv2d(x as Tensor4D, parameter<Tensor4D>(p, `${name}.weight`), parameter(p, `${name}.bias`), { stride: 1, pad: size === 3 ? same : none }) as Tensor4D
}

function groupNormed(config: VaeConfig, p: Tensors, name: string, x: Tensor): Tensor4D {
  return groupNorm(x as Tensor4D, parameter(p, `${name}.weight`), parameter(p, `${name}.bias`), config.vae.normGroups, epsilon) as Tensor4D
}

/** GroupNorm, SiLU, convolution, twice; a 1x1 convolution carries the input over where the channels change. */
function resnet(config: VaeConfig, p: Tensors, name: string, x: Tensor4D): Tensor4D {
  const first = convolve(p, `${name}.conv1`, silu(groupNormed(config, p, `${name}.norm1`, x)), 3)
  const second = convolve(p, `${name}.conv2`, silu(groupNormed(config, p, `${name}.norm2`, first)), 3)
  const carried = `${name}.conv_shortcut.weight` in p ? convolve(p, `${name}.conv_shortcut`, x, 1) : x
  return tf.add(carried, second)
}

/** Single-head self-attention over all pixels with a residual. */
function pixelAttention(config: VaeConfig, p: Tensors, name: string, x: Tensor4D): Tensor4D {
  const [batch, channels, height, width] = x.shape
  const normed = groupNormed(config, p, `${name}.group_norm`, x)
  const tokens = tf.transpose(tf.reshape(normed, [batch, channels, height * width]), [0, 2, 1])
  const flat = tf.reshape(tokens, [batch * height * width, channels])
  const project = (part: string, input: Tensor): Tensor => tf.add(tf.matMul(input as never, parameter(p, `${name}.${part}.weight`) as never, false, true), parameter(p, `${name}.${part}.bias`))
  const [query, key, value] = ['to_q', 'to_k', 'to_v'].map((part) => tf.reshape(project(part, flat), [batch, 1, height * width, channels])) as [Tensor, Tensor, Tensor]
  const read = tf.reshape(attention(query, key, value), [batch * height * width, channels])
  const out = tf.reshape(project('to_out.0', read), [batch, height * width, channels])
  return tf.add(x, tf.reshape(tf.transpose(out, [0, 2, 1]), [batch, channels, height, width]))
}

function middle(config: VaeConfig, p: Tensors, name: string, x: Tensor4D): Tensor4D {
  const first = resnet(config, p, `${name}.resnets.0`, x)
  return resnet(config, p, `${name}.resnets.1`, pixelAttention(config, p, `${name}.attentions.0`, first))
}

/** Space to depth in PyTorch's `pixel_unshuffle` order: [N, C, H, W] to [N, C * r * r, H / r, W / r]. */
export function fold(x: Tensor4D, side: number): Tensor4D {
  if (side === 1) return x
  const [batch, channels, height, width] = x.shape
  const parts = tf.transpose(tf.reshape(x, [batch, channels, height / side, side, width / side, side]), [0, 1, 3, 5, 2, 4])
  return tf.reshape(parts, [batch, channels * side * side, height / side, width / side]) as Tensor4D
}

/** Inverse of {@link fold}. */
export function unfold(x: Tensor4D, side: number): Tensor4D {
  if (side === 1) return x
  const [batch, folded, height, width] = x.shape
  const channels = folded / (side * side)
  const parts = tf.transpose(tf.reshape(x, [batch, channels, side, side, height, width]), [0, 1, 4, 2, 5, 3])
  return tf.reshape(parts, [batch, channels, height * side, width * side]) as Tensor4D
}

/**
 * @param images [N, 3, S, S] in [-1, 1]
 * @returns mean and log-variance of the posterior, [N, C, S / f, S / f], unscaled
 */
export function encode(config: VaeConfig, p: Tensors, images: Tensor4D): { mean: Tensor4D; logVariance: Tensor4D } {
  const { blockChannels, layersPerBlock, latentChannels, foldPx } = config.vae
  let x = convolve(p, 'encoder.conv_in', fold(images, foldPx), 3)
  for (let level = 0; level < blockChannels.length; level++) {
    for (let layer = 0; layer < layersPerBlock; layer++) x = resnet(config, p, `encoder.down_blocks.${level}.resnets.${layer}`, x)
    if (level < blockChannels.length - 1) {
      const name = `encoder.down_blocks.${level}.downsamplers.0.conv`
      x = conv2d(x, parameter<Tensor4D>(p, `${name}.weight`), parameter(p, `${name}.bias`), { stride: 2, pad: [[0, 1], [0, 1]] }) as Tensor4D
    }
  }
  x = middle(config, p, 'encoder.mid_block', x)
  x = convolve(p, 'encoder.conv_out', silu(groupNormed(config, p, 'encoder.conv_norm_out', x)), 3)
  const [mean, logVariance] = tf.split(convolve(p, 'quant_conv', x, 1), [latentChannels, latentChannels], 1) as [Tensor4D, Tensor4D]
  return { mean, logVariance: tf.clipByValue(logVariance, -30, 20) }
}

/** @param latent [N, C, h, w], unscaled. @returns [N, 3, S, S], about [-1, 1] */
export function decode(config: VaeConfig, p: Tensors, latent: Tensor4D): Tensor4D {
  const { blockChannels, layersPerBlock, foldPx } = config.vae
  let x: Tensor4D = middle(config, p, 'decoder.mid_block', convolve(p, 'decoder.conv_in', convolve(p, 'post_quant_conv', latent, 1), 3))
  for (let level = 0; level < blockChannels.length; level++) {
    for (let layer = 0; layer <= layersPerBlock; layer++) x = resnet(config, p, `decoder.up_blocks.${level}.resnets.${layer}`, x)
    if (level < blockChannels.length - 1) x = convolve(p, `decoder.up_blocks.${level}.upsamplers.0.conv`, upsampleNearest2x(x) as Tensor4D, 3)
  }
  return unfold(convolve(p, 'decoder.conv_out', silu(groupNormed(config, p, 'decoder.conv_norm_out', x)), 3), foldPx)
}

/** What the motion head learns to produce: the posterior's mean, shifted and scaled. */
export function encodeLatent(config: VaeConfig, p: Tensors, images: Tensor4D): Tensor4D {
  return tf.mul(tf.sub(encode(config, p, images).mean, parameter(p, latentShiftName)), parameter(p, latentScaleName))
}

/** Inverse of {@link encodeLatent} up to the VAE's loss. */
export function decodeLatent(config: VaeConfig, p: Tensors, latent: Tensor4D): Tensor4D {
  return decode(config, p, tf.add(tf.div(latent, parameter(p, latentScaleName)), parameter(p, latentShiftName)) as Tensor4D)
}

/**
 * Mean squared error of the reconstruction and KL divergence of the posterior to N(0, 1), both means over all elements.
 * @param noise [N, C, h, w] draws from the posterior
 */
export function autoencoderLosses(config: VaeConfig, p: Tensors, images: Tensor4D, noise: Tensor4D): { reconstruction: Tensor; divergence: Tensor } {
  const { mean, logVariance } = encode(config, p, images)
  const drawn = tf.add(mean, tf.mul(tf.exp(tf.mul(0.5, logVariance)), noise))
  const reconstruction = tf.mean(tf.square(tf.sub(decode(config, p, drawn as Tensor4D), images)))
  const divergence = tf.mul(0.5, tf.mean(tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(1, logVariance))))
  return { reconstruction, divergence }
}
