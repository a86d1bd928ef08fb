import sharp from 'sharp'
import type { FlowField, RgbImage } from '../../base/image.ts'
import { motionImage } from '../../flow/motion-image.ts'
import { encodeFlo } from '../../formats/flo.ts'
import type { FlowFormat, Picture } from '../protocol.ts'

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

/** Pictures of one size in rows and columns, without gaps. */
export function contactSheet(rows: readonly (readonly RgbImage[])[]): RgbImage {
  const { width, height } = rows[0]![0]!
  const sheet = { width: width * rows[0]!.length, height: height * rows.length }
  const data = new Uint8Array(sheet.width * sheet.height * 3)
  rows.forEach((row, r) =>
    row.forEach((image, c) => {
      for (let y = 0; y < height; y++) data.set(image.data.subarray(y * width * 3, (y + 1) * width * 3), ((r * height + y) * sheet.width + c * width) * 3)
    }),
  )
  return { ...sheet, data }
}

/** @param maxPx longer side at most; a smaller picture stays as it is */
export async function toPng(image: RgbImage, maxPx = Infinity): Promise<Picture> {
  const whole = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
  const fitted = Math.max(image.width, image.height) <= maxPx ? whole : whole.resize({ width: maxPx, height: maxPx, fit: 'inside' })
  const { data, info } = await fitted.png({ compressionLevel: 3 }).toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, bytes: data }
}

/** A flow as its motion image, or as it is. */
export async function flowPicture(flow: FlowField, format: FlowFormat): Promise<Picture> {
  if (format === 'flo') return { width: flow.width, height: flow.height, bytes: encodeFlo(flow) }
  const image = motionImage(flow)
  return format === 'png' ? toPng(image) : toRgba(image)
}
