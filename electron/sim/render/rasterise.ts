import type { GeomTable } from '../scene/scene.ts'
import { perspectiveRays, type Camera, type GBuffer, type Poses, type Rays } from './g-buffer.ts'
import { hitBox, hitCapsule, hitCylinder, hitEllipsoid, hitPlane, hitSphere } from './intersect.ts'

/**
 * A z-buffer rasteriser for primitives: each geom visits only the pixels inside its box's outline, and each visit
 * solves the ray against the true surface. Round things stay round at any size, with no triangles to sort.
 */
export class Rasteriser {
  /** Per geom 18 numbers: origin and direction of the rays in its frame (constant, per column, per row). */
  frames = new Float64Array(0)

  /** Geom, depth and local point through every pixel of `target`. */
  fill(geoms: GeomTable, poses: Poses, camera: Camera, target: GBuffer): void {
    const rays = perspectiveRays(poses, camera, target.sizePx)
    this.depth(geoms, poses, rays, target.sizePx, target.depth, target.geom, false)
    this.#locate(target)
  }

  /** Depth and geom alone, for any rays; with `castersOnly` the room is left out. */
  depth(geoms: GeomTable, poses: Poses, rays: Rays, sizePx: number, depth: Float32Array, ids: Int16Array, castersOnly: boolean): void {
    depth.fill(Infinity)
    ids.fill(-1)
    if (this.frames.length < geoms.count * 18) this.frames = new Float64Array(geoms.count * 18)
    const view = new View(rays)
    for (let geom = 0; geom < geoms.count; geom++) {
      if (!geoms.isDrawn[geom] || (castersOnly && geoms.isArena[geom])) continue
      const bounds = view.bounds(geoms, poses, geom, sizePx)
      if (bounds === null) continue
      const frame = this.frames.subarray(geom * 18, geom * 18 + 18)
      toGeomFrame(rays, poses, geom, frame)
      rasteriseGeom(geoms, geom, frame, bounds, sizePx, depth, ids)
    }
  }

  /** Depth of one geom at fractional pixel coordinates of the last picture; Infinity beside it. */
  depthOf(geoms: GeomTable, geom: number, x: number, y: number): number {
    const f = this.frames
    const at = geom * 18
    return hit(
      geoms, geom,
      f[at]! + f[at + 3]! * x + f[at + 6]! * y, f[at + 1]! + f[at + 4]! * x + f[at + 7]! * y, f[at + 2]! + f[at + 5]! * x + f[at + 8]! * y,
      f[at + 9]! + f[at + 12]! * x + f[at + 15]! * y, f[at + 10]! + f[at + 13]! * x + f[at + 16]! * y, f[at + 11]! + f[at + 14]! * x + f[at + 17]! * y,
    )
  }

  #locate(target: GBuffer): void {
    const { sizePx, geom: ids, depth, local } = target
    const frames = this.frames
    for (let y = 0, pixel = 0; y < sizePx; y++) {
      for (let x = 0; x < sizePx; x++, pixel++) {
        const id = ids[pixel]!
        if (id < 0) {
          local[pixel * 3] = local[pixel * 3 + 1] = local[pixel * 3 + 2] = 0
          continue
        }
        const at = id * 18
        const t = depth[pixel]!
        for (let k = 0; k < 3; k++) {
          local[pixel * 3 + k] =
            frames[at + k]! + frames[at + 3 + k]! * x + frames[at + 6 + k]! * y +
            t * (frames[at + 9 + k]! + frames[at + 12 + k]! * x + frames[at + 15 + k]! * y)
        }
      }
    }
  }
}

type Bounds = readonly [left: number, right: number, top: number, bottom: number]

/** Maps world points to pixels: solves origin + t * direction = point for column, row and t. */
class View {
  readonly #isParallel: boolean
  readonly #eye: Float64Array
  /** Inverse of the matrix whose columns are the axes of pixel space. */
  readonly #inverse: Float64Array

  constructor(rays: Rays) {
    const [, originX, originY] = rays.origin
    this.#isParallel = originX.some((value) => value !== 0) || originY.some((value) => value !== 0)
    this.#eye = rays.origin[0]
    // Perspective: (point - eye) = t (d0 + x dx + y dy), so t = c0, x = c1 / c0, y = c2 / c0 in the basis (d0, dx, dy).
    // Parallel: (point - origin) = t d0 + x ox + y oy in the basis (d0, ox, oy).
    this.#inverse = invert(rays.direction[0], this.#isParallel ? originX : rays.direction[1], this.#isParallel ? originY : rays.direction[2])
  }

