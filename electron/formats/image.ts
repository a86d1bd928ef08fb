import sharp from 'sharp'
import type { RgbImage } from '../base/image.ts'
import { decodePng, isPng, maxPixels } from './png.ts'
import { decodePnm, isPnm } from './pnm.ts'
import { damaged } from './random-access-file.ts'

// Pictures here are many and small: the library's own cache only holds memory, and its threads fight with training.
sharp.cache(false)

/**
 * Any picture that a dataset embeds (PNG, JPEG, WebP, PPM ...) as 8-bit RGB. Pixels are as stored: no rotation by EXIF, no
 * colour profile, no resize; alpha is dropped, grey is repeated three times.
 * @throws KinoraError `dataset-invalid`.
 */
export async function decodeImage(bytes: Uint8Array, path = 'the picture'): Promise<RgbImage> {
  if (isPng(bytes)) {
    const image = decodePng(bytes, path)
    if (image !== null) return image
  }
  if (isPnm(bytes)) return decodePnm(bytes, path)
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    if (info.channels === 3) return { width: info.width, height: info.height, data: pixels }
    if (info.channels !== 1) throw new Error(`it has ${info.channels} channels`)
    const rgb = new Uint8Array(pixels.length * 3)
    for (let index = 0; index < pixels.length; index++) rgb.fill(pixels[index]!, index * 3, index * 3 + 3)
    return { width: info.width, height: info.height, data: rgb }
  } catch (error) {
    throw damaged(path, `not a readable picture (${error instanceof Error ? error.message : String(error)})`, 'The picture is cut or of an unknown kind: copy it again from its source.', error)
  }
}
