import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import { motionFieldShape, motionGrid, motionPatch, motionTokens } from '../contract/motion-field.ts'
import { motionWords } from '../flow/motion-words.ts'
import type { Tensors } from '../tensor/provider.ts'
import { attention, gelu, layerNorm, linear, modulate, silu } from '../tensor/ops/index.ts'
import { tf } from '../tensor/tf.ts'
import { diffusionTimeEmbedding, gridPositions, mergeHeads, splitHeads } from './embeddings.ts'
import { linearSpecs, normal, parameter, zeros, type ParameterSpec } from './parameters.ts'

/**
 * Motion head: a Diffusion Transformer (Peebles and Xie 2023) over the latent of one future motion image (or, for
 * ablations, over another target's latent, over pixels, or over cells that each get a word). adaLN-Zero self-attention over
 * patches, cross-attention to the backbone's prefix output, adaLN-Zero MLP. With `adaLn: shared` one projection serves all
 * blocks and each adds a learned table (PixArt-alpha); with `block` each has its own.
 *
 * The targets of several cameras are denoised together, at one flow time: their channels lie one camera behind another,
 * their tokens in one sequence, told apart by a learned embedding of the camera, so that each camera's motion can look at
 * the others'.
 */
type MotionConfig = Pick<TrainConfig, 'backbone' | 'motion' | 'vae' | 'data'>

const timeFeatures = 256

/** Parameters, named `motion/...`. */
export function motionHeadSpecs(config: MotionConfig): ParameterSpec[] {
  const { target, cameras, width, depth, mlpRatio, adaLn, conditioning } = config.motion
  const patch = motionFieldShape(config)[0] * motionPatch(config) ** 2
  const hidden = Math.round(width * mlpRatio)
  const specs: ParameterSpec[] = [
    ...(target === 'words' ? [] : linearSpecs('motion/in', patch, width)),
    ...linearSpecs('motion/time1', timeFeatures, width, normal(0.02)),
    ...linearSpecs('motion/time2', width, width, normal(0.02)),
    ...linearSpecs('motion/context', config.backbone.width, width),
    // As large as the positions that it is added to: a small one leaves the head unable to tell the cameras apart for long.
    ...(cameras.length > 1 ? [{ name: 'motion/cameras', shape: [cameras.length, width], initialiser: normal(0.5) }] : []),
  ]
  if (adaLn === 'shared') specs.push(...linearSpecs('motion/modulation', width, 6 * width, zeros))
  for (let block = 0; block < depth; block++) {
    const name = `motion/block/${block}`
    if (adaLn === 'shared') specs.push({ name: `${name}/table`, shape: [6 * width], initialiser: zeros })
    else specs.push(...linearSpecs(`${name}/modulation`, width, 6 * width, zeros))
    specs.push(...linearSpecs(`${name}/qkv`, width, 3 * width), ...linearSpecs(`${name}/out`, width, width))
    if (conditioning === 'cross-attention') {
      specs.push(...linearSpecs(`${name}/cross-q`, width, width), ...linearSpecs(`${name}/cross-kv`, width, 2 * width))
      specs.push(...linearSpecs(`${name}/cross-out`, width, width, zeros))
    }
    specs.push(...linearSpecs(`${name}/mlp1`, width, hidden), ...linearSpecs(`${name}/mlp2`, hidden, width))
  }
  specs.push(...linearSpecs('motion/final-modulation', width, 2 * width, zeros), ...linearSpecs('motion/final', width, target === 'words' ? motionWords.length : patch, zeros))
  return specs
}

/** [N, C, H, W] to [N, T, p * p * C], as DiT orders a patch (row, column, channel). */
export function patchify(latent: Tensor4D, patchSize: number): Tensor {
  const [batch, channels, height, width] = latent.shape
  const rows = height / patchSize
  const columns = width / patchSize
  // [N, C, rows, p, columns, p] -> [N, rows, columns, p, p, C]
  const folded = tf.transpose(tf.reshape(latent, [batch, channels, rows, patchSize, columns, patchSize]), [0, 2, 4, 3, 5, 1])
  return tf.reshape(folded, [batch, rows * columns, patchSize * patchSize * channels])
}

/** Inverse of {@link patchify}. */
export function unpatchify(tokens: Tensor, channels: number, height: number, width: number, patchSize: number): Tensor4D {
  const batch = tokens.shape[0]!
  const rows = height / patchSize
  const columns = width / patchSize
  const unfolded = tf.transpose(tf.reshape(tokens, [batch, rows, columns, patchSize, patchSize, channels]), [0, 5, 1, 3, 2, 4])
  return tf.reshape(unfolded, [batch, channels, height, width]) as Tensor4D
}

/** LayerNorm without affine, then shift and scale of [N, 1, W]. */
const modulated = (x: Tensor, shift: Tensor, scale: Tensor): Tensor => modulate(layerNorm(x, undefined, undefined, 1e-6), shift, scale)

/** Mean over the prefix's valid tokens [B, P, W] -> [B, W]. */
function pool(context: Tensor, mask: Tensor): Tensor {
  const [batch, tokens] = context.shape as [number, number]
  const weight = tf.cast(tf.greater(tf.reshape(mask, [batch, tokens, 1]), -1), 'float32')
  return tf.div(tf.sum(tf.mul(context, weight), 1), tf.sum(weight, 1))
}

/**
 * The velocity of the motion target.
 * @param prefixOut [B, P, W_backbone]
 * @param prefixMask [B, 1, 1, P] additive
 * @param noisy [B, K C, H, W] of K cameras, see {@link motionShape}
 * @param time [B] flow time, 1 = noise
 * @returns [B, K C, H, W]
 */
