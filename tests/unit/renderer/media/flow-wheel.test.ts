import { describe, expect, it } from 'vitest'
import { motionImage } from '../../../../electron/flow/motion-image.ts'
import { flowColour, wheelPicture } from '../../../../renderer/media/flow-wheel.ts'

describe('flowColour', () => {
  // The golden values of the Middlebury wheel as flow_vis, RAFT and torchvision draw it (notes/method.md, section 4).
  it.each([
    [0, 0, [255, 255, 255]],
    [1, 0, [255, 0, 0]],
    [0, 1, [255, 229, 0]],
    [-1, 0, [0, 209, 255]],
    [0, -1, [88, 0, 255]],
    [0.5, 0, [255, 127, 127]],
    [0.6, 0.8, [255, 135, 0]],
    [-0.6, 0.8, [83, 255, 0]],
  ])('draws (%f, %f) as the reference does', (u, v, colour) => {
    expect(flowColour(u, v)).toEqual(colour)
  })

  it('draws the legend in the very colours of the engine', () => {
    const count = 64
    const uv = new Float32Array(count * 2)
    for (let index = 0; index < count; index++) {
      uv[2 * index] = Math.cos((index / count) * 2 * Math.PI) * 7.9
      uv[2 * index + 1] = Math.sin((index / count) * 2 * Math.PI) * 7.9
    }
    const drawn = motionImage({ width: count, height: 1, uv }, { normalisation: 'fixed', fixedPx: 8, staticPx: 0, sign: 'forward' })
    for (let index = 0; index < count; index++) {
      const colour = flowColour(uv[2 * index]! / 8, uv[2 * index + 1]! / 8)
      for (let channel = 0; channel < 3; channel++) expect(Math.abs(colour[channel]! - drawn.data[3 * index + channel]!)).toBeLessThanOrEqual(1)
    }
  })
})

describe('wheelPicture', () => {
  it('is clear outside of the disc, white in the middle and mirrored for the reversed sign', () => {
    const size = 33
    const pixel = (data: Uint8ClampedArray, x: number, y: number) => [...data.subarray((y * size + x) * 4, (y * size + x) * 4 + 4)]
    const forward = wheelPicture(size)
    expect(pixel(forward, 0, 0)[3]).toBe(0)
    expect(pixel(forward, 16, 16)).toEqual([255, 255, 255, 255])
    expect(pixel(wheelPicture(size, -1), 26, 16)).toEqual(pixel(forward, 6, 16))
  })
})
