import { tf, type Tensor } from '../../../electron/tensor/tf.ts'
import * as ops from '../../../electron/tensor/ops/index.ts'

/** Inputs are made from shapes; `run` is checked in value and, unless `isForwardOnly`, in its gradient by every input. */
export interface Case {
  readonly name: string
  readonly shapes: readonly (readonly number[])[]
  readonly run: (...inputs: Tensor[]) => Tensor
  /** Where the values come from; default spreads around 0. */
  readonly domain?: 'positive' | 'unit' | 'any'
  readonly isForwardOnly?: boolean
  readonly takesAnyRank?: boolean
  /** Relative tolerance where a reordered sum or an approximation needs more than 2e-5. */
  readonly tolerance?: number
  /** Providers on which the operation is known not to hold. */
  readonly notOn?: readonly string[]
  /** And those that answer otherwise where nothing is there: TensorFlow holds that all of none are true, tfjs's own kernels not. */
  readonly notOnEmpty?: readonly string[]
}

/** TensorFlow does not stretch axes of both operands by turns more than five deep. */
const interwoven = 'tensorflow'

/** A kernel of one tensor of any rank: {@link spread} adds the empty tensor and rank 6. */
const one = (name: string, run: (x: Tensor) => Tensor, options: Partial<Case> = {}): Case => ({ name, shapes: [[3, 5]], run, takesAnyRank: true, ...options })
const two = (name: string, run: (a: Tensor, b: Tensor) => Tensor, options: Partial<Case> = {}): Case[] => [
  { name, shapes: [[3, 5], [3, 5]], run, ...options },
  { name: `${name} row`, shapes: [[4, 3, 5], [5]], run, ...options },
  { name: `${name} column`, shapes: [[3, 1], [2, 3, 5]], run, ...options },
  { name: `${name} scalar`, shapes: [[], [3, 5]], run, ...options },
  { name: `${name} rank 6`, shapes: [[2, 1, 3, 1, 2, 2], [1, 2, 1, 3, 2, 1]], run, notOn: [interwoven], ...options },
  { name: `${name} empty`, shapes: [[0, 4], [4]], run, ...options },
]
const int = (values: number[], shape?: number[]): Tensor => tf.tensor(values, shape ?? [values.length], 'int32')

