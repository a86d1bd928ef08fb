import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { Rng } from '../../../../electron/base/rng.ts'
import { encodeGif, quantise, type GifFrame } from '../../../../renderer/media/export/gif.ts'

/** `paint` gives the RGB of each pixel. */
function frameOf(width: number, height: number, paint: (x: number, y: number) => readonly [number, number, number]): GifFrame {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([...paint(x, y), 255], (y * width + x) * 4)
  return { width, height, data }
}

/** Every page of a GIF by another decoder (libvips), as RGBA. */
async function decode(gif: Uint8Array): Promise<{ pages: number; delays: readonly number[]; rgba: Buffer; width: number; pageHeight: number }> {
  const image = sharp(gif, { animated: true })
  const { pages = 1, delay = [], width, pageHeight = 0 } = await image.metadata()
  return { pages, delays: delay, rgba: await image.ensureAlpha().raw().toBuffer(), width, pageHeight }
}

describe('GIF', () => {
  it('is read by another decoder pixel for pixel where a frame has at most 256 colours', async () => {
    const frames = Array.from({ length: 5 }, (_, at) => frameOf(37, 23, (x, y) => [(x * 7 + at * 40) % 256 & 0xf0, (y * 11) % 256 & 0xe0, at * 50]))
    const { pages, delays, rgba, width, pageHeight } = await decode(encodeGif(frames, { fps: 20 }))
    expect({ pages, delays, width, pageHeight }).toEqual({ pages: 5, delays: [50, 50, 50, 50, 50], width: 37, pageHeight: 23 })
    frames.forEach(({ data }, at) => expect(Buffer.compare(rgba.subarray(at * data.length, (at + 1) * data.length), Buffer.from(data))).toBe(0))
  })

  it('survives noise, whose code table fills and is cleared again and again', async () => {
    const rng = new Rng(3)
    const palette = Array.from({ length: 256 }, (_, index) => [index, (index * 7) & 255, (index * 13) & 255] as const)
    const frame = frameOf(200, 150, () => palette[rng.integer(256)]!)
    const { rgba } = await decode(encodeGif([frame], { fps: 10 }))
    expect(Buffer.compare(rgba, Buffer.from(frame.data))).toBe(0)
  })

  it.each([[1, 1], [2, 1], [300, 2]])('has one colour at %i x %i', async (width, height) => {
    const frame = frameOf(width, height, () => [12, 200, 34])
    const { rgba } = await decode(encodeGif([frame], { fps: 10 }))
    expect(Buffer.compare(rgba, Buffer.from(frame.data))).toBe(0)
  })

  it('keeps smooth colours near with 256 of them', () => {
    const { data } = frameOf(128, 128, (x, y) => [2 * x, 2 * y, 255 - x - y])
    const { palette, indices } = quantise(data)
    expect(palette.length).toBeLessThanOrEqual(768)
    let square = 0
    for (let pixel = 0; pixel < indices.length; pixel++) for (let channel = 0; channel < 3; channel++) square += (data[4 * pixel + channel]! - palette[3 * indices[pixel]! + channel]!) ** 2
    expect(Math.sqrt(square / (3 * indices.length))).toBeLessThan(8)
  })

  it('keeps the hues of what little moves on a large ground, beside a picture of many colours', () => {
    const rng = new Rng(5)
    const isMoving = (x: number, y: number): boolean => x < 24 && y < 24
    const { data } = frameOf(256, 128, (x, y) => (isMoving(x, y) ? [255 - 4 * x, 255 - 6 * y, 10 * (x % 6)] : x < 128 ? [255, 255, 255 - rng.integer(8)] : [rng.integer(128) + x - 128, rng.integer(90) + y, rng.integer(200)]))
    const { palette, indices } = quantise(data)
    let square = 0
    let count = 0
    for (let pixel = 0; pixel < indices.length; pixel++) {
      if (!isMoving(pixel % 256, Math.floor(pixel / 256))) continue
      count += 3
      for (let channel = 0; channel < 3; channel++) square += (data[4 * pixel + channel]! - palette[3 * indices[pixel]! + channel]!) ** 2
    }
    expect(Math.sqrt(square / count)).toBeLessThan(12)
  })
})
