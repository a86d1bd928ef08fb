import type { FlowField, RgbImage } from '../base/image.ts'
import { Lru } from '../base/lru.ts'

/** Where a picture of any size lies in the model's square: scaled without distortion, centred, openpi's `resize_with_pad`. */
function fit(width: number, height: number, sizePx: number): { scale: number; left: number; top: number; innerWidth: number; innerHeight: number } {
  const ratio = Math.max(width / sizePx, height / sizePx)
  const innerWidth = Math.trunc(width / ratio)
  const innerHeight = Math.trunc(height / ratio)
  return { scale: 1 / ratio, left: Math.trunc((sizePx - innerWidth) / 2), top: Math.trunc((sizePx - innerHeight) / 2), innerWidth, innerHeight }
}

/** Weights of the source pixels of one target pixel: a triangle as wide as the shrinking, as PIL's bilinear filter. */
function taps(target: number, inner: number, source: number): { first: number; weights: number[] } {
  const ratio = source / inner
  const support = Math.max(1, ratio)
  const centre = (target + 0.5) * ratio
  const first = Math.max(0, Math.floor(centre - support + 0.5))
  const last = Math.min(source, Math.floor(centre + support + 0.5))
  const raw = Array.from({ length: last - first }, (_, index) => Math.max(0, 1 - Math.abs((first + index + 0.5 - centre) / support)))
  const sum = raw.reduce((total, weight) => total + weight, 0)
  return { first, weights: raw.map((weight) => weight / sum) }
}

/** The taps of all target pixels of one axis, end to end. */
interface Filter {
  readonly first: Int32Array
  /** Where each target pixel's weights begin, and where the last one's end. */
  readonly start: Int32Array
  readonly weights: Float64Array
}

const filters = new Lru<string, Filter>(16)

/** Kept, as a dataset's frames have one size. */
function filterOf(inner: number, source: number): Filter {
  const key = `${inner} ${source}`
  const known = filters.get(key)
  if (known) return known
  const all = Array.from({ length: inner }, (_, target) => taps(target, inner, source))
  const start = new Int32Array(inner + 1)
  all.forEach(({ weights }, target) => (start[target + 1] = start[target]! + weights.length))
  const filter: Filter = { first: Int32Array.from(all, ({ first }) => first), start, weights: Float64Array.from(all.flatMap(({ weights }) => weights)) }
  filters.set(key, filter, 1)
  return filter
}

/** The picture at another size, filtered as PIL does. */
function resize({ width, height, data }: RgbImage, innerWidth: number, innerHeight: number): RgbImage {
  const narrow = new Float32Array(height * innerWidth * 3)
  narrowRows(data, width, height, filterOf(innerWidth, width), narrow)
  const result = new Uint8Array(innerWidth * innerHeight * 3)
  const { first, start, weights } = filterOf(innerHeight, height)
  const rowLength = innerWidth * 3
  const row = new Float64Array(rowLength)
  for (let y = 0; y < innerHeight; y++) {
    row.fill(0)
    for (let tap = start[y]!, source = first[y]! * rowLength; tap < start[y + 1]!; tap++, source += rowLength) addRow(row, narrow, source, weights[tap]!)
    for (let x = 0; x < rowLength; x++) result[y * rowLength + x] = Math.round(row[x]!)
  }
  return { width: innerWidth, height: innerHeight, data: result }
}

/** Each row of bytes filtered along x. */
function narrowRows(data: Uint8Array, width: number, height: number, { first, start, weights }: Filter, narrow: Float32Array): void {
  let target = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < first.length; x++) {
      let red = 0
      let green = 0
      let blue = 0
      for (let tap = start[x]!, source = (y * width + first[x]!) * 3; tap < start[x + 1]!; tap++, source += 3) {
        const weight = weights[tap]!
        red += weight * data[source]!
        green += weight * data[source + 1]!
        blue += weight * data[source + 2]!
      }
      narrow[target++] = red
      narrow[target++] = green
      narrow[target++] = blue
    }
  }
}