export function motionVelocity(config: MotionConfig, parameters: Tensors, prefixOut: Tensor, prefixMask: Tensor, noisy: Tensor4D, time: Tensor1D): Tensor4D {
  const [channels, height, width] = motionFieldShape(config)
  const patchSize = motionPatch(config)
  const count = config.motion.cameras.length
  const patches = patchify(byCamera(noisy, count), patchSize) // [B K, T, p p C]
  const tokens = linear(patches, parameter(parameters, 'motion/in/weight'), parameter(parameters, 'motion/in/bias'))
  const moved = transform(config, parameters, prefixOut, prefixMask, camerasInRow(tokens, count), time)
  const fields = unpatchify(byCamera(moved, count), channels, height, width, patchSize)
  return camerasInRow(fields, count)
}

/** [B, K n, ...] of K cameras as [B K, n, ...]. */
export function byCamera<T extends Tensor>(x: T, count: number): T {
  const [batch, all, ...rest] = x.shape as [number, number, ...number[]]
  return count === 1 ? x : (tf.reshape(x, [batch * count, all / count, ...rest]) as T)
}

/** Inverse of {@link byCamera}. */
export function camerasInRow<T extends Tensor>(x: T, count: number): T {
  const [rows, own, ...rest] = x.shape as [number, number, ...number[]]
  return count === 1 ? x : (tf.reshape(x, [rows / count, own * count, ...rest]) as T)
}

/**
 * Target `words`: the same transformer with nothing but positions to start from and its time held at 0, so that heads
 * for words and for pictures are of one size; all cells are predicted at once.
 * @returns [B, cells of all cameras, words] logits over `motionWords`
 */
export function motionWordLogits(config: MotionConfig, parameters: Tensors, prefixOut: Tensor, prefixMask: Tensor): Tensor {
  const batch = prefixOut.shape[0]!
  return transform(config, parameters, prefixOut, prefixMask, tf.zeros([batch, motionTokens(config), config.motion.width]), tf.zeros([batch]))
}

/** The blocks. @param embedded [B, T, W] without positions @returns [B, T, outputs] */
function transform(config: MotionConfig, parameters: Tensors, prefixOut: Tensor, prefixMask: Tensor, embedded: Tensor, time: Tensor1D): Tensor {
  const { cameras, width, depth, heads, adaLn, conditioning } = config.motion
  const [batch, tokens] = embedded.shape as [number, number, number]
  const grid = motionGrid(config)
  const lin = (x: Tensor, name: string): Tensor => linear(x, parameter(parameters, `motion/${name}/weight`), parameter(parameters, `motion/${name}/bias`))
  const place = tf.tensor(gridPositions(grid, grid, width), [1, grid * grid, width])
  // [1, T, W], and of several cameras [1, K T, W].
  const positions = cameras.length === 1 ? place : tf.reshape(tf.add(place, tf.reshape(parameter(parameters, 'motion/cameras'), [cameras.length, 1, width])), [1, tokens, width])

  const context = lin(prefixOut, 'context') // [B, P, W]
  let condition = lin(silu(lin(diffusionTimeEmbedding(time, timeFeatures), 'time1')), 'time2') // [B, W]
  if (conditioning === 'pooled') condition = tf.add(condition, pool(context, prefixMask))
  const active = silu(condition)
  const sixfold = (block: number): Tensor[] => {
    const all = adaLn === 'shared' ? tf.add(shared!, parameter(parameters, `motion/block/${block}/table`)) : lin(active, `block/${block}/modulation`)
    return tf.split(tf.reshape(all, [batch, 1, 6 * width]), 6, 2)
  }
  const shared = adaLn === 'shared' ? lin(active, 'modulation') : null

  let x = tf.add(embedded, positions)
  const isInContext = conditioning === 'in-context'
  if (isInContext) x = tf.concat([x, context], 1)
  const selfMask = isInContext ? tf.concat([tf.zeros([batch, 1, 1, tokens]), prefixMask], 3) : undefined

  for (let block = 0; block < depth; block++) {
    const name = `block/${block}`
    const [shift1, scale1, gate1, shift2, scale2, gate2] = sixfold(block) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
    const [query, key, value] = tf.split(lin(modulated(x, shift1, scale1), `${name}/qkv`), 3, 2).map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor]
    x = tf.add(x, tf.mul(gate1, lin(mergeHeads(attention(query, key, value, selfMask)), `${name}/out`)))
    if (conditioning === 'cross-attention') {
      const asked = splitHeads(lin(layerNorm(x, undefined, undefined, 1e-6), `${name}/cross-q`), heads)
      const [contextKey, contextValue] = tf.split(lin(context, `${name}/cross-kv`), 2, 2).map((part) => splitHeads(part, heads)) as [Tensor, Tensor]
      x = tf.add(x, lin(mergeHeads(attention(asked, contextKey, contextValue, prefixMask)), `${name}/cross-out`))
    }
    x = tf.add(x, tf.mul(gate2, lin(gelu(lin(modulated(x, shift2, scale2), `${name}/mlp1`)), `${name}/mlp2`)))
  }
  if (isInContext) x = tf.slice(x, [0, 0, 0], [batch, tokens, width])
  const [shift, scale] = tf.split(tf.reshape(lin(active, 'final-modulation'), [batch, 1, 2 * width]), 2, 2) as [Tensor, Tensor]
  return lin(modulated(x, shift, scale), 'final')
}
