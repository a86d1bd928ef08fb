import type { FlowField } from '../base/image.ts'
import { focalPx, perspectiveRays, type Camera, type GBuffer, type Poses } from './render/g-buffer.ts'
import { hitBox, hitCapsule, hitCylinder, hitEllipsoid, hitPlane, hitSphere } from './render/intersect.ts'
import { outwardNormal } from './render/normal.ts'
import type { GeomTable } from './scene/scene.ts'

/** Surfaces closer than this to the moved point are the point's own. */
const sameSurfaceM = 5e-4

/**
 * Exact optical flow between two instants of one camera. Every pixel's surface point rides on its geom from `from` to
 * `to` and is projected again, so the flow has no estimator's error. `valid` is 1 where the point is inside of the later
 * picture and nothing hides it there: its own geom hides it when it has turned away (all geoms are convex), another one
 * when the ray to it meets that geom first; the candidates are what `toView` shows around the point.
 *
 * Swap the instants for backward flow.
 */
export function exactFlow(geoms: GeomTable, camera: Camera, from: Poses, fromView: GBuffer, to: Poses, toView: GBuffer): FlowField {
  const { sizePx } = fromView
  const count = sizePx * sizePx
  const uv = new Float32Array(count * 2)
  const valid = new Uint8Array(count)
  const f = focalPx(camera, sizePx)
  const middle = (sizePx - 1) / 2
  const eye = to.cameraPosition.subarray(camera.id * 3, camera.id * 3 + 3)
  const axes = to.cameraRotation.subarray(camera.id * 9, camera.id * 9 + 9)
  const [ex, ey, ez] = [eye[0]!, eye[1]!, eye[2]!]
  const isCameraStill = isSame(from.cameraPosition, to.cameraPosition, camera.id * 3, 3) && isSame(from.cameraRotation, to.cameraRotation, camera.id * 9, 9)
  const isStill = new Uint8Array(geoms.count)
  for (let geom = 0; geom < geoms.count; geom++) {
    if (isCameraStill && isSame(from.geomPosition, to.geomPosition, geom * 3, 3) && isSame(from.geomRotation, to.geomRotation, geom * 9, 9)) isStill[geom] = 1
  }
  const { direction } = perspectiveRays(from, camera, sizePx)
  const normal = new Float64Array(3)
  const m = to.geomRotation
  const p = to.geomPosition

  for (let y = 0, pixel = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++, pixel++) {
      const geom = fromView.geom[pixel]!
      if (geom < 0 ? isCameraStill : isStill[geom] === 1) {
        valid[pixel] = toView.geom[pixel] === geom ? 1 : 0
        continue
      }
      // The point relative to the later eye; an empty pixel is a direction, infinitely far away.
      let wx: number
      let wy: number
      let wz: number
      let isFacing = true
      if (geom < 0) {
        wx = direction[0][0]! + direction[1][0]! * x + direction[2][0]! * y
        wy = direction[0][1]! + direction[1][1]! * x + direction[2][1]! * y
        wz = direction[0][2]! + direction[1][2]! * x + direction[2][2]! * y
      } else {
        const lx = fromView.local[pixel * 3]!
        const ly = fromView.local[pixel * 3 + 1]!
        const lz = fromView.local[pixel * 3 + 2]!
        const at = geom * 9
        wx = m[at]! * lx + m[at + 1]! * ly + m[at + 2]! * lz + p[geom * 3]! - ex
        wy = m[at + 3]! * lx + m[at + 4]! * ly + m[at + 5]! * lz + p[geom * 3 + 1]! - ey
        wz = m[at + 6]! * lx + m[at + 7]! * ly + m[at + 8]! * lz + p[geom * 3 + 2]! - ez
        outwardNormal(geoms, geom, lx, ly, lz, normal)
        const nx = m[at]! * normal[0]! + m[at + 1]! * normal[1]! + m[at + 2]! * normal[2]!
        const ny = m[at + 3]! * normal[0]! + m[at + 4]! * normal[1]! + m[at + 5]! * normal[2]!
        const nz = m[at + 6]! * normal[0]! + m[at + 7]! * normal[1]! + m[at + 8]! * normal[2]!
        isFacing = nx * wx + ny * wy + nz * wz < 0
      }
      const depth = -(axes[2]! * wx + axes[5]! * wy + axes[8]! * wz)
      if (depth <= 1e-4) continue
      const column = middle + (f * (axes[0]! * wx + axes[3]! * wy + axes[6]! * wz)) / depth
      const row = middle - (f * (axes[1]! * wx + axes[4]! * wy + axes[7]! * wz)) / depth
      uv[pixel * 2] = column - x
      uv[pixel * 2 + 1] = row - y
      if (!isFacing || column < -0.5 || row < -0.5 || column >= sizePx - 0.5 || row >= sizePx - 0.5) continue
      const limit = geom < 0 ? Infinity : 1 - sameSurfaceM / Math.sqrt(wx * wx + wy * wy + wz * wz)
      valid[pixel] = isHidden(geoms, to, toView, geom, column, row, ex, ey, ez, wx, wy, wz, limit) ? 0 : 1
    }
  }
  return { width: sizePx, height: sizePx, uv, valid }
}

