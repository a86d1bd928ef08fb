import { concat, expand, matMul, pad, reduce, reshape, reverse, slice, stridedSlice, transpose } from '../build.ts'
import { constant, node, shapeError, type Value } from '../graph.ts'
import type { Target } from './lowering.ts'

export type Pair = readonly [number, number]
export interface ConvShape {
  readonly stride: Pair
  /** Rows and columns of zeros before and after. */
  readonly pad: readonly [Pair, Pair]
}

function padsOf([rows, columns]: ConvShape['pad']): number[] {
  return [rows[0], columns[0], rows[1], columns[1]]
}

/** Pictures that were made by doubling others: what follows may work on the small one. */
const doubled = new WeakMap<Value, Value>()
/** Picture gradients of 3 x 3 convolutions over doubled pictures, with what they were made of. */
const doubledGradients = new WeakMap<Value, { readonly dy: Value; readonly w: Value }>()

/** x [B, I, H, W] * w [O, I, kH, kW] + b [O] -> [B, O, Ho, Wo]. */
export function conv(x: Value, w: Value, b: Value | null, shape: ConvShape, target: Target): Value {
  if (x.shape[1] !== w.shape[1]) throw shapeError('Conv', [x.shape, w.shape], 'as many input channels in the filter (axis 1) as in the picture (axis 1)')
  const small = doubled.get(x)
  if (small && isSame3x3(w.shape, shape)) return subpixelConv(small, w, b, target)
  return plainConv(x, w, b, shape, target)
}

function plainConv(x: Value, w: Value, b: Value | null, { stride, pad: padding }: ConvShape, target: Target): Value {
  const excess = w.shape[1]! % 4
  // onnxruntime's WebGPU convolution is silently wrong for some channel counts that are no multiple of 4 (6, 9, 15, ...).
  if (target.provider === 'webgpu' && excess !== 0 && w.shape[1]! > 3) {
    const more: [number, number][] = [[0, 0], [0, 4 - excess], [0, 0], [0, 0]]
    return plainConv(pad(x, more), pad(w, more), b, { stride, pad: padding }, target)
  }
  const [batch, , height, width] = x.shape as [number, number, number, number]
  const [outputs, , kernelHeight, kernelWidth] = w.shape as [number, number, number, number]
  const rows = Math.floor((height + padding[0][0] + padding[0][1] - kernelHeight) / stride[0]) + 1
  const columns = Math.floor((width + padding[1][0] + padding[1][1] - kernelWidth) / stride[1]) + 1
  const attributes = { kernel_shape: [kernelHeight, kernelWidth], strides: stride, pads: padsOf(padding) }
  return node('Conv', b ? [x, w, b] : [x, w], 'float32', [batch, outputs, rows, columns], attributes)
}

/** Gradient of `conv` by its picture. At stride 1 a convolution with the flipped filter, else a transposed one. */
export function convInputGradient(dy: Value, w: Value, inputShape: readonly number[], shape: ConvShape, target: Target): Value {
  const { stride, pad: padding } = shape
  const extents = [w.shape[2]!, w.shape[3]!] as const
  if (stride[0] === 1 && stride[1] === 1 && padding.every(([before, after], axis) => before < extents[axis]! && after < extents[axis]!)) {
    const flipped = transpose(reverse(w, [2, 3]), [1, 0, 2, 3])
    const around = padding.map(([before, after], axis): Pair => [extents[axis]! - 1 - before, extents[axis]! - 1 - after]) as [Pair, Pair]
    const dx = plainConv(dy, flipped, null, { stride, pad: around }, target)
    if (isSame3x3(w.shape, shape)) doubledGradients.set(dx, { dy, w })
    return dx
  }
  // What the forward pass cut off at the end gets zeros.
  const rest = [0, 1].map((axis) => inputShape[axis + 2]! - ((dy.shape[axis + 2]! - 1) * stride[axis]! + extents[axis]! - padding[axis]![0] - padding[axis]![1]))
  const attributes = { kernel_shape: extents, strides: stride, pads: padsOf(padding), output_padding: rest }
  return node('ConvTranspose', [dy, w], 'float32', inputShape, attributes)
}

/** Gradient of `conv` by its filter [O, I, kH, kW]. */
export function convFilterGradient(x: Value, dy: Value, filterShape: readonly number[], shape: ConvShape, target: Target): Value {
  const small = doubled.get(x)
  if (small && isSame3x3(filterShape, shape)) return subpixelFilterGradient(small, dy, filterShape, target)
  const { stride, pad: padding } = shape
  const padded = pad(x, [[0, 0], [0, 0], padding[0], padding[1]])
  return stride[0] === 1 && stride[1] === 1 ? shiftedProduct(padded, dy, filterShape, target) : tappedProduct(padded, dy, filterShape, stride, target)
}

/**
 * Stride 1: with rows laid end to end and kW - 1 zeros after each row of dy, a shift by (row, column) is one offset, and
 *   dw[row, column] = sum over q of dy[q - column] x[q + row Wp].
 * So kW shifted copies of dy times kH shifted copies of x give all kH kW taps in one product; copies are contiguous.
 */