function addRow(sum: Float64Array, values: Float32Array, from: number, weight: number): void {
  for (let index = 0; index < sum.length; index++) sum[index]! += weight * values[from + index]!
}

/** The picture in a square of `sizePx`, black where it does not reach. A picture of that size is returned as it is. */
export function resizeToSquare(image: RgbImage, sizePx: number): RgbImage {
  if (image.width === sizePx && image.height === sizePx) return image
  const { left, top, innerWidth, innerHeight } = fit(image.width, image.height, sizePx)
  const inner = resize(image, innerWidth, innerHeight)
  const data = new Uint8Array(sizePx * sizePx * 3)
  for (let y = 0; y < innerHeight; y++) data.set(inner.data.subarray(y * innerWidth * 3, (y + 1) * innerWidth * 3), ((top + y) * sizePx + left) * 3)
  return { width: sizePx, height: sizePx, data }
}

/** The picture shrunk so that its longer side has `maxSidePx`; a smaller one is returned as it is. */
export function resizeToFit(image: RgbImage, maxSidePx: number): RgbImage {
  if (Math.max(image.width, image.height) <= maxSidePx) return image
  const { innerWidth, innerHeight } = fit(image.width, image.height, maxSidePx)
  return resize(image, innerWidth, innerHeight)
}

/**
 * {@link resizeToSquare} as two matrices, before its rounding: rows [side, height] x picture [height, width] x columns^T
 * [width, side]. Rows and columns of zeros are the black border.
 */
export function resizeMatrices(width: number, height: number, sizePx: number): { rows: Float32Array; columns: Float32Array } {
  const { left, top, innerWidth, innerHeight } = fit(width, height, sizePx)
  const matrix = (before: number, inner: number, source: number): Float32Array => {
    const values = new Float32Array(sizePx * source)
    for (let target = 0; target < inner; target++) {
      const { first, weights } = taps(target, inner, source)
      weights.forEach((weight, index) => (values[(before + target) * source + first + index] = weight))
    }
    return values
  }
  return { rows: matrix(top, innerHeight, height), columns: matrix(left, innerWidth, width) }
}

/**
 * The flow as the model's square sees it: nearest source pixel, vectors scaled with the picture, still outside it.
 * Nearest, since a mean of two motions across an edge is a motion of nothing.
 */
export function resizeFlowToSquare(flow: FlowField, sizePx: number): FlowField {
  const { width, height, uv, valid } = flow
  if (width === sizePx && height === sizePx) return flow
  const { scale, left, top, innerWidth, innerHeight } = fit(width, height, sizePx)
  const result = new Float32Array(sizePx * sizePx * 2)
  const known = valid ? new Uint8Array(sizePx * sizePx).fill(1) : undefined
  for (let y = 0; y < innerHeight; y++) {
    const sourceRow = Math.min(height - 1, Math.floor(((y + 0.5) * height) / innerHeight))
    for (let x = 0; x < innerWidth; x++) {
      const source = sourceRow * width + Math.min(width - 1, Math.floor(((x + 0.5) * width) / innerWidth))
      const target = (top + y) * sizePx + left + x
      result[target * 2] = uv[source * 2]! * scale
      result[target * 2 + 1] = uv[source * 2 + 1]! * scale
      if (known) known[target] = valid![source]!
    }
  }
  return { width: sizePx, height: sizePx, uv: result, ...(known ? { valid: known } : {}) }
}

/** [3, S, S] floats in [-1, 1] at `offset` as an 8-bit picture, clamped. */
export function toRgbImage(planes: ArrayLike<number>, offset: number, sizePx: number): RgbImage {
  const plane = sizePx * sizePx
  const data = new Uint8Array(plane * 3)
  for (let pixel = 0; pixel < plane; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      data[pixel * 3 + channel] = Math.round(Math.min(255, Math.max(0, (planes[offset + channel * plane + pixel]! + 1) * 127.5)))
    }
  }
  return { width: sizePx, height: sizePx, data }
}
