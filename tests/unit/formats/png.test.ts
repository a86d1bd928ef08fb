import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { RgbImage } from '../../../electron/base/image.ts'
import { decodeImage } from '../../../electron/formats/image.ts'
import { decodePng, encodePng } from '../../../electron/formats/png.ts'
import { KinoraError } from '../../../electron/contract/errors.ts'

const picture = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 })).chain(([width, height]) =>
  fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }).map((data): RgbImage => ({ width, height, data })),
)

describe('png', () => {
  it('gives back every pixel, and sharp reads the same', async () => {
    await fc.assert(
      fc.asyncProperty(picture, async (image) => {
        const bytes = encodePng(image)
        expect(decodePng(bytes)).toEqual(image)
        const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
        expect([info.width, info.height, info.channels]).toEqual([image.width, image.height, 3])
        expect(Buffer.from(image.data).equals(data)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('reads every filter that sharp writes, as sharp does', async () => {
    const width = 61
    const height = 47
    const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 5 + (index >> 6) * 31 + ((index * index) >> 9)) & 255)
    for (const adaptiveFiltering of [true, false]) {
      const bytes = await sharp(data, { raw: { width, height, channels: 3 } }).png({ adaptiveFiltering }).toBuffer()
      expect(decodePng(bytes)).toEqual({ width, height, data })
    }
  })

  it('leaves palettes, alpha, grey, 16 bits and interlace to the general decoder, with the same pixels', async () => {
    const width = 16
    const height = 9
    const grey = Uint8Array.from({ length: width * height }, (_, index) => index)
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, index) => grey[Math.floor(index / 3)]!)
    const variants = [
      await sharp(rgb, { raw: { width, height, channels: 3 } }).png({ progressive: true }).toBuffer(),
      await sharp(rgb, { raw: { width, height, channels: 3 } }).png({ palette: true, colours: 256, effort: 10, dither: 0 }).toBuffer(),
      await sharp(rgb, { raw: { width, height, channels: 3 } }).ensureAlpha().png().toBuffer(),
      await sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w').png().toBuffer(),
    ]
    for (const bytes of variants) {
      expect(decodePng(bytes)).toBeNull()
      expect(await decodeImage(bytes)).toEqual({ width, height, data: rgb })
    }
  })

  it('reads JPEG as RGB', async () => {
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 30, b: 40 } } }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer()
    const image = await decodeImage(bytes)
    expect([image.width, image.height]).toEqual([8, 8])
    expect(Math.abs(image.data[0]! - 200)).toBeLessThan(3)
    expect(Math.abs(image.data[2]! - 40)).toBeLessThan(3)
  })

  it('refuses a cut or changed picture with a message, and never hangs', async () => {
    const bytes = encodePng({ width: 9, height: 7, data: Uint8Array.from({ length: 9 * 7 * 3 }, (_, index) => index) })
    for (let keep = 8; keep < bytes.length; keep++) {
      expect(() => decodePng(bytes.subarray(0, keep)), `${keep} bytes kept`).toThrow(KinoraError)
    }
    for (let index = 8; index < bytes.length; index++) {
      const changed = Uint8Array.from(bytes)
      changed[index]! ^= 0x10
      expect(() => decodePng(changed), `byte ${index} changed`).toThrow(KinoraError)
    }
    await expect(decodeImage(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'dataset-invalid' })
  })

  it('refuses a picture that claims to be huge before it allocates', () => {
    const bytes = encodePng({ width: 1, height: 1, data: new Uint8Array(3) })
    new DataView(bytes.buffer).setUint32(16, 0x7fffffff)
    expect(() => decodePng(bytes)).toThrow(KinoraError)
  })
})
