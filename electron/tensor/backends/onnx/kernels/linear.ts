import { core } from '../../../core.ts'
import { concat, expand, fill, matMul, pad, reduce, reshape, reverse, slice, stridedSlice, transpose } from '../build.ts'
import { node, shapeError, type Value } from '../graph.ts'
import { float, type Lowerings, type Target } from './lowering.ts'

type Pair = readonly [number, number]
export interface ConvShape {
  readonly stride: Pair
  /** Rows and columns of zeros before and after. */
  readonly pad: readonly [Pair, Pair]
}

const toFirst = [0, 3, 1, 2]
const toLast = [0, 2, 3, 1]

function padsOf([rows, columns]: ConvShape['pad']): number[] {
  return [rows[0], columns[0], rows[1], columns[1]]
}

/** x [B, I, H, W] * w [O, I, kH, kW] + b [O] -> [B, O, Ho, Wo]. */
export function conv(x: Value, w: Value, b: Value | null, { stride, pad: padding }: ConvShape): Value {
  const [batch, , height, width] = x.shape as [number, number, number, number]
  const [outputs, , kernelHeight, kernelWidth] = w.shape as [number, number, number, number]
  if (x.shape[1] !== w.shape[1]) throw shapeError('Conv', [x.shape, w.shape], 'as many input channels in the filter (axis 1) as in the picture (axis 1)')
  const rows = Math.floor((height + padding[0][0] + padding[0][1] - kernelHeight) / stride[0]) + 1
  const columns = Math.floor((width + padding[1][0] + padding[1][1] - kernelWidth) / stride[1]) + 1
  const attributes = { kernel_shape: [kernelHeight, kernelWidth], strides: stride, pads: padsOf(padding) }
  return node('Conv', b ? [x, w, b] : [x, w], 'float32', [batch, outputs, rows, columns], attributes)
}

/** Gradient of `conv` by its picture. At stride 1 a convolution with the flipped filter, else a transposed one. */
export function convInputGradient(dy: Value, w: Value, inputShape: readonly number[], shape: ConvShape): Value {
  const { stride, pad: padding } = shape
  const [kernelHeight, kernelWidth] = [w.shape[2]!, w.shape[3]!]
  const extents = [kernelHeight, kernelWidth] as const
  if (stride[0] === 1 && stride[1] === 1 && padding.every(([before, after], axis) => before < extents[axis]! && after < extents[axis]!)) {
    const flipped = transpose(reverse(w, [2, 3]), [1, 0, 2, 3])
    const around = padding.map(([before, after], axis): Pair => [extents[axis]! - 1 - before, extents[axis]! - 1 - after]) as [Pair, Pair]
    return conv(dy, flipped, null, { stride, pad: around })
  }
  // What the forward pass cut off at the end gets zeros.
  const rest = [0, 1].map((axis) => inputShape[axis + 2]! - ((dy.shape[axis + 2]! - 1) * stride[axis]! + extents[axis]! - padding[axis]![0] - padding[axis]![1]))
  const attributes = { kernel_shape: extents, strides: stride, pads: padsOf(padding), output_padding: rest }
  return node('ConvTranspose', [dy, w], 'float32', inputShape, attributes)
}

/** Gradient of `conv` by its filter [O, I, kH, kW]: one matrix product over the shifted copies of the picture. */
export function convFilterGradient(x: Value, dy: Value, filterShape: readonly number[], { stride, pad: padding }: ConvShape, target: Target): Value {
  const [outputs, inputs, kernelHeight, kernelWidth] = filterShape as [number, number, number, number]
  const [batch, , rows, columns] = dy.shape as [number, number, number, number]
  const padded = pad(x, [[0, 0], [0, 0], padding[0], padding[1]])
  const taps: Value[] = []
  for (let top = 0; top < kernelHeight; top++) {
    for (let left = 0; left < kernelWidth; left++) taps.push(reshape(tap(padded, top, left, rows, columns, stride), [batch, inputs, rows * columns]))
  }
  const shifted = concat(taps, 1) // [B, kH kW I, Ho Wo]
  const product = matMul(reshape(dy, [batch, outputs, rows * columns]), shifted, { transposeB: true, isFused: target.isFused }) // [B, O, kH kW I]
  const summed = reshape(reduce('ReduceSum', product, [0], false), [outputs, kernelHeight, kernelWidth, inputs])
  return transpose(summed, [0, 3, 1, 2])
}

function tap(x: Value, top: number, left: number, rows: number, columns: number, stride: Pair): Value {
  const [batch, channels] = x.shape as [number, number]
  if (stride[0] === 1 && stride[1] === 1) return slice(x, [0, 0, top, left], [batch, channels, rows, columns])
  const ends = [batch, channels, top + (rows - 1) * stride[0] + 1, left + (columns - 1) * stride[1] + 1]
  return stridedSlice(x, [0, 0, top, left], ends, [1, 1, ...stride], [batch, channels, rows, columns])
}

