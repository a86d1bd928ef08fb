import { core } from '../../../core.ts'
import { add, binary, cast, concat, expand, fill, gather, matMul, mul, pad, reshape, reverse, select, slice, split, stridedSlice, transpose } from '../build.ts'
import { constant, dataOf, int64, node, scalar, type Value, type ValueType } from '../graph.ts'
import { sizeOf } from '../../../../base/host-tensor.ts'
import { axesOf, listOf, type Lowerings, type Target } from './lowering.ts'

function insertAxis(x: Value, axis: number): number[] {
  return [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]
}

function tile(x: Value, reps: readonly number[]): Value {
  const lead = reps.length - x.rank
  const aligned = lead > 0 ? reshape(x, [...new Array<number>(lead).fill(1), ...x.shape]) : x
  const shape = aligned.shape.map((extent, axis) => extent * reps[axis]!)
  if (aligned.shape.every((extent, axis) => extent === 1 || reps[axis] === 1)) return expand(aligned, shape)
  return node('Tile', [aligned, int64(reps)], x.dtype, shape)
}

/** How many buffers each shader of WebGPU may name, at the least. */
const shaderBuffers = 8

/** In pieces along an axis; one by one where a single WebGPU shader could not write them all. */
function pieces(x: Value, sizes: readonly number[], axis: number, { provider }: Target): Value[] {
  if (provider !== 'webgpu' || sizes.length < shaderBuffers || x.size === 0) return split(x, sizes, axis)
  let end = 0
  return sizes.map((size) => {
    const begin = end
    end += size
    return slice(x, x.shape.map((_, each) => (each === axis ? begin : 0)), x.shape.map((extent, each) => (each === axis ? size : extent)))
  })
}

/** Rows up to which their table of equal ids, a square, is worth its memory (64 MiB). */
const maxCompared = 4096

/** Adds rows of x [N, ...] into a zero table [count, ...] at the rows that ids [N] names. */
function segmentSum(x: Value, ids: Value, count: number, { provider, isFused }: Target): Value {
  const row = x.shape.slice(1)
  const width = sizeOf(row)
  const shape = [count, ...row]
  if (x.size === 0) return fill(shape, 0, x.dtype)
  const flat = reshape(x, [x.shape[0]!, width])
  // ids outside the table are dropped, as in tfjs: their row becomes 0 and goes to row 0.
  const isInside = binary('And', binary('GreaterOrEqual', ids, scalar(0, 'int32'), 'bool'), binary('Less', ids, scalar(count, 'int32'), 'bool'), 'bool')
  const inside = reshape(isInside, [ids.size, 1])
  const rows = mul(flat, cast(inside, x.dtype))
  const safe = mul(reshape(ids, [ids.size, 1]), cast(inside, 'int32'))
  const indices = expand(safe, [ids.size, width])
  // Not a constant: a vocabulary's table would fill the model file.
  const table = fill([count, width], 0, x.dtype)
  const scatter = (values: Value, reduction: 'add' | 'none'): Value => reshape(node('ScatterElements', [table, indices, values], x.dtype, [count, width], { axis: 0, reduction }), shape)
  // On the processor ScatterElements adds in a fixed order (ScatterND does not), which keeps runs bit-exact.
  if (provider === 'cpu' || x.dtype !== 'float32' || ids.size > maxCompared) return scatter(rows, 'add')
  // A GPU adds in the order in which its threads come. There a product gives each row the sum of all rows with its id,
  // and it does not matter which of them is written last.
  const isSame = binary('Equal', safe, reshape(safe, [1, ids.size]), 'bool')
  return scatter(matMul(cast(isSame, 'float32'), rows, { isFused }), 'none')
}

function gatherBatched(x: Value, indices: Value, axis: number, batchDims: number): Value | null {
  if (batchDims === 0) return gather(x, indices, axis)
  if (axis !== batchDims) return null
  const batch = sizeOf(x.shape.slice(0, batchDims))
  const rows = x.shape[axis]!
  const inner = x.shape.slice(axis + 1)
  const each = sizeOf(indices.shape.slice(batchDims))
  const offsets = constant('int32', [batch, 1], Int32Array.from({ length: batch }, (_, index) => index * rows))
  const flat = add(reshape(indices, [batch, each]), offsets)
  return reshape(gather(reshape(x, [batch * rows, ...inner]), flat, 0), [...indices.shape, ...inner])
}

function range(start: number, stop: number, step: number, dtype: ValueType): Value {
  const count = Math.max(0, Math.ceil((stop - start) / step))
  return constant(dtype, [count], dataOf(dtype, Array.from({ length: count }, (_, index) => start + index * step)))
}

