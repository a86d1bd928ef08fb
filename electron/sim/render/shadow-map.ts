import type { GeomTable } from '../scene/scene.ts'
import type { Poses, Rays } from './g-buffer.ts'
import type { Rasteriser } from './rasterise.ts'

/** Direction toward the lamp, steep so that a shadow lies nearly below its object: it shows height above the table. */
export const towardLight: readonly [number, number, number] = normalised(0.42, -0.3, 0.86)

function normalised(x: number, y: number, z: number): [number, number, number] {
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}

const sizePx = 160
/** Side of the square around the table's middle that can receive shadows. */
const widthM = 0.9
const biasM = 0.004

/** Depth of the movable scene seen from the lamp, in parallel projection. One map serves all cameras of an instant. */
export class ShadowMap {
  readonly #depth = new Float32Array(sizePx * sizePx)
  readonly #geom = new Int16Array(sizePx * sizePx)
  readonly #right: readonly [number, number, number]
  readonly #down: readonly [number, number, number]
  readonly #rays: Rays
  readonly #start: readonly [number, number, number]

  constructor() {
    const [lx, ly, lz] = towardLight
    const right = normalised(lz, 0, -lx)
    const down: [number, number, number] = [ly * right[2] - lz * right[1], lz * right[0] - lx * right[2], lx * right[1] - ly * right[0]]
    const pixel = widthM / sizePx
    const corner = (k: 0 | 1 | 2): number => towardLight[k] * 1.5 + (right[k] + down[k]) * (0.5 - sizePx / 2) * pixel
    this.#right = right
    this.#down = down
    this.#start = [corner(0), corner(1), corner(2)]
    const zero = new Float64Array(3)
    this.#rays = {
      origin: [Float64Array.from(this.#start), Float64Array.from(right, (value) => value * pixel), Float64Array.from(down, (value) => value * pixel)],
      direction: [Float64Array.of(-lx, -ly, -lz), zero, zero],
    }
  }

  update(rasteriser: Rasteriser, geoms: GeomTable, poses: Poses): void {
    rasteriser.depth(geoms, poses, this.#rays, sizePx, this.#depth, this.#geom, true)
  }

  /** Share of light that reaches a world point, 0 to 1, smoothed over four texels. */
  light(x: number, y: number, z: number): number {
    const dx = x - this.#start[0]
    const dy = y - this.#start[1]
    const dz = z - this.#start[2]
    const u = ((dx * this.#right[0] + dy * this.#right[1] + dz * this.#right[2]) * sizePx) / widthM
    const v = ((dx * this.#down[0] + dy * this.#down[1] + dz * this.#down[2]) * sizePx) / widthM
    if (!(u >= 0 && v >= 0 && u < sizePx - 1 && v < sizePx - 1)) return 1
    const limit = -(dx * towardLight[0] + dy * towardLight[1] + dz * towardLight[2]) - biasM
    const column = Math.floor(u)
    const row = Math.floor(v)
    const fu = u - column
    const fv = v - row
    const at = row * sizePx + column
    const depth = this.#depth
    const top = (depth[at]! < limit ? 0 : 1 - fu) + (depth[at + 1]! < limit ? 0 : fu)
    const bottom = (depth[at + sizePx]! < limit ? 0 : 1 - fu) + (depth[at + sizePx + 1]! < limit ? 0 : fu)
    return top * (1 - fv) + bottom * fv
  }
}
