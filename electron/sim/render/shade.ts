import type { GeomTable } from '../scene/scene.ts'
import { focalPx, type Camera, type GBuffer, type Poses } from './g-buffer.ts'
import { outwardNormal } from './normal.ts'
import type { Rasteriser } from './rasterise.ts'
import { ShadowMap, towardLight } from './shadow-map.ts'
import { texture, textureSizePx } from './textures.ts'

const ambient = 0.5
const diffuse = 0.6
const background: readonly [number, number, number] = [206, 212, 220]
/** Width of the darker line along the edges of boxes, which sets equal colours apart; left out where a pixel is wider. */
const bevelM = 0.0022
/** The receiver is lifted along its normal so that it does not shade itself. */
const liftM = 0.003

/** Sub-pixel offsets of the four samples along outlines: a rotated grid. */
const samples = [[-0.125, -0.375], [0.375, -0.125], [0.125, 0.375], [-0.375, 0.125]] as const

/** Smallest difference (sum over channels) that makes two faces' border an outline worth smoothing. */
const outlineContrast = 24

function isOutline(faces: Int32Array, rgb: Uint8Array, a: number, b: number): boolean {
  if (faces[a] === faces[b]) return false
  const difference = Math.abs(rgb[a * 3]! - rgb[b * 3]!) + Math.abs(rgb[a * 3 + 1]! - rgb[b * 3 + 1]!) + Math.abs(rgb[a * 3 + 2]! - rgb[b * 3 + 2]!)
  return difference > outlineContrast
}

/** Per geom and instant: lamp and up in its frame, shadow projection, colour. */
const perGeom = 3 + 3 + 12 + 3

/**
 * Lambert and Blinn-Phong under one lamp with shadows, computed in each geom's own frame. Pixels on an outline, where a
 * neighbour shows another geom or another face, are averaged over four samples; the rest need one.
 */
export class Shader {
  readonly #geoms: GeomTable
  readonly #shadows = new ShadowMap()
  readonly #frame: Float64Array
  readonly #gloss: Float64Array
  readonly #texels: (readonly Float32Array[] | null)[]
  readonly #perMetre: Float64Array
  readonly #normal = new Float64Array(3)
  readonly #rgb = new Float64Array(3)
  #poses: Poses | undefined
  /** Geom and face of each pixel. */
  #faces = new Int32Array(0)

  constructor(geoms: GeomTable) {
    this.#geoms = geoms
    this.#frame = new Float64Array(geoms.count * perGeom)
    this.#gloss = Float64Array.from(geoms.surface, ({ gloss }) => 110 * (gloss ?? 0))
    this.#texels = geoms.surface.map((surface) => (surface.texture ? texture(surface.texture) : null))
    this.#perMetre = Float64Array.from(geoms.surface, ({ textureScale }) => textureSizePx / (textureScale ?? 1))
  }

  /** Once per instant, before its pictures. */
  begin(poses: Poses): void {
    const geoms = this.#geoms
    this.#poses = poses
    this.#shadows.update(geoms, poses)
    const m = poses.geomRotation
    for (let geom = 0; geom < geoms.count; geom++) {
      const at = geom * perGeom
      for (let k = 0; k < 3; k++) {
        this.#frame[at + k] = m[geom * 9 + k]! * towardLight[0] + m[geom * 9 + 3 + k]! * towardLight[1] + m[geom * 9 + 6 + k]! * towardLight[2]
        this.#frame[at + 3 + k] = m[geom * 9 + 6 + k]!
      }
      this.#shadows.projectionOf(poses, geom, this.#frame, at + 6)
      const surface = geoms.surface[geom]!
      const colour = surface.lit && poses.isLit[geom] ? surface.lit.colour : surface.colour
      this.#frame.set(colour, at + 18)
    }
  }