function shiftedProduct(x: Value, dy: Value, filterShape: readonly number[], target: Target): Value {
  const [outputs, inputs, kernelHeight, kernelWidth] = filterShape as [number, number, number, number]
  const [batch, , rows, columns] = dy.shape as [number, number, number, number]
  const pitch = columns + kernelWidth - 1
  const length = rows * pitch
  const picture = reshape(slice(x, [0, 0, 0, 0], [batch, inputs, rows + kernelHeight - 1, pitch]), [batch, inputs, (rows + kernelHeight - 1) * pitch])
  const rowShifts = Array.from({ length: kernelHeight }, (_, row) => slice(picture, [0, 0, row * pitch], [batch, inputs, length]))
  const gradient = reshape(pad(dy, [[0, 0], [0, 0], [0, 0], [0, kernelWidth - 1]]), [batch, outputs, length])
  const columnShifts = Array.from({ length: kernelWidth }, (_, column) =>
    column === 0 ? gradient : pad(slice(gradient, [0, 0, 0], [batch, outputs, length - column]), [[0, 0], [0, 0], [column, 0]]),
  )
  const product = matMul(concat(columnShifts, 1), concat(rowShifts, 1), { transposeB: true, isFused: target.isFused }) // [B, kW O, kH I]
  const summed = reshape(reduce('ReduceSum', product, [0], false), [kernelWidth, outputs, kernelHeight, inputs])
  return transpose(summed, [1, 3, 2, 0])
}

/** Any stride: one product over kH kW shifted and thinned copies of the padded picture. */
function tappedProduct(x: Value, dy: Value, filterShape: readonly number[], stride: Pair, target: Target): Value {
  const [outputs, inputs, kernelHeight, kernelWidth] = filterShape as [number, number, number, number]
  const [batch, , rows, columns] = dy.shape as [number, number, number, number]
  const taps: Value[] = []
  for (let top = 0; top < kernelHeight; top++) {
    for (let left = 0; left < kernelWidth; left++) taps.push(reshape(tap(x, top, left, rows, columns, stride), [batch, inputs, rows * columns]))
  }
  const product = matMul(reshape(dy, [batch, outputs, rows * columns]), concat(taps, 1), { transposeB: true, isFused: target.isFused }) // [B, O, kH kW I]
  const summed = reshape(reduce('ReduceSum', product, [0], false), [outputs, kernelHeight, kernelWidth, inputs])
  return transpose(summed, [0, 3, 1, 2])
}

function tap(x: Value, top: number, left: number, rows: number, columns: number, stride: Pair): Value {
  const [batch, channels] = x.shape as [number, number]
  const ends = [batch, channels, top + (rows - 1) * stride[0] + 1, left + (columns - 1) * stride[1] + 1]
  return stridedSlice(x, [0, 0, top, left], ends, [1, 1, ...stride], [batch, channels, rows, columns])
}

/** Each pixel becomes a 2 x 2 block. */
export function upsample(x: Value): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const rows = batch * channels * height
  const result = reshape(expand(reshape(x, [rows, 1, width, 1]), [rows, 2, width, 2]), [batch, channels, height * 2, width * 2])
  doubled.set(result, x)
  return result
}

export function upsampleGradient(dy: Value, target: Target): Value {
  const [batch, channels, height, width] = dy.shape as [number, number, number, number]
  const made = doubledGradients.get(dy)
  if (made) return plainConv(made.dy, subpixelFilter(made.w, target), null, subpixelShape, target)
  const blocks = reshape(dy, [(batch * channels * height) / 2, 2, width / 2, 2])
  return reshape(reduce('ReduceSum', blocks, [1, 3], false), [batch, channels, height / 2, width / 2])
}

/*
 * A 3 x 3 convolution over a doubled picture is a transposed 4 x 4 convolution of stride 2 over the small one, with
 * 16 products per pixel of the small picture instead of 36 and no doubled picture. Along one axis the output at 2i sees
 * x[i - 1] through w0 and x[i] through w1 + w2, the output at 2i + 1 sees x[i] through w0 + w1 and x[i + 1] through w2:
 * as a transposed filter k = [w2, w1 + w2, w0 + w1, w0] = spread w.
 */
const subpixelShape: ConvShape = { stride: [2, 2], pad: [[1, 1], [1, 1]] }

function spread(): Value {
  return constant('float32', [4, 3], Float32Array.of(0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0))
}

function isSame3x3(filterShape: readonly number[], { stride, pad: padding }: ConvShape): boolean {
  return filterShape[2] === 3 && filterShape[3] === 3 && stride[0] === 1 && stride[1] === 1 && padding.every(([before, after]) => before === 1 && after === 1)
}

/** spread w spread^T on the two spatial axes, as ConvTranspose wants it: [I, O, 4, 4]. */
function subpixelFilter(w: Value, { isFused }: Target): Value {
  return transpose(matMul(matMul(spread(), w, { isFused }), spread(), { transposeB: true, isFused }), [1, 0, 2, 3])
}

function subpixelConv(small: Value, w: Value, b: Value | null, target: Target): Value {
  const [batch, , height, width] = small.shape as [number, number, number, number]
  const filter = subpixelFilter(w, target)
  const attributes = { kernel_shape: [4, 4], strides: [2, 2], pads: [1, 1, 1, 1] }
  return node('ConvTranspose', b ? [small, filter, b] : [small, filter], 'float32', [batch, w.shape[0]!, height * 2, width * 2], attributes)
}

/** spread^T k spread, k the gradient by the 4 x 4 filter: dy and small have changed places. */
function subpixelFilterGradient(small: Value, dy: Value, filterShape: readonly number[], target: Target): Value {
  const [outputs, inputs] = filterShape as [number, number]
  const padded = pad(dy, [[0, 0], [0, 0], [1, 1], [1, 1]])
  const k = tappedProduct(padded, small, [inputs, outputs, 4, 4], [2, 2], target) // [I, O, 4, 4]
  const { isFused } = target
  return matMul(matMul(spread(), transpose(k, [1, 0, 2, 3]), { transposeA: true, isFused }), spread(), { isFused })
}
