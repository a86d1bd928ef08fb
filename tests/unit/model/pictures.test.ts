import { describe, expect, it } from 'vitest'
import { planesLayout, pictureLayout, writePicture } from '../../../electron/model/picture-layout.ts'
import { resizeFlowToSquare, resizeToSquare, toRgbImage } from '../../../electron/model/pixels.ts'
import { presetConfig } from '../../../electron/model/presets.ts'

/** Red is the row, green the column. */
function coordinates(width: number, height: number) {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([y, x, 7], (y * width + x) * 3)
  return { width, height, data }
}

describe('picture layout', () => {
  it.each(['merge', 'patch', 'conv'] as const)('holds every number of the picture once: %s', (stem) => {
    const config = presetConfig('nano', 'x')
    const layout = pictureLayout({ ...config, backbone: { ...config.backbone, stem, stemChannels: [8, 8, 8] } })
    expect(new Set(layout.places).size).toBe(64 * 64 * 3)
    expect(layout.shape.reduce((product, extent) => product * extent, 1)).toBe(64 * 64 * 3)
  })

  it('lists the patches of a merged token together, and of its quarters in turn', () => {
    const config = presetConfig('nano', 'x')
    const { places, shape } = pictureLayout({ ...config, data: { ...config.data, imageSizePx: 16 }, backbone: { ...config.backbone, patchSizePx: 2, stemChannels: [8, 8, 8] } })
    const patch = shape[1]!
    const corner = (index: number): number[] => [Math.floor(places[index * patch]! / 48), Math.floor(places[index * patch]! / 3) % 16]
    // 2x2 tokens of 8 px, each 4x4 patches of 2 px
    expect([0, 1, 2, 3, 4, 8, 12].map(corner)).toEqual([[0, 0], [0, 2], [2, 0], [2, 2], [0, 4], [4, 0], [4, 4]])
    expect(corner(16)).toEqual([0, 8])
    expect(corner(32)).toEqual([8, 0])
  })

  it('moves a picture by whole pixels, repeats its border, and spans [-1, 1]', () => {
    const picture = coordinates(8, 8)
    const target = new Float32Array(8 * 8 * 3)
    writePicture(planesLayout(8), picture.data, 0, 2, -1, target, 0)
    const at = (plane: number, y: number, x: number): number => Math.round((target[plane * 64 + y * 8 + x]! + 1) * 127.5)
    expect([at(0, 0, 2), at(1, 0, 2)]).toEqual([1, 0])
    expect([at(0, 7, 0), at(1, 7, 0)]).toEqual([7, 0])
    expect([at(0, 3, 7), at(1, 3, 7)]).toEqual([4, 5])
    expect(toRgbImage([-1, 0, 2, -3].flatMap((value) => [value, value, value]).slice(0, 12), 0, 2).data[0]).toBe(0)
  })
})

describe('resizeToSquare', () => {
  it('returns a picture of that size as it is', () => {
    const picture = coordinates(8, 8)
    expect(resizeToSquare(picture, 8)).toBe(picture)
  })

  it('keeps a uniform picture uniform, and pads what is not square in the middle with black', () => {
    const wide = { width: 32, height: 16, data: new Uint8Array(32 * 16 * 3).fill(200) }
    const { data } = resizeToSquare(wide, 8)
    const row = (y: number): number[] => [...data.subarray(y * 24, y * 24 + 24)]
    expect([0, 1, 6, 7].flatMap(row).every((value) => value === 0)).toBe(true)
    expect([2, 3, 4, 5].flatMap(row).every((value) => value === 200)).toBe(true)
  })

  it('averages when it shrinks', () => {
    const stripes = { width: 16, height: 16, data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, index) => (Math.floor(index / 3) % 2 === 0 ? 0 : 200)) }
    const { data } = resizeToSquare(stripes, 8)
    expect([...data].every((value) => Math.abs(value - 100) <= 26)).toBe(true)
  })
})

describe('resizeFlowToSquare', () => {
  it('scales vectors with the picture and keeps an edge sharp', () => {
    const uv = new Float32Array(16 * 16 * 2)
    for (let y = 0; y < 16; y++) for (let x = 8; x < 16; x++) uv[(y * 16 + x) * 2] = 4
    const small = resizeFlowToSquare({ width: 16, height: 16, uv }, 8)
    expect(new Set(small.uv)).toEqual(new Set([0, 2]))
    expect(small.uv[(3 * 8 + 4) * 2]).toBe(2)
    expect(small.uv[(3 * 8 + 3) * 2]).toBe(0)
  })
})