function isSame(a: Float64Array, b: Float64Array, start: number, count: number): boolean {
  for (let index = start; index < start + count; index++) if (a[index] !== b[index]) return false
  return true
}

/** Whether a geom seen in one of the four pixels around (column, row) stands between the eye and eye + w. */
function isHidden(
  geoms: GeomTable, to: Poses, toView: GBuffer, own: number, column: number, row: number,
  ex: number, ey: number, ez: number, wx: number, wy: number, wz: number, limit: number,
): boolean {
  const { sizePx, geom: ids } = toView
  const x0 = Math.max(0, Math.floor(column))
  const x1 = Math.min(sizePx - 1, x0 + 1)
  const y0 = Math.max(0, Math.floor(row))
  const y1 = Math.min(sizePx - 1, y0 + 1)
  const a = ids[y0 * sizePx + x0]!
  const b = ids[y0 * sizePx + x1]!
  const c = ids[y1 * sizePx + x0]!
  const d = ids[y1 * sizePx + x1]!
  return (
    (a !== own && a >= 0 && meets(geoms, to, a, ex, ey, ez, wx, wy, wz) < limit) ||
    (b !== own && b >= 0 && b !== a && meets(geoms, to, b, ex, ey, ez, wx, wy, wz) < limit) ||
    (c !== own && c >= 0 && c !== a && c !== b && meets(geoms, to, c, ex, ey, ez, wx, wy, wz) < limit) ||
    (d !== own && d >= 0 && d !== a && d !== b && d !== c && meets(geoms, to, d, ex, ey, ez, wx, wy, wz) < limit)
  )
}

/** Parameter at which the ray e + t w meets a geom, Infinity when it does not. */
function meets(geoms: GeomTable, poses: Poses, geom: number, ex: number, ey: number, ez: number, wx: number, wy: number, wz: number): number {
  const m = poses.geomRotation
  const at = geom * 9
  const x = ex - poses.geomPosition[geom * 3]!
  const y = ey - poses.geomPosition[geom * 3 + 1]!
  const z = ez - poses.geomPosition[geom * 3 + 2]!
  const ox = m[at]! * x + m[at + 3]! * y + m[at + 6]! * z
  const oy = m[at + 1]! * x + m[at + 4]! * y + m[at + 7]! * z
  const oz = m[at + 2]! * x + m[at + 5]! * y + m[at + 8]! * z
  const dx = m[at]! * wx + m[at + 3]! * wy + m[at + 6]! * wz
  const dy = m[at + 1]! * wx + m[at + 4]! * wy + m[at + 7]! * wz
  const dz = m[at + 2]! * wx + m[at + 5]! * wy + m[at + 8]! * wz
  const a = geoms.size[geom * 3]!
  const b = geoms.size[geom * 3 + 1]!
  const c = geoms.size[geom * 3 + 2]!
  switch (geoms.type[geom]) {
    case 'plane': return hitPlane(oz, dz)
    case 'box': return hitBox(ox, oy, oz, dx, dy, dz, a, b, c)
    case 'sphere': return hitSphere(ox, oy, oz, dx, dy, dz, a)
    case 'cylinder': return hitCylinder(ox, oy, oz, dx, dy, dz, a, b)
    case 'capsule': return hitCapsule(ox, oy, oz, dx, dy, dz, a, b)
    default: return hitEllipsoid(ox, oy, oz, dx, dy, dz, a, b, c)
  }
}