const written: readonly Case[] = [
  one('abs', tf.abs), one('acos', tf.acos, { domain: 'unit' }), one('asin', tf.asin, { domain: 'unit' }), one('atan', tf.atan),
  one('asinh', tf.asinh), one('atanh', tf.atanh, { domain: 'unit' }), one('ceil', tf.ceil), one('cos', tf.cos), one('cosh', tf.cosh),
  one('elu', tf.elu), one('erf', tf.erf), one('exp', tf.exp), one('expm1', tf.expm1), one('floor', tf.floor), one('log', tf.log, { domain: 'positive' }),
  one('log1p', tf.log1p, { domain: 'positive' }), one('neg', tf.neg), one('reciprocal', tf.reciprocal, { domain: 'positive' }), one('relu', tf.relu),
  one('relu6', (x) => tf.relu6(tf.mul(x, 5))), one('round', tf.round), one('rsqrt', tf.rsqrt, { domain: 'positive' }), one('selu', tf.selu),
  one('sigmoid', tf.sigmoid), one('sign', tf.sign), one('sin', tf.sin), one('sin of large angles', (x) => tf.sin(tf.mul(x, 700)), { isForwardOnly: true }), one('cos of large angles', (x) => tf.cos(tf.mul(x, 700)), { isForwardOnly: true }), one('sinh', tf.sinh), one('softplus', tf.softplus),
  one('sqrt', tf.sqrt, { domain: 'positive' }), one('square', tf.square), one('step', (x) => tf.step(x, 0.3)), one('tan', tf.tan, { domain: 'unit' }),
  one('tanh', tf.tanh), one('leakyRelu', (x) => tf.leakyRelu(x, 0.1)), one('clip', (x) => tf.clipByValue(x, -0.4, 0.7)),
  one('logSigmoid', tf.logSigmoid), one('acosh', (x) => tf.acosh(tf.add(x, 1.5)), { domain: 'positive' }),
  { name: 'prelu', shapes: [[3, 5], [5]], run: (x, alpha) => tf.prelu(x, alpha) },

  ...two('add', tf.add), ...two('sub', tf.sub), ...two('mul', tf.mul), ...two('div', tf.div, { domain: 'positive' }),
  ...two('maximum', tf.maximum), ...two('minimum', tf.minimum), ...two('pow', tf.pow, { domain: 'positive' }),
  ...two('squaredDifference', tf.squaredDifference), ...two('mod', tf.mod, { domain: 'positive' }), ...two('floorDiv', tf.floorDiv, { domain: 'positive' }), ...two('atan2', tf.atan2, { domain: 'positive' }),
  { name: 'sum used thrice', shapes: [[2, 3], [2, 3]], run: (a, b) => { const s = tf.add(a, b); return tf.mul(tf.add(s, a), tf.sub(s, tf.add(b, s))) } },
  { name: 'addN', shapes: [[2, 3], [2, 3], [2, 3]], run: (...all) => tf.addN(all) },
  { name: 'rank 6 add', shapes: [[2, 1, 3, 1, 2, 2], [1, 2, 1, 3, 2, 1]], run: tf.add, notOn: [interwoven] },
  ...(['equal', 'notEqual', 'greater', 'greaterEqual', 'less', 'lessEqual'] as const).map((op): Case => ({
    name: op, shapes: [[4, 5], [5]], run: (a, b) => tf.cast(tf[op](tf.round(tf.mul(a, 2)), tf.round(tf.mul(b, 2))), 'float32'), isForwardOnly: true,
  })),
  { name: 'logical', shapes: [[4, 5], [5]], isForwardOnly: true, run: (a, b) => tf.cast(tf.logicalNot(tf.logicalOr(tf.greater(a, 0), tf.logicalAnd(tf.less(b, 0), tf.greater(a, -1)))), 'float32') },
  { name: 'where', shapes: [[3, 5], [3, 5], [5]], run: (c, a, b) => tf.where(tf.greater(c, 0), a, b) },
  { name: 'where not', shapes: [[3, 5]], run: (x) => tf.where(tf.logicalNot(tf.greater(x, 0)), x, tf.mul(x, 2)) },
  { name: 'where scalar', shapes: [[3, 5], [3, 5]], run: (c, a) => tf.where(tf.greater(c, 0), a, tf.zerosLike(a)) },
  // GPU shaders may assume that there are no NaNs.
  one('isNaN', (x) => tf.cast(tf.isNaN(tf.log(x)), 'float32'), { isForwardOnly: true, notOn: ['onnx-webgpu'] }),
  one('isFinite', (x) => tf.cast(tf.isFinite(tf.div(1, tf.relu(x))), 'float32'), { isForwardOnly: true }),
  one('isInf', (x) => tf.cast(tf.isInf(tf.div(1, tf.relu(x))), 'float32'), { isForwardOnly: true }),

  ...([[0], [1], [-1], [0, 2], undefined] as const).flatMap((axes): Case[] => (['sum', 'mean', 'max', 'min'] as const).flatMap((op): Case[] => [true, false].map((keep) => ({
    name: `${op} ${axes ?? 'all'} ${keep}`, shapes: [[2, 3, 4]], run: (x) => tf[op](x, axes as number[] | undefined, keep),
  })))),
  one('prod', (x) => tf.prod(x, 1), { isForwardOnly: true }), one('all', (x) => tf.cast(tf.all(tf.greater(x, -0.9), 0), 'float32'), { isForwardOnly: true, notOnEmpty: ['tensorflow'] }),
  one('any', (x) => tf.cast(tf.any(tf.greater(x, 0.9), 1), 'float32'), { isForwardOnly: true }),
  one('argMax', (x) => tf.cast(tf.argMax(x, 1), 'float32'), { isForwardOnly: true }), one('argMin', (x) => tf.cast(tf.argMin(x, -1), 'float32'), { isForwardOnly: true }),
  { name: 'sum rank 6', shapes: [[2, 1, 3, 2, 2, 2]], run: (x) => tf.sum(x, [1, 3, 5]) },
  { name: 'sum int32', shapes: [[3, 4]], isForwardOnly: true, run: (x) => tf.cast(tf.sum(tf.cast(tf.mul(x, 10), 'int32'), 1), 'float32') },
  { name: 'mean bool', shapes: [[3, 4]], isForwardOnly: true, run: (x) => tf.mean(tf.cast(tf.greater(x, 0), 'float32')) },
  one('cumsum', (x) => tf.cumsum(x, 1)), one('cumsum exclusive reverse', (x) => tf.cumsum(x, 0, true, true)),
  one('softmax', (x) => tf.softmax(x)), one('logSoftmax', (x) => tf.logSoftmax(x)), one('logSumExp', (x) => tf.logSumExp(x, 1)),
  { name: 'softmax rank 4', shapes: [[2, 2, 3, 4]], run: (x) => tf.softmax(x) },

  { name: 'reshape', shapes: [[2, 6]], run: (x) => tf.reshape(x, [3, -1]) }, { name: 'expandDims', shapes: [[2, 6]], run: (x) => tf.expandDims(x, -1) },
  { name: 'squeeze', shapes: [[2, 1, 6, 1]], run: (x) => tf.squeeze(x, [1]) }, { name: 'transpose', shapes: [[2, 3, 4]], run: (x) => tf.transpose(x, [2, 0, 1]) },
  { name: 'transpose rank 6', shapes: [[2, 1, 3, 2, 2, 2]], run: (x) => tf.transpose(x, [0, 5, 1, 3, 2, 4]) },
  { name: 'broadcastTo', shapes: [[3, 1]], run: (x) => tf.broadcastTo(x, [2, 3, 4]) }, { name: 'tile', shapes: [[2, 3]], run: (x) => tf.tile(x, [2, 3]) },
  { name: 'tile rank 6', shapes: [[2, 1, 1, 2, 1, 2]], run: (x) => tf.tile(x, [1, 2, 1, 2, 3, 1]) },
  { name: 'concat', shapes: [[2, 3], [2, 1], [2, 4]], run: (...all) => tf.concat(all, 1) }, { name: 'concat one', shapes: [[2, 3]], run: (x) => tf.concat([x, x, tf.zeros([2, 0])], 1) },
  { name: 'stack', shapes: [[2, 3], [2, 3]], run: (...all) => tf.stack(all, 1) }, { name: 'unstack', shapes: [[2, 3, 4]], run: (x) => tf.unstack(x, 1)[2]! },
  { name: 'split', shapes: [[2, 6]], run: (x) => { const [a, b, c] = tf.split(x, [1, 2, 3], 1) as [Tensor, Tensor, Tensor]; return tf.concat([tf.mul(c, 2), a, tf.square(b)], 1) } },
  { name: 'split equal', shapes: [[2, 6]], run: (x) => tf.mul(...(tf.split(x, 2, 1) as [Tensor, Tensor])) },
  // More than the buffers that one GPU shader may name.
  { name: 'split wide', shapes: [[3, 40]], run: (x) => tf.concat((tf.split(x, 40, 1) as Tensor[]).map((part, index) => tf.mul(part, index)), 1) },
  { name: 'unstack wide', shapes: [[20, 3]], run: (x) => tf.stack((tf.unstack(x) as Tensor[]).map((part, index) => tf.mul(part, index)), 1) },
  { name: 'slice', shapes: [[4, 5, 2]], run: (x) => tf.slice(x, [1, 2, 0], [2, 3, -1]) },
  { name: 'stridedSlice', shapes: [[6, 5]], isForwardOnly: true, run: (x) => tf.stridedSlice(x, [5, 0], [-7, 5], [-2, 3], 0, 0) },
  { name: 'pad', shapes: [[2, 3]], run: (x) => tf.pad(x, [[1, 0], [2, 1]], 0.5) }, { name: 'mirrorPad', shapes: [[3, 4]], isForwardOnly: true, run: (x) => tf.mirrorPad(x, [[1, 2], [0, 3]], 'reflect') },
  { name: 'reverse', shapes: [[3, 4, 2]], run: (x) => tf.reverse(x, [0, 2]) },
  { name: 'gather', shapes: [[5, 3]], run: (x) => tf.gather(x, int([0, 2, 2, 4], [2, 2]) as never) },
  { name: 'gather axis 1', shapes: [[3, 5, 2]], run: (x) => tf.gather(x, int([4, 0, 4]) as never, 1) },
  { name: 'gather batched', shapes: [[2, 5, 3]], run: (x) => tf.gather(x, int([4, 0, 4, 1, 1, 2], [2, 3]) as never, 1, 1) },
  { name: 'unsortedSegmentSum', shapes: [[5, 3]], run: (x) => tf.unsortedSegmentSum(x, int([0, 2, 2, -1, 3]) as never, 4) },
  { name: 'oneHot', shapes: [[3, 4]], run: (x) => tf.matMul(tf.cast(tf.oneHot(int([2, 0, 1, 1]) as never, 3), 'float32'), x) },
  { name: 'indices of a differentiated tensor', shapes: [[3, 4]], run: (x) => tf.add(tf.mul(tf.cast(tf.add(tf.argMax(x, 1), tf.argMin(x, 1)), 'float32'), tf.sum(x, 1)), tf.sum(tf.cast(tf.oneHot(tf.cast(tf.abs(x), 'int32') as never, 3), 'float32'), [1, 2])) },
  { name: 'fill range linspace', shapes: [[3, 4]], run: (x) => tf.add(tf.add(x, tf.fill([3, 4], 0.25)), tf.add(tf.range(0, 4), tf.linspace(0, 1, 4))) },
  { name: 'ones zeros like', shapes: [[3, 4]], run: (x) => tf.sub(tf.mul(x, tf.onesLike(x)), tf.zerosLike(x)) },
  { name: 'cast', shapes: [[3, 4]], run: (x) => tf.cast(tf.cast(tf.mul(x, 7), 'int32'), 'float32') },

  { name: 'matMul', shapes: [[3, 4], [4, 5]], run: (a, b) => tf.matMul(a, b) }, { name: 'matMul ta', shapes: [[4, 3], [4, 5]], run: (a, b) => tf.matMul(a, b, true) },
  { name: 'matMul tb', shapes: [[3, 4], [5, 4]], run: (a, b) => tf.matMul(a, b, false, true) }, { name: 'matMul ta tb', shapes: [[4, 3], [5, 4]], run: (a, b) => tf.matMul(a, b, true, true) },
  { name: 'matMul batched', shapes: [[2, 3, 4, 5], [2, 3, 6, 5]], run: (a, b) => tf.matMul(a, b, false, true) },
  { name: 'matMul batched ta narrow', shapes: [[2, 3, 5, 7], [2, 3, 5, 2]], run: (a, b) => tf.matMul(a, b, true) },
  { name: 'matMul batched ta tb rank 5', shapes: [[2, 1, 3, 5, 4], [2, 1, 3, 6, 5]], run: (a, b) => tf.matMul(a, b, true, true) },
  { name: 'matMul ta long', shapes: [[9, 3], [9, 5]], run: (a, b) => tf.matMul(a, b, true) },
  { name: 'matMul broadcast ta', shapes: [[2, 3, 5, 4], [1, 3, 5, 2]], run: (a, b) => tf.matMul(a, b, true) },
  { name: 'matMul broadcast', shapes: [[2, 3, 4, 5], [1, 3, 5, 2]], run: (a, b) => tf.matMul(a, b) },
  { name: 'tf.conv2d same', shapes: [[2, 5, 6, 3], [3, 3, 3, 4]], run: (x, w) => tf.conv2d(x as never, w as never, 1, 'same'), tolerance: 1e-4 },
  { name: 'tf.conv2d stride 2', shapes: [[2, 6, 6, 3], [3, 3, 3, 4]], run: (x, w) => tf.conv2d(x as never, w as never, 2, 'same'), tolerance: 1e-4 },
  { name: 'tf.conv2d valid 2x2', shapes: [[2, 5, 6, 3], [2, 2, 3, 4]], run: (x, w) => tf.conv2d(x as never, w as never, [2, 1], 'valid'), tolerance: 1e-4 },
  { name: 'conv2dTranspose', shapes: [[2, 3, 3, 4], [3, 3, 2, 4]], run: (x, w) => tf.conv2dTranspose(x as never, w as never, [2, 6, 6, 2], 2, 'same'), tolerance: 1e-4 },
  { name: 'depthwiseConv2d', shapes: [[2, 5, 5, 3], [3, 3, 3, 1]], run: (x, w) => tf.depthwiseConv2d(x as never, w as never, 1, 'same'), tolerance: 1e-4 },
  { name: 'avgPool', shapes: [[2, 4, 4, 3]], run: (x) => tf.avgPool(x as never, 2, 2, 'valid') }, { name: 'maxPool', shapes: [[2, 4, 4, 3]], run: (x) => tf.maxPool(x as never, 2, 2, 'valid') },
  // Square: tfjs-cpu's own gradient mixes up height and width.
  { name: 'resizeBilinear', shapes: [[2, 3, 3, 2]], run: (x) => tf.image.resizeBilinear(x as never, [5, 6]) },
  { name: 'resizeNearestNeighbor', shapes: [[2, 3, 4, 2]], run: (x) => tf.image.resizeNearestNeighbor(x as never, [6, 8]) },

  { name: 'linear', shapes: [[2, 3, 4], [4, 5], [5]], run: ops.linear }, { name: 'linear no bias', shapes: [[6, 4], [4, 5]], run: (x, w) => ops.linear(x, w) },
  { name: 'layerNorm', shapes: [[2, 3, 8], [8], [8]], run: (x, s, b) => ops.layerNorm(x, s, b), tolerance: 1e-4 },
  { name: 'layerNorm bare', shapes: [[4, 8]], run: (x) => ops.layerNorm(x), tolerance: 1e-4 },
  { name: 'rmsNorm', shapes: [[2, 3, 8], [8]], run: (x, s) => ops.rmsNorm(x, s), tolerance: 1e-4 }, { name: 'rmsNorm bare', shapes: [[4, 8]], run: (x) => ops.rmsNorm(x), tolerance: 1e-4 },
  { name: 'modulate', shapes: [[2, 3, 4], [2, 4], [2, 4]], run: ops.modulate }, { name: 'modulate per token', shapes: [[2, 3, 4], [2, 3, 4], [2, 1, 4]], run: ops.modulate },
  one('gelu', ops.gelu), one('silu', ops.silu),
  { name: 'attention', shapes: [[2, 3, 4, 8], [2, 3, 5, 8], [2, 3, 5, 8]], run: (q, k, v) => ops.attention(q, k, v), tolerance: 1e-4 },
  { name: 'attention masked', shapes: [[2, 3, 4, 8], [2, 3, 5, 8], [2, 3, 5, 8], [2, 1, 1, 5]], run: (q, k, v, m) => ops.attention(q, k, v, m), tolerance: 1e-4 },
  { name: 'embedding', shapes: [[7, 4]], run: (table) => ops.embedding(table, int([6, 0, 0, 3, 1, 6], [2, 3])) },
  { name: 'conv2d 3x3', shapes: [[2, 3, 6, 5], [4, 3, 3, 3], [4]], run: (x, w, b) => ops.conv2d(x, w, b, { pad: [[1, 1], [1, 1]] }), tolerance: 1e-4 },
  { name: 'conv2d stride 2 asymmetric', shapes: [[2, 3, 6, 8], [4, 3, 3, 3], [4]], run: (x, w, b) => ops.conv2d(x, w, b, { stride: 2, pad: [[0, 1], [0, 1]] }), tolerance: 1e-4 },
  { name: 'conv2d stride 2 cut', shapes: [[2, 3, 7, 8], [4, 3, 3, 3]], run: (x, w) => ops.conv2d(x, w, undefined, { stride: 2 }), tolerance: 1e-4 },
  { name: 'conv2d 1x1', shapes: [[2, 3, 4, 4], [5, 3, 1, 1], [5]], run: (x, w, b) => ops.conv2d(x, w, b), tolerance: 1e-4 },
  { name: 'conv2d 9 channels', shapes: [[1, 9, 5, 5], [4, 9, 3, 3]], run: (x, w) => ops.conv2d(x, w, undefined, { pad: [[1, 1], [1, 1]] }), tolerance: 1e-4 },
  { name: 'conv2d patches', shapes: [[2, 3, 8, 8], [6, 3, 4, 4]], run: (x, w) => ops.conv2d(x, w, undefined, { stride: 4 }), tolerance: 1e-4 },
  { name: 'groupNorm', shapes: [[2, 6, 3, 4], [6], [6]], run: (x, s, b) => ops.groupNorm(x, s, b, 3), tolerance: 1e-4 },
  { name: 'upsampled conv', shapes: [[2, 3, 4, 5], [4, 3, 3, 3], [4]], run: (x, w, b) => ops.conv2d(ops.upsampleNearest2x(x), w, b, { pad: [[1, 1], [1, 1]] }), tolerance: 1e-4 },
  { name: 'upsampled twice used', shapes: [[2, 3, 4, 5], [3, 3, 3, 3]], run: (x, w) => { const up = ops.upsampleNearest2x(x); return tf.add(ops.conv2d(up, w, undefined, { pad: [[1, 1], [1, 1]] }), up) }, tolerance: 1e-4 },
  { name: 'upsampled conv 2x2', shapes: [[2, 3, 3, 2], [4, 3, 2, 2]], run: (x, w) => ops.conv2d(ops.upsampleNearest2x(x), w, undefined, { pad: [[1, 0], [0, 1]] }), tolerance: 1e-4 },
  { name: 'conv2d 5x3 uneven padding', shapes: [[2, 3, 6, 7], [4, 3, 5, 3]], run: (x, w) => ops.conv2d(x, w, undefined, { pad: [[2, 1], [0, 2]] }), tolerance: 1e-4 },
  { name: 'upsampleNearest2x', shapes: [[2, 3, 2, 3]], run: ops.upsampleNearest2x },

  { name: 'empty add', shapes: [[0, 4], [4]], run: tf.add }, { name: 'empty sum', shapes: [[0, 4]], run: (x) => tf.sum(x, 0) },
  { name: 'empty matMul', shapes: [[3, 0], [0, 2]], run: (a, b) => tf.matMul(a, b) }, { name: 'empty concat', shapes: [[0, 2], [3, 2]], run: (...all) => tf.concat(all, 0) },
  { name: 'empty slice', shapes: [[3, 4]], run: (x) => tf.slice(x, [0, 0], [0, 4]), isForwardOnly: true },
]

function spread(each: Case): Case[] {
  return [
    { ...each, name: `${each.name} rank 6`, shapes: [[2, 3, 1, 2, 1, 2]] },
    { ...each, name: `${each.name} empty`, shapes: [[0, 5]], notOn: [...(each.notOn ?? []), ...(each.notOnEmpty ?? [])] },
  ]
}

export const cases: readonly Case[] = [...written, ...written.filter(({ takesAnyRank }) => takesAnyRank).flatMap(spread)]
