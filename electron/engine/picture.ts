import sharp from 'sharp'
import type { RgbImage } from '../base/image.ts'
import type { Picture } from './protocol.ts'

/** RGB to RGBA with full opacity: what a canvas takes without a decoder. */
export function toRgba(image: RgbImage): Picture {
  const pixels = image.width * image.height
  const bytes = new Uint8Array(pixels * 4)
  for (let pixel = 0; pixel < pixels; pixel++) {
    bytes[4 * pixel] = image.data[3 * pixel]!
    bytes[4 * pixel + 1] = image.data[3 * pixel + 1]!
    bytes[4 * pixel + 2] = image.data[3 * pixel + 2]!
    bytes[4 * pixel + 3] = 255
  }
  return { width: image.width, height: image.height, bytes }
}

export async function toPng(image: RgbImage): Promise<Picture> {
  const bytes = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } }).png({ compressionLevel: 3 }).toBuffer()
  return { width: image.width, height: image.height, bytes }
}
