import type { RgbImage } from '../base/image.ts'

/** Which matrix turns the picture into RGB. Video that does not say is BT.601, as ffmpeg takes it. */
export interface ColourSpace {
  readonly matrix: 'bt601' | 'bt709'
  readonly isFullRange: boolean
}

/**
 * 8-bit planar 4:2:0 to RGB, chroma repeated over its 2 x 2 pixels. Coefficients from Kr and Kb of ITU-R BT.601 / BT.709;
 * limited range has luma 16..235 and chroma 16..240.
 * @param planes Y [height, width], then U and V [ceil(height / 2), ceil(width / 2)].
 */
export function yuv420ToRgb(planes: Uint8Array, width: number, height: number, { matrix, isFullRange }: ColourSpace): RgbImage {
  const chromaWidth = (width + 1) >> 1
  const chromaSize = chromaWidth * ((height + 1) >> 1)
  const size = width * height
  if (planes.length !== size + 2 * chromaSize) throw new RangeError(`yuv420ToRgb: ${planes.length} bytes for ${width} x ${height}, expected ${size + 2 * chromaSize}`)
  const [kr, kb] = matrix === 'bt709' ? [0.2126, 0.0722] : [0.299, 0.114]
  const kg = 1 - kr - kb
  const lumaScale = isFullRange ? 1 : 255 / 219
  const chromaScale = isFullRange ? 1 : 255 / 224
  const lumaOffset = isFullRange ? 0 : 16
  // Fixed point with 16 bits of fraction: exact to a rounding, and a third of the time of floats.
  const one = 65536
  const y = Math.round(lumaScale * one)
  const rv = Math.round(2 * (1 - kr) * chromaScale * one)
  const gu = Math.round(((2 * kb * (1 - kb)) / kg) * chromaScale * one)
  const gv = Math.round(((2 * kr * (1 - kr)) / kg) * chromaScale * one)
  const bu = Math.round(2 * (1 - kb) * chromaScale * one)
  const data = new Uint8Array(size * 3)
  const rgb = new Uint8ClampedArray(data.buffer)
  for (let row = 0; row < height; row++) {
    let chroma = size + (row >> 1) * chromaWidth
    for (let column = 0; column < width; column++) {
      const u = planes[chroma]! - 128
      const v = planes[chroma + chromaSize]! - 128
      if (column & 1) chroma++
      const luma = (planes[row * width + column]! - lumaOffset) * y + 32768
      const target = (row * width + column) * 3
      rgb[target] = (luma + rv * v) >> 16
      rgb[target + 1] = (luma - gu * u - gv * v) >> 16
      rgb[target + 2] = (luma + bu * u) >> 16
    }
  }
  return { width, height, data }
}