interface ConvAttributes {
  readonly strides: Pair | number
  readonly pad: never
  readonly dataFormat: 'NHWC' | 'NCHW'
  readonly dilations?: Pair | number
  readonly dimRoundingMode?: never
}

/** tfjs's convolution in our terms, or null for what we leave to tfjs-cpu (dilation). */
function convShape(inputShape: readonly number[], filterShape: readonly number[], attributes: ConvAttributes): ConvShape | null {
  const { strides, pad: padding, dataFormat, dilations = 1, dimRoundingMode } = attributes
  const format = core.backend_util.convertConv2DDataFormat(dataFormat)
  const info = core.backend_util.computeConv2DInfo(inputShape as never, filterShape as never, strides as never, dilations as never, padding, dimRoundingMode, false, format)
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) return null
  const { top, bottom, left, right } = info.padInfo
  return { stride: [info.strideHeight, info.strideWidth], pad: [[top, bottom], [left, right]] }
}

const isLast = ({ dataFormat }: ConvAttributes): boolean => dataFormat !== 'NCHW'
const first = (x: Value, attributes: ConvAttributes): Value => (isLast(attributes) ? transpose(x, toFirst) : x)
const last = (x: Value, attributes: ConvAttributes): Value => (isLast(attributes) ? transpose(x, toLast) : x)
/** tfjs keeps filters as [kH, kW, I, O]. */
const filterFirst = (w: Value): Value => transpose(w, [3, 2, 0, 1])

export const linear: Lowerings = {
  BatchMatMul: ({ a, b }, { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean }, { isFused }) => {
    const inner = [a!.shape[a!.rank - (transposeA ? 2 : 1)], b!.shape[b!.rank - (transposeB ? 1 : 2)]]
    if (inner[0] !== inner[1]) {
      throw shapeError(`MatMul${transposeA ? ' (first operand transposed)' : ''}${transposeB ? ' (second operand transposed)' : ''}`, [a!.shape, b!.shape], 'equal inner extents')
    }
    return matMul(float(a!), float(b!), { transposeA, transposeB, isFused })
  },
  Conv2D: ({ x, filter }, attributes: ConvAttributes) => {
    const shape = convShape(x!.shape, filter!.shape, attributes)
    return shape && last(conv(first(float(x!), attributes), filterFirst(float(filter!)), null, shape), attributes)
  },
  Conv2DBackpropInput: ({ dy, filter }, attributes: ConvAttributes & { inputShape: number[] }) => {
    const shape = convShape(attributes.inputShape, filter!.shape, attributes)
    if (!shape) return null
    const inputShape = isLast(attributes) ? toFirst.map((axis) => attributes.inputShape[axis]!) : attributes.inputShape
    return last(convInputGradient(first(dy!, attributes), filterFirst(filter!), inputShape, shape), attributes)
  },
  Conv2DBackpropFilter: ({ x, dy }, attributes: ConvAttributes & { filterShape: number[] }, target) => {
    const shape = convShape(x!.shape, attributes.filterShape, attributes)
    if (!shape) return null
    const [height, width, inputs, outputs] = attributes.filterShape as [number, number, number, number]
    return transpose(convFilterGradient(first(x!, attributes), first(dy!, attributes), [outputs, inputs, height, width], shape, target), [2, 3, 1, 0])
  },
  ResizeNearestNeighbor: ({ images }, { size, alignCorners }: { size: [number, number]; alignCorners: boolean }) => {
    const [batch, height, width, channels] = images!.shape as [number, number, number, number]
    const [factorY, factorX] = [size[0] / height, size[1] / width]
    if (alignCorners || !Number.isInteger(factorY) || !Number.isInteger(factorX)) return null
    const blocks = expand(reshape(images!, [batch * height, 1, width, 1, channels]), [batch * height, factorY, width, factorX, channels])
    return reshape(blocks, [batch, size[0], size[1], channels])
  },
  ResizeNearestNeighborGrad: ({ images, dy }, { size, alignCorners }: { size: [number, number]; alignCorners: boolean }) => {
    const [batch, height, width, channels] = images!.shape as [number, number, number, number]
    const [factorY, factorX] = [size[0] / height, size[1] / width]
    if (alignCorners || !Number.isInteger(factorY) || !Number.isInteger(factorX)) return null
    if (dy!.size === 0) return fill(images!.shape, 0)
    const blocks = reshape(dy!, [batch * height, factorY, width, factorX, channels])
    return reshape(reduce('ReduceSum', blocks, [1, 3], false), images!.shape)
  },
}