  /** Pixel rectangle around a geom, inclusive, or null when it lies outside of the picture. */
  bounds(geoms: GeomTable, poses: Poses, geom: number, sizePx: number): Bounds | null {
    const { extent } = geoms
    if (extent[geom * 3] === Infinity) return [0, sizePx - 1, 0, sizePx - 1]
    const p = poses.geomPosition
    const m = poses.geomRotation
    const inverse = this.#inverse
    let left = Infinity
    let right = -Infinity
    let top = Infinity
    let bottom = -Infinity
    for (let corner = 0; corner < 8; corner++) {
      const x = extent[geom * 3]! * (corner & 1 ? 1 : -1)
      const y = extent[geom * 3 + 1]! * (corner & 2 ? 1 : -1)
      const z = extent[geom * 3 + 2]! * (corner & 4 ? 1 : -1)
      const at = geom * 9
      const wx = p[geom * 3]! + m[at]! * x + m[at + 1]! * y + m[at + 2]! * z - this.#eye[0]!
      const wy = p[geom * 3 + 1]! + m[at + 3]! * x + m[at + 4]! * y + m[at + 5]! * z - this.#eye[1]!
      const wz = p[geom * 3 + 2]! + m[at + 6]! * x + m[at + 7]! * y + m[at + 8]! * z - this.#eye[2]!
      const c0 = inverse[0]! * wx + inverse[1]! * wy + inverse[2]! * wz
      let px = inverse[3]! * wx + inverse[4]! * wy + inverse[5]! * wz
      let py = inverse[6]! * wx + inverse[7]! * wy + inverse[8]! * wz
      if (!this.#isParallel) {
        // A corner beside or behind the eye: the outline is unbounded.
        if (c0 < 1e-3) return [0, sizePx - 1, 0, sizePx - 1]
        px /= c0
        py /= c0
      }
      if (px < left) left = px
      if (px > right) right = px
      if (py < top) top = py
      if (py > bottom) bottom = py
    }
    const x0 = Math.max(0, Math.ceil(left - 1e-6))
    const x1 = Math.min(sizePx - 1, Math.floor(right + 1e-6))
    const y0 = Math.max(0, Math.ceil(top - 1e-6))
    const y1 = Math.min(sizePx - 1, Math.floor(bottom + 1e-6))
    return x0 <= x1 && y0 <= y1 ? [x0, x1, y0, y1] : null
  }
}

/** Inverse of [a b c] (columns), row-major. */
function invert(a: Float64Array, b: Float64Array, c: Float64Array): Float64Array {
  const row = (u: Float64Array, v: Float64Array): [number, number, number] => [
    u[1]! * v[2]! - u[2]! * v[1]!, u[2]! * v[0]! - u[0]! * v[2]!, u[0]! * v[1]! - u[1]! * v[0]!,
  ]
  const first = row(b, c)
  const determinant = a[0]! * first[0] + a[1]! * first[1] + a[2]! * first[2]
  return Float64Array.from([...first, ...row(c, a), ...row(a, b)], (value) => value / determinant)
}

function toGeomFrame(rays: Rays, poses: Poses, geom: number, frame: Float64Array): void {
  const p = poses.geomPosition
  const m = poses.geomRotation
  const at = geom * 9
  for (let part = 0; part < 6; part++) {
    const source = part < 3 ? rays.origin[part]! : rays.direction[part - 3]!
    let x = source[0]!
    let y = source[1]!
    let z = source[2]!
    if (part === 0) {
      x -= p[geom * 3]!
      y -= p[geom * 3 + 1]!
      z -= p[geom * 3 + 2]!
    }
    frame[part * 3] = m[at]! * x + m[at + 3]! * y + m[at + 6]! * z
    frame[part * 3 + 1] = m[at + 1]! * x + m[at + 4]! * y + m[at + 7]! * z
    frame[part * 3 + 2] = m[at + 2]! * x + m[at + 5]! * y + m[at + 8]! * z
  }
}

function hit(geoms: GeomTable, geom: number, ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number {
  const a = geoms.size[geom * 3]!
  const b = geoms.size[geom * 3 + 1]!
  const c = geoms.size[geom * 3 + 2]!
  switch (geoms.type[geom]) {
    case 'box': return hitBox(ox, oy, oz, dx, dy, dz, a, b, c)
    case 'cylinder': return hitCylinder(ox, oy, oz, dx, dy, dz, a, b)
    case 'plane': return hitPlane(oz, dz)
    case 'sphere': return hitSphere(ox, oy, oz, dx, dy, dz, a)
    case 'capsule': return hitCapsule(ox, oy, oz, dx, dy, dz, a, b)
    default: return hitEllipsoid(ox, oy, oz, dx, dy, dz, a, b, c)
  }
}

function rasteriseGeom(geoms: GeomTable, geom: number, frame: Float64Array, bounds: Bounds, sizePx: number, depth: Float32Array, ids: Int16Array): void {
  const type = geoms.type[geom]!
  const a = geoms.size[geom * 3]!
  const b = geoms.size[geom * 3 + 1]!
  const c = geoms.size[geom * 3 + 2]!
  const [x0, x1, y0, y1] = bounds
  const stepOx = frame[3]!, stepOy = frame[4]!, stepOz = frame[5]!
  const stepDx = frame[12]!, stepDy = frame[13]!, stepDz = frame[14]!
  for (let y = y0; y <= y1; y++) {
    let ox = frame[0]! + frame[6]! * y + stepOx * x0, oy = frame[1]! + frame[7]! * y + stepOy * x0, oz = frame[2]! + frame[8]! * y + stepOz * x0
    let dx = frame[9]! + frame[15]! * y + stepDx * x0, dy = frame[10]! + frame[16]! * y + stepDy * x0, dz = frame[11]! + frame[17]! * y + stepDz * x0
    for (let pixel = y * sizePx + x0, end = y * sizePx + x1; pixel <= end; pixel++) {
      const t =
        type === 'box' ? hitBox(ox, oy, oz, dx, dy, dz, a, b, c)
        : type === 'cylinder' ? hitCylinder(ox, oy, oz, dx, dy, dz, a, b)
        : type === 'plane' ? hitPlane(oz, dz)
        : type === 'sphere' ? hitSphere(ox, oy, oz, dx, dy, dz, a)
        : type === 'capsule' ? hitCapsule(ox, oy, oz, dx, dy, dz, a, b)
        : hitEllipsoid(ox, oy, oz, dx, dy, dz, a, b, c)
      if (t < depth[pixel]!) {
        depth[pixel] = t
        ids[pixel] = geom
      }
      ox += stepOx
      oy += stepOy
      oz += stepOz
      dx += stepDx
      dy += stepDy
      dz += stepDz
    }
  }
}
