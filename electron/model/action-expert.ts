import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import type { TrainConfig } from '../contract/config.ts'
import type { Tensors } from '../tensor/provider.ts'
import { attention, gelu, linear, modulate, rmsNorm, silu } from '../tensor/ops/index.ts'
import { tf } from '../tensor/tf.ts'
import type { Prefix } from './backbone.ts'
import { flowTimeEmbedding, mergeHeads, splitHeads } from './embeddings.ts'
import { suffixMask, suffixVisibility } from './masks.ts'
import { linearSpecs, normal, ones, parameter, zeros, type ParameterSpec } from './parameters.ts'

/**
 * Action expert of pi0 and pi0.5 (openpi, pi0.py): a second transformer stream with its own weights that attends, layer
 * by layer, to the prefix's keys and values and to itself.
 *
 * - `pi0`: suffix = [state token, noisy actions]; flow time enters through an MLP over [action, time].
 * - `pi05`: suffix = [noisy actions]; flow time modulates every norm (adaRMS) and gates every residual; no state.
 *
 * Several flow times of one prefix share a pass: their action groups lie side by side and cannot see each other.
 */
export interface ActionDimensions {
  readonly state: number
  readonly action: number
}

type ExpertConfig = Pick<TrainConfig, 'backbone' | 'action'>

const stateTokens = (config: ExpertConfig): number => (config.action.variant === 'pi0' ? 1 : 0)

/** Parameters, named `action/...`. */
export function actionExpertSpecs(config: ExpertConfig, dimensions: ActionDimensions): ParameterSpec[] {
  const { width, chunk, mlpRatio, variant } = config.action
  const attended = config.backbone.width
  const hidden = Math.round(width * mlpRatio)
  const specs: ParameterSpec[] = [...linearSpecs('action/in', dimensions.action, width), { name: 'action/position', shape: [chunk, width], initialiser: normal(0.02) }]
  if (variant === 'pi0') {
    specs.push(...linearSpecs('action/state', dimensions.state, width))
    specs.push(...linearSpecs('action/time1', 2 * width, width), ...linearSpecs('action/time2', width, width))
  } else {
    specs.push(...linearSpecs('action/time1', width, width), ...linearSpecs('action/time2', width, width))
  }
  const norm = (name: string): ParameterSpec[] =>
    variant === 'pi0' ? [{ name: `${name}/scale`, shape: [width], initialiser: ones }] : linearSpecs(`${name}/modulation`, width, 3 * width, zeros)
  // adaRMS gates start at zero already; pi0's residual branches start at zero by their last matrix.
  const last = variant === 'pi0' ? zeros : undefined
  for (let layer = 0; layer < config.backbone.depth; layer++) {
    const name = `action/layer/${layer}`
    specs.push(...norm(`${name}/norm1`), ...linearSpecs(`${name}/qkv`, width, 3 * attended), ...linearSpecs(`${name}/out`, attended, width, last))
    specs.push(...norm(`${name}/norm2`), ...linearSpecs(`${name}/mlp1`, width, hidden), ...linearSpecs(`${name}/mlp2`, hidden, width, last))
  }
  specs.push(...norm('action/norm'), ...linearSpecs('action/project', width, dimensions.action, zeros))
  return specs
}

/** adaRMS: scale, shift and gate of one norm, [B, R, 3 * W] -> three of [B, R * C, W], one row per action token. */
function modulation(parameters: Tensors, name: string, condition: Tensor, chunk: number): [Tensor, Tensor, Tensor] {
  const all = linear(condition, parameter(parameters, `${name}/modulation/weight`), parameter(parameters, `${name}/modulation/bias`))
  const [batch, times, triple] = all.shape as [number, number, number]
  const repeated = tf.reshape(tf.add(tf.reshape(all, [batch, times, 1, triple]), tf.zeros([1, 1, chunk, 1])), [batch, times * chunk, triple])
  return tf.split(repeated, 3, 2) as [Tensor, Tensor, Tensor]
}

/** A pre-norm and the gate of the branch behind it (null: ungated). */
function normalise(config: ExpertConfig, parameters: Tensors, name: string, x: Tensor, condition: Tensor | null): { x: Tensor; gate: Tensor | null } {
  if (condition === null) return { x: rmsNorm(x, parameter(parameters, `${name}/scale`), 1e-6), gate: null }
  const [scale, shift, gate] = modulation(parameters, name, condition, config.action.chunk)
  return { x: modulate(rmsNorm(x, undefined, 1e-6), shift, scale), gate }
}

const residual = (x: Tensor, branch: Tensor, gate: Tensor | null): Tensor => tf.add(x, gate === null ? branch : tf.mul(gate, branch))

/**
 * The velocity of the actions.
 * @param state [B, stateDim] normalised; ignored by pi05
 * @param actions [B, R, C, A] noisy
 * @param time [B, R] flow time of each group
 * @returns [B, R, C, A]
 */
export function actionVelocity(config: ExpertConfig, parameters: Tensors, prefix: Prefix, state: Tensor, actions: Tensor, time: Tensor): Tensor {
  const { width, chunk, variant } = config.action
  const { depth, heads, width: attended } = config.backbone
  const [batch, times, , dimension] = actions.shape as [number, number, number, number]
  const lin = (x: Tensor, name: string): Tensor => linear(x, parameter(parameters, `action/${name}/weight`), parameter(parameters, `action/${name}/bias`))

  const timeFeatures = tf.reshape(flowTimeEmbedding(tf.reshape(time, [-1]) as Tensor1D, width), [batch, times, width])
  let tokens = lin(actions, 'in') // [B, R, C, W]
  let condition: Tensor | null = null
  if (variant === 'pi0') {
    const perAction = tf.add(tf.reshape(timeFeatures, [batch, times, 1, width]), tf.zeros([1, 1, chunk, 1]))
    tokens = lin(silu(lin(tf.concat([tokens, perAction], 3), 'time1')), 'time2')
  } else {
    condition = silu(lin(silu(lin(timeFeatures, 'time1')), 'time2'))
  }
  tokens = tf.reshape(tf.add(tokens, parameter(parameters, 'action/position')), [batch, times * chunk, width])
  let x = variant === 'pi0' ? tf.concat([tf.reshape(lin(state, 'state'), [batch, 1, width]), tokens], 1) : tokens

  const mask = suffixMask(prefix.mask, suffixVisibility(stateTokens(config), chunk, times))
  for (let layer = 0; layer < depth; layer++) {
    const name = `layer/${layer}`
    const before = normalise(config, parameters, `action/${name}/norm1`, x, condition)
    const [query, key, value] = tf
      .split(lin(before.x, `${name}/qkv`), [attended, attended, attended], 2)
      .map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor]
    const keys = tf.concat([prefix.keys[layer]!, key], 2)
    const values = tf.concat([prefix.values[layer]!, value], 2)
    x = residual(x, lin(mergeHeads(attention(query, keys, values, mask)), `${name}/out`), before.gate)
    const middle = normalise(config, parameters, `action/${name}/norm2`, x, condition)
    x = residual(x, lin(gelu(lin(middle.x, `${name}/mlp1`)), `${name}/mlp2`), middle.gate)
  }
  const suffix = stateTokens(config)
  const onlyActions = suffix === 0 ? x : tf.slice(x, [0, suffix, 0], [batch, times * chunk, width])
  const out = lin(normalise(config, parameters, 'action/norm', onlyActions, condition).x, 'project')
  return tf.reshape(out, [batch, times, chunk, dimension])
}
