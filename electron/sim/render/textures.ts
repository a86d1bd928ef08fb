import type { TextureName } from '../scene/surface.ts'

/** Procedural textures: square, tiling, one factor per texel in [0, 1.3] that multiplies the surface's colour. */
export const textureSizePx = 128

type Noise = (x: number, y: number) => number

/** Smooth value noise that tiles with `period` cells, from an integer hash (no tables, the same on every machine). */
function tilingNoise(period: number, seed: number): Noise {
  const hash = (x: number, y: number): number => {
    let h = Math.imul((x % period) + 1, 0x9e3779b1) ^ Math.imul((y % period) + 1, 0x85ebca77) ^ seed
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
    return ((h ^ (h >>> 15)) >>> 0) / 0xffffffff
  }
  const fade = (t: number): number => t * t * (3 - 2 * t)
  return (u, v) => {
    const x = u * period
    const y = v * period
    const x0 = Math.floor(x)
    const y0 = Math.floor(y)
    const fx = fade(x - x0)
    const fy = fade(y - y0)
    const top = hash(x0, y0) * (1 - fx) + hash(x0 + 1, y0) * fx
    const bottom = hash(x0, y0 + 1) * (1 - fx) + hash(x0 + 1, y0 + 1) * fx
    return top * (1 - fy) + bottom * fy
  }
}

const coarse = tilingNoise(4, 11)
const middle = tilingNoise(16, 23)
const fine = tilingNoise(64, 37)

const patterns: Record<TextureName, Noise> = {
  wood: (u, v) => {
    const plank = Math.floor(v * 4)
    const seam = Math.abs(v * 4 - plank - 0.5) > 0.47 ? 0.78 : 1
    const grain = Math.sin((v * 22 + coarse(u, v) * 3 + plank * 1.7) * Math.PI)
    return seam * (0.93 + 0.055 * grain + 0.05 * (middle(u, v) - 0.5) + 0.05 * (((plank * 7) % 4) / 4 - 0.4))
  },
  tiles: (u, v) => {
    const isSeam = u % 0.5 < 0.012 || v % 0.5 < 0.012
    const isDark = (Math.floor(u * 2) + Math.floor(v * 2)) % 2 === 0
    return isSeam ? 0.62 : (isDark ? 0.9 : 1) + 0.06 * (middle(u, v) - 0.5)
  },
  plaster: (u, v) => 0.96 + 0.05 * (middle(u, v) - 0.5) + 0.03 * (fine(u, v) - 0.5),
  weave: (u, v) => {
    const across = Math.abs(Math.sin(u * 4 * Math.PI))
    const along = Math.abs(Math.sin(v * 4 * Math.PI))
    return (Math.floor(u * 4) + Math.floor(v * 4)) % 2 === 0 ? 0.68 + 0.42 * across : 0.68 + 0.42 * along
  },
  brushed: (u, v) => 0.94 + 0.12 * (fine(u * 0.25, v) - 0.5),
}

const textures = new Map<TextureName, Float32Array[]>()

/** The texture at full size and at halves of it, for surfaces that are far away. */
export function texture(name: TextureName): readonly Float32Array[] {
  let levels = textures.get(name)
  if (!levels) {
    const pattern = patterns[name]
    levels = [
      Float32Array.from({ length: textureSizePx * textureSizePx }, (_, index) =>
        pattern((index % textureSizePx) / textureSizePx, Math.floor(index / textureSizePx) / textureSizePx)),
    ]
    for (let size = textureSizePx / 2; levels.length < 4; size /= 2) levels.push(halve(levels.at(-1)!, size))
    textures.set(name, levels)
  }
  return levels
}

function halve(texels: Float32Array, size: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, index) => {
    const at = Math.floor(index / size) * 4 * size + (index % size) * 2
    return (texels[at]! + texels[at + 1]! + texels[at + 2 * size]! + texels[at + 2 * size + 1]!) / 4
  })
}