export const shape: Lowerings = {
  Cast: ({ x }, { dtype }: { dtype: string }) => (dtype === 'float32' || dtype === 'int32' || dtype === 'bool' ? cast(x!, dtype) : null),
  Concat: (inputs, { axis }: { axis: number }) => concat(listOf(inputs), axesOf(inputs[0]!, axis)[0]!),
  ExpandDims: ({ input }, { dim }: { dim: number }) => reshape(input!, insertAxis(input!, dim < 0 ? dim + input!.rank + 1 : dim)),
  Fill: (_inputs, { shape: target, value, dtype }: { shape: number[]; value: number; dtype: ValueType }) => fill(target, value, dtype ?? 'float32'),
  GatherV2: ({ x, indices }, { axis, batchDims }: { axis: number; batchDims: number }) =>
    gatherBatched(x!, cast(indices!, 'int32'), axesOf(x!, axis)[0]!, batchDims ?? 0),
  LinSpace: (_inputs, { start, stop, num }: { start: number; stop: number; num: number }) => {
    const step = num > 1 ? (stop - start) / (num - 1) : 0
    return constant('float32', [num], Float32Array.from({ length: num }, (_, index) => start + index * step))
  },
  OneHot: ({ indices }, { depth, onValue, offValue, dtype }: { depth: number; onValue: number; offValue: number; dtype: ValueType }) => {
    const ids = cast(indices!, 'int32')
    const isHot = binary('Equal', reshape(ids, [...ids.shape, 1]), range(0, depth, 1, 'int32'), 'bool')
    if (onValue === 1 && offValue === 0) return cast(isHot, dtype)
    return select(isHot, fill(isHot.shape, onValue, dtype), fill(isHot.shape, offValue, dtype), isHot.shape)
  },
  OnesLike: ({ x }) => fill(x!.shape, 1, x!.dtype),
  ZerosLike: ({ x }) => fill(x!.shape, 0, x!.dtype),
  Pack: (inputs, { axis }: { axis: number }) => {
    const parts = listOf(inputs)
    const along = axis < 0 ? axis + parts[0]!.rank + 1 : axis
    return concat(parts.map((part) => reshape(part, insertAxis(part, along))), along)
  },
  PadV2: ({ x }, { paddings, constantValue }: { paddings: [number, number][]; constantValue: number }) => pad(x!, paddings, constantValue),
  MirrorPad: ({ x }, { paddings, mode }: { paddings: [number, number][]; mode: string }) => {
    if (mode !== 'reflect') return null
    const pads = int64([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)])
    return node('Pad', [x!, pads], x!.dtype, x!.shape.map((extent, axis) => extent + paddings[axis]![0] + paddings[axis]![1]), { mode: 'reflect' })
  },
  Range: (_inputs, { start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: ValueType }) => range(start, stop, step, dtype),
  Reshape: ({ x }, { shape: target }: { shape: number[] }) => {
    const known = target.reduce((product, extent) => (extent === -1 ? product : product * extent), 1)
    return reshape(x!, target.map((extent) => (extent === -1 ? x!.size / known : extent)))
  },
  Reverse: ({ x }, { dims }: { dims: number | number[] }) => reverse(x!, axesOf(x!, dims)),
  Slice: ({ x }, { begin, size }: { begin: number | number[]; size: number | number[] }) => {
    const [starts, sizes] = core.slice_util.parseSliceParams({ shape: [...x!.shape], rank: x!.rank } as never, begin, size)
    return slice(x!, starts!, sizes!)
  },
  StridedSlice: ({ x }, attributes: { begin: number[]; end: number[]; strides: number[]; beginMask: number; endMask: number; ellipsisMask: number; newAxisMask: number; shrinkAxisMask: number }) => {
    const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes
    const info = core.slice_util.sliceInfo([...x!.shape], begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask)
    if (info.isIdentity) return reshape(x!, info.finalShape)
    const extents = core.slice_util.computeOutShape(info.begin, info.end, info.strides)
    // An end before the first element cannot be written as a negative index, which counts from the back.
    const ends = info.end.map((each, axis) => (info.strides[axis]! < 0 && each < 0 ? Number.MIN_SAFE_INTEGER : each))
    return reshape(stridedSlice(x!, info.begin, ends, info.strides, extents), info.finalShape)
  },
  SplitV: ({ x }, { numOrSizeSplits, axis }: { numOrSizeSplits: number | number[]; axis: number }, target) => {
    const along = axesOf(x!, axis)[0]!
    return pieces(x!, core.backend_util.prepareSplitSize({ shape: [...x!.shape] } as never, numOrSizeSplits, along), along, target)
  },
  Tile: ({ x }, { reps }: { reps: number[] }) => tile(x!, reps),
  Transpose: ({ x }, { perm }: { perm: number[] }) => transpose(x!, perm),
  Unpack: ({ value }, { axis }: { axis: number }, target) => {
    const along = axesOf(value!, axis)[0]!
    const rest = value!.shape.filter((_, each) => each !== along)
    return pieces(value!, new Array<number>(value!.shape[along]!).fill(1), along, target).map((part) => reshape(part, rest))
  },
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }: { numSegments: number }, target) =>
    segmentIds!.rank === 1 ? segmentSum(x!, cast(segmentIds!, 'int32'), numSegments, target) : null,
}
