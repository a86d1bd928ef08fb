import { sizeOf } from '../../../base/host-tensor.ts'
import { broadcastShape, constant, dataOf, int64, node, nodes, sameShape, scalar, shapeError, type Value, type ValueType } from './graph.ts'

/** Small vocabulary that the kernels are written in: each call records at most a few ONNX operators. */

export function reshape(x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x
  if (sizeOf(shape) !== x.size) throw shapeError('Reshape', [x.shape, shape], 'as many elements before as after')
  if (x.data && x.isConstant) return constant(x.dtype, shape, x.data)
  const result = node('Reshape', [x, int64(shape)], x.dtype, shape)
  result.uniform = x.uniform
  return result
}

export function transpose(x: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => x.shape[axis]!)
  const moved = perm.filter((axis) => x.shape[axis] !== 1)
  // Moving only axes of extent 1 moves no data.
  if (moved.every((axis, index) => index === 0 || moved[index - 1]! < axis)) return reshape(x, shape)
  return node('Transpose', [x], x.dtype, shape, { perm })
}

const onnxType = { float32: 1, int32: 6, int64: 7, bool: 9 } as const

export function cast(x: Value, dtype: ValueType): Value {
  if (x.dtype === dtype) return x
  const result = node('Cast', [x], dtype, x.shape, { to: onnxType[dtype] })
  if (x.uniform !== null && dtype === 'float32') result.uniform = x.uniform
  return result
}

/** Every element `value`. Elementwise consumers take the scalar; others get the stretched tensor. */
export function fill(shape: readonly number[], value: number, dtype: ValueType = 'float32'): Value {
  const single = scalar(value, dtype)
  if (shape.length === 0) return single
  return expand(single, shape)
}

export function expand(x: Value, shape: readonly number[]): Value {
  if (sameShape(x.shape, shape)) return x
  const result = node('Expand', [x, int64(shape)], x.dtype, shape)
  result.unexpanded = x.unexpanded ?? x
  result.uniform = x.uniform
  return result
}

/** Whether dropping the stretch of one operand keeps the result's shape. */
function slim(op: string, a: Value, b: Value, shape: readonly number[]): [Value, Value] {
  if (a.unexpanded && sameShape(broadcastShape(op, a.unexpanded.shape, b.shape), shape)) a = a.unexpanded
  if (b.unexpanded && sameShape(broadcastShape(op, a.shape, b.unexpanded.shape), shape)) b = b.unexpanded
  return [a, b]
}

/** Broadcasting operator of two operands of one type. */
export function binary(op: string, a: Value, b: Value, dtype: ValueType = a.dtype): Value {
  const shape = broadcastShape(op, a.shape, b.shape)
  const [left, right] = slim(op, a, b, shape)
  return node(op, [left, right], dtype, shape)
}

export function add(a: Value, b: Value): Value {
  if (a.uniform === 0 && sameShape(broadcastShape('Add', a.shape, b.shape), b.shape)) return b
  if (b.uniform === 0 && sameShape(broadcastShape('Add', a.shape, b.shape), a.shape)) return a
  return binary('Add', a, b)
}

export function sub(a: Value, b: Value): Value {
  if (b.uniform === 0 && sameShape(broadcastShape('Sub', a.shape, b.shape), a.shape)) return a
  return binary('Sub', a, b)
}

export function mul(a: Value, b: Value): Value {
  const shape = broadcastShape('Mul', a.shape, b.shape)
  if (a.uniform === 1 && sameShape(shape, b.shape)) return b
  if (b.uniform === 1 && sameShape(shape, a.shape)) return a
  return binary('Mul', a, b)
}

export function div(a: Value, b: Value): Value {
  if (b.uniform === 1 && sameShape(broadcastShape('Div', a.shape, b.shape), a.shape)) return a
  return binary('Div', a, b)
}

export function unary(op: string, x: Value, attributes = {}, domain = ''): Value {
  return node(op, [x], x.dtype, x.shape, attributes, domain)
}

/** Where(condition, t, e) with operands that broadcast to `shape`. */
export function select(condition: Value, t: Value, e: Value, shape: readonly number[]): Value {
  // ORT's Where has no bool operands.
  if (t.dtype === 'bool') return cast(select(condition, cast(t, 'int32'), cast(e, 'int32'), shape), 'bool')
  const slimmer = (x: Value): Value => (x.unexpanded && (sameShape(condition.shape, shape) || x.unexpanded.size === 1) ? x.unexpanded : x)
  return sameShape(condition.shape, shape) ? node('Where', [condition, slimmer(t), slimmer(e)], t.dtype, shape) : node('Where', [condition, t, e], t.dtype, shape)
}

export type Reduction = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd' | 'ReduceL1' | 'ReduceSumSquare'

/** Reduces `axes`; the result has them as 1 when `keep`, else not at all. */
export function reduce(op: Reduction, x: Value, axes: readonly number[], keep: boolean): Value {
  const reduced = new Set(axes)
  const shape = keep ? x.shape.map((extent, axis) => (reduced.has(axis) ? 1 : extent)) : x.shape.filter((_, axis) => !reduced.has(axis))
  if (x.size === 0) {
    const empty = { ReduceSum: 0, ReduceMean: NaN, ReduceMax: -Infinity, ReduceMin: Infinity, ReduceProd: 1, ReduceL1: 0, ReduceSumSquare: 0 }[op]
    return fill(shape, empty, x.dtype)
  }
  if (axes.every((axis) => x.shape[axis] === 1) && op !== 'ReduceL1' && op !== 'ReduceSumSquare') return reshape(x, shape)
  return node(op, [x, int64(axes)], x.dtype, shape, { keepdims: keep ? 1 : 0 })
}