  /** The picture of a G-buffer that `rasteriser` has just filled: [size, size, 3] written to `rgb`. */
  shade(camera: Camera, buffer: GBuffer, rasteriser: Rasteriser, rgb: Uint8Array): void {
    const { sizePx, geom: ids, depth, local } = buffer
    const footprint = 1 / focalPx(camera, sizePx)
    if (this.#faces.length !== sizePx * sizePx) this.#faces = new Int32Array(sizePx * sizePx)
    const faces = this.#faces
    const colour = this.#rgb
    const { frames } = rasteriser
    for (let y = 0, pixel = 0; y < sizePx; y++) {
      for (let x = 0; x < sizePx; x++, pixel++) {
        const id = ids[pixel]!
        const t = depth[pixel]!
        faces[pixel] = this.#point(id, local[pixel * 3]!, local[pixel * 3 + 1]!, local[pixel * 3 + 2]!, t, footprint, frames, x, y)
        rgb[pixel * 3] = colour[0]!
        rgb[pixel * 3 + 1] = colour[1]!
        rgb[pixel * 3 + 2] = colour[2]!
      }
    }
    this.#smoothOutlines(buffer, rasteriser, footprint, rgb.slice(), rgb)
  }

  #smoothOutlines(buffer: GBuffer, rasteriser: Rasteriser, footprint: number, rough: Uint8Array, rgb: Uint8Array): void {
    const { sizePx, geom: ids } = buffer
    const { frames } = rasteriser
    const faces = this.#faces
    const colour = this.#rgb
    const near = new Int16Array(9)
    const last = sizePx - 1
    for (let y = 0, pixel = 0; y < sizePx; y++) {
      for (let x = 0; x < sizePx; x++, pixel++) {
        if (
          (x === 0 || !isOutline(faces, rough, pixel, pixel - 1)) && (x === last || !isOutline(faces, rough, pixel, pixel + 1)) &&
          (y === 0 || !isOutline(faces, rough, pixel, pixel - sizePx)) && (y === last || !isOutline(faces, rough, pixel, pixel + sizePx))
        ) continue
        let count = 0
        for (let row = Math.max(0, y - 1); row <= Math.min(last, y + 1); row++) {
          for (let column = Math.max(0, x - 1); column <= Math.min(last, x + 1); column++) {
            const id = ids[row * sizePx + column]!
            let known = id < 0
            for (let index = 0; index < count; index++) if (near[index] === id) known = true
            if (!known) near[count++] = id
          }
        }
        let r = 0
        let g = 0
        let b = 0
        for (let sample = 0; sample < 4; sample++) {
          const sx = x + samples[sample]![0]
          const sy = y + samples[sample]![1]
          let best = -1
          let t = Infinity
          for (let index = 0; index < count; index++) {
            const hit = rasteriser.depthOf(this.#geoms, near[index]!, sx, sy)
            if (hit < t) {
              t = hit
              best = near[index]!
            }
          }
          if (best < 0) this.#point(-1, 0, 0, 0, t, footprint, frames, sx, sy)
          else {
            const at = best * 18
            const px = frames[at]! + frames[at + 3]! * sx + frames[at + 6]! * sy + t * (frames[at + 9]! + frames[at + 12]! * sx + frames[at + 15]! * sy)
            const py = frames[at + 1]! + frames[at + 4]! * sx + frames[at + 7]! * sy + t * (frames[at + 10]! + frames[at + 13]! * sx + frames[at + 16]! * sy)
            const pz = frames[at + 2]! + frames[at + 5]! * sx + frames[at + 8]! * sy + t * (frames[at + 11]! + frames[at + 14]! * sx + frames[at + 17]! * sy)
            this.#point(best, px, py, pz, t, footprint, frames, sx, sy)
          }
          r += colour[0]!
          g += colour[1]!
          b += colour[2]!
        }
        rgb[pixel * 3] = r / 4
        rgb[pixel * 3 + 1] = g / 4
        rgb[pixel * 3 + 2] = b / 4
      }
    }
  }

  /** Colour (0..255) of one surface point, left in #rgb. Returns a number that differs between geoms and faces. */
  #point(id: number, px: number, py: number, pz: number, t: number, footprint: number, frames: Float64Array, x: number, y: number): number {
    const rgb = this.#rgb
    if (id < 0) {
      rgb[0] = background[0]
      rgb[1] = background[1]
      rgb[2] = background[2]
      return -1
    }
    const geoms = this.#geoms
    const normal = this.#normal
    outwardNormal(geoms, id, px, py, pz, normal)
    const nx = normal[0]!
    const ny = normal[1]!
    const nz = normal[2]!
    const type = geoms.type[id]!
    const pixelM = t * footprint
    let face = 0
    let edge = 1
    // Texture coordinates lie on the largest face.
    let u = px
    let v = py
    if (type === 'box') {
      face = nx !== 0 ? (nx > 0 ? 1 : 2) : ny !== 0 ? (ny > 0 ? 3 : 4) : nz > 0 ? 5 : 6
      if (nx !== 0) u = py
      if (nz === 0) v = pz
      if (pixelM < 1.5 * bevelM) {
        const ax = nx !== 0 ? 1 : geoms.size[id * 3]! - Math.abs(px)
        const ay = ny !== 0 ? 1 : geoms.size[id * 3 + 1]! - Math.abs(py)
        const az = nz !== 0 ? 1 : geoms.size[id * 3 + 2]! - Math.abs(pz)
        if (ax < bevelM || ay < bevelM || az < bevelM) edge = 0.86
      }
    } else if (type === 'cylinder') {
      if (nz !== 0) face = 1
      else v = pz
    }

    const frame = this.#frame
    const at = id * perGeom
    const facing = nx * frame[at]! + ny * frame[at + 1]! + nz * frame[at + 2]!
    let lamp = 0
    if (facing > 0) {
      const lx = px + nx * liftM
      const ly = py + ny * liftM
      const lz = pz + nz * liftM
      lamp = facing * this.#shadows.light(
        frame[at + 6]! * lx + frame[at + 7]! * ly + frame[at + 8]! * lz + frame[at + 9]!,
        frame[at + 10]! * lx + frame[at + 11]! * ly + frame[at + 12]! * lz + frame[at + 13]!,
        frame[at + 14]! * lx + frame[at + 15]! * ly + frame[at + 16]! * lz + frame[at + 17]!,
      )
    }
    const upward = nx * frame[at + 3]! + ny * frame[at + 4]! + nz * frame[at + 5]!
    let factor = (ambient * (0.82 + 0.18 * upward) + diffuse * lamp) * edge
    const levels = this.#texels[id]
    if (levels) {
      const perMetre = this.#perMetre[id]!
      const texels = pixelM * perMetre
      const level = texels < 1.5 ? 0 : texels < 3 ? 1 : texels < 6 ? 2 : 3
      const size = textureSizePx >> level
      const scale = perMetre / (1 << level)
      factor *= levels[level]![(Math.floor(v * scale) & (size - 1)) * size + (Math.floor(u * scale) & (size - 1))]!
    }
    let highlight = 0
    const gloss = this.#gloss[id]!
    if (gloss > 0 && lamp > 0) {
      const f = id * 18
      const dx = frames[f + 9]! + frames[f + 12]! * x + frames[f + 15]! * y
      const dy = frames[f + 10]! + frames[f + 13]! * x + frames[f + 16]! * y
      const dz = frames[f + 11]! + frames[f + 14]! * x + frames[f + 17]! * y
      const length = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz)
      const hx = frame[at]! - dx * length
      const hy = frame[at + 1]! - dy * length
      const hz = frame[at + 2]! - dz * length
      const cosine = (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz)
      if (cosine > 0.7) {
        const c2 = cosine * cosine
        const c4 = c2 * c2
        const c8 = c4 * c4
        highlight = gloss * c8 * c8 * c8
      }
    }
    const isGlowing = geoms.surface[id]!.lit !== undefined && this.#poses!.isLit[id] === 1
    const gain = 255 * (isGlowing && factor < 1 ? 1 : factor)
    const r = frame[at + 18]! * gain + highlight
    const g = frame[at + 19]! * gain + highlight
    const b = frame[at + 20]! * gain + highlight
    rgb[0] = r > 255 ? 255 : r
    rgb[1] = g > 255 ? 255 : g
    rgb[2] = b > 255 ? 255 : b
    return id * 8 + face
  }
}
