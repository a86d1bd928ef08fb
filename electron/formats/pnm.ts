import type { RgbImage } from '../base/image.ts'
import { maxPixels } from './png.ts'
import { damaged } from './random-access-file.ts'

/**
 * Binary PPM and PGM (Netpbm P6, P5), the pictures of FlyingChairs and Middlebury. Samples above 255 take two bytes,
 * the more significant one first, and are scaled to 8 bits; grey is repeated three times.
 */
export function isPnm(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36) && isSpace(bytes[2])
}

/** @throws KinoraError `dataset-invalid` where the header is none or pixels are missing. */
export function decodePnm(bytes: Uint8Array, path: string): RgbImage {
  const isGrey = bytes[1] === 0x35
  let at = 2
  const number = (): number => {
    while (at < bytes.length && (isSpace(bytes[at]) || bytes[at] === hash)) {
      if (bytes[at] === hash) while (at < bytes.length && bytes[at] !== newline) at++
      else at++
    }
    const first = at
    while (at < bytes.length && !isSpace(bytes[at])) at++
    return Number(Buffer.from(bytes.subarray(first, at)).toString('latin1') || NaN)
  }
  const [width, height, largest] = [number(), number(), number()]
  const isHeader = [width, height, largest].every((value) => Number.isInteger(value) && value > 0) && largest < 65536
  if (!isHeader) throw damaged(path, 'its header does not give a width, a height and a largest sample up to 65535', 'Copy the picture again from its source.')
  if (width * height > maxPixels) throw damaged(path, `it is ${width} x ${height}, more than ${maxPixels} pixels`, 'Use smaller pictures.')
  const [sampleBytes, channels] = [largest > 255 ? 2 : 1, isGrey ? 1 : 3]
  const first = at + 1
  const missing = first + width * height * channels * sampleBytes - bytes.length
  if (missing > 0) throw damaged(path, `it is cut: ${missing} bytes of ${width} x ${height} pixels are missing`, 'Copy the picture again from its source.')
  const data = new Uint8Array(width * height * 3)
  for (let index = 0; index < data.length; index++) {
    const sample = first + (isGrey ? Math.floor(index / 3) : index) * sampleBytes
    const value = sampleBytes === 1 ? bytes[sample]! : bytes[sample]! * 256 + bytes[sample + 1]!
    data[index] = largest === 255 ? value : Math.round((255 * Math.min(value, largest)) / largest)
  }
  return { width, height, data }
}

const [hash, newline] = [0x23, 0x0a]

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}