export function slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
  const axes = x.shape.map((_, axis) => axis).filter((axis) => begin[axis] !== 0 || size[axis] !== x.shape[axis])
  if (axes.length === 0) return x
  const starts = axes.map((axis) => begin[axis]!)
  const ends = axes.map((axis) => begin[axis]! + size[axis]!)
  return node('Slice', [x, int64(starts), int64(ends), int64(axes)], x.dtype, size)
}

/** Slice with steps; `ends` may lie outside. */
export function stridedSlice(x: Value, starts: readonly number[], ends: readonly number[], steps: readonly number[], shape: readonly number[]): Value {
  const axes = x.shape.map((_, axis) => axis)
  return node('Slice', [x, int64(starts), int64(ends), int64(axes), int64(steps)], x.dtype, shape)
}

export function reverse(x: Value, axes: readonly number[]): Value {
  const moving = axes.filter((axis) => x.shape[axis]! > 1)
  if (moving.length === 0) return x
  const lowest = Number.MIN_SAFE_INTEGER
  return node('Slice', [x, int64(moving.map(() => -1)), int64(moving.map(() => lowest)), int64(moving), int64(moving.map(() => -1))], x.dtype, x.shape)
}

export function concat(parts: readonly Value[], axis: number): Value {
  const filled = parts.filter((part) => part.size > 0)
  const first = filled[0] ?? parts[0]!
  const extent = parts.reduce((total, part) => total + part.shape[axis]!, 0)
  const shape = first.shape.map((own, each) => (each === axis ? extent : own))
  if (filled.length === 1) return filled[0]!
  return node('Concat', filled, first.dtype, shape, { axis })
}

export function split(x: Value, sizes: readonly number[], axis: number): Value[] {
  const shapes = sizes.map((size) => x.shape.map((extent, each) => (each === axis ? size : extent)))
  if (sizes.length === 1) return [x]
  if (x.size === 0) return shapes.map((shape) => constant(x.dtype, shape, dataOf(x.dtype, sizeOf(shape))))
  return nodes('Split', [x, int64(sizes)], shapes.map((shape) => ({ dtype: x.dtype, shape })), { axis })
}

export function pad(x: Value, paddings: readonly (readonly [number, number])[], value = 0): Value {
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return x
  const shape = x.shape.map((extent, axis) => extent + paddings[axis]![0] + paddings[axis]![1])
  if (x.size === 0) return fill(shape, value, x.dtype)
  const pads = int64([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
  return node('Pad', [x, pads, scalar(value, x.dtype)], x.dtype, shape, { mode: 'constant' })
}

export function gather(x: Value, indices: Value, axis: number): Value {
  return node('Gather', [x, indices], x.dtype, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], { axis })
}

export interface MatMulOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** Factor on the product. */
  readonly alpha?: number
  /** Whether the provider has com.microsoft's FusedMatMul: where not, transposes are made. */
  readonly isFused: boolean
}

/** Batched matrix product over the last two axes; the leading ones broadcast. */
export function matMul(a: Value, b: Value, { transposeA = false, transposeB = false, alpha = 1, isFused }: MatMulOptions): Value {
  const rows = a.shape[a.rank - (transposeA ? 1 : 2)]!
  const inner = a.shape[a.rank - (transposeA ? 2 : 1)]!
  const columns = b.shape[b.rank - (transposeB ? 2 : 1)]!
  const shape = [...broadcastShape('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns]
  if (inner === 0) return fill(shape, 0, a.dtype)
  if (isFused && transposeA && !transposeB) {
    // Only the first operand is turned element by element, once per panel of the second; turning the product is cheap.
    // Of two long matrices the wider goes first, so that the panels are few.
    if (a.rank === 2 && b.rank === 2 && columns > rows && inner > rows) return transpose(matMul(b, a, { transposeA, alpha, isFused }), [1, 0])
    // Of small ones in a batch the narrower.
    if (a.rank > 2 && a.rank === b.rank && columns < rows) return transpose(matMul(b, a, { transposeA, alpha, isFused }), swapped(a.rank))
  }
  const isPlain = !transposeA && !transposeB && alpha === 1
  if (isPlain) return node('MatMul', [a, b], a.dtype, shape)
  if (isFused && a.dtype === 'float32') {
    const attributes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: alpha } }
    return node('FusedMatMul', [a, b], a.dtype, shape, attributes, 'com.microsoft')
  }
  const product = matMul(transposeA ? transpose(a, swapped(a.rank)) : a, transposeB ? transpose(b, swapped(b.rank)) : b, { isFused })
  return alpha === 1 ? product : mul(product, scalar(alpha))
}

/** Sum over all axes but the last of x, [C]: where products are quick, rows of ones times parts of x, one part a thread. */
export function channelSum(x: Value, isFused: boolean): Value {
  const channels = x.shape[x.rank - 1]!
  const rows = x.size / channels
  if (!isFused || x.dtype !== 'float32' || x.size === 0 || rows === 1) return reduce('ReduceSum', x, [...x.shape.keys()].slice(0, -1), false)
  const parts = [16, 8, 4, 2].find((count) => rows % count === 0 && rows / count >= shortestPart) ?? 1
  const ones = constant('float32', [1, rows / parts], new Float32Array(rows / parts).fill(1))
  const sums = matMul(ones, reshape(x, [parts, rows / parts, channels]), { isFused }) // [parts, 1, C]
  return reshape(reduce('ReduceSum', sums, [0], false), [channels])
}

/** Rows that are worth a thread of their own. */
const shortestPart = 64

/** The order of axes that swaps the last two. */
function swapped(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis))
}

/** Number of elements along `axes`. */
export function countOf(x: Value, axes: readonly number[]): number {
  return sizeOf(axes.map((axis) => x.shape[axis]!))
}
