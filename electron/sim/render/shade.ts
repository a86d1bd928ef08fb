import type { GeomTable } from '../scene/scene.ts'
import type { Surface } from '../scene/surface.ts'
import { perspectiveRays, type Camera, type GBuffer, type Poses } from './g-buffer.ts'
import { outwardNormal } from './normal.ts'
import { towardLight, type ShadowMap } from './shadow-map.ts'
import { texture, textureSizePx } from './textures.ts'

const ambient = 0.5
const diffuse = 0.6
const background: readonly [number, number, number] = [206, 212, 220]
/** Width of the darker line along the edges of boxes, which sets equal colours apart. */
const bevelM = 0.0022

interface Material {
  readonly surface: Surface
  readonly texels: Float32Array | null
  readonly perMetre: number
}

const materials = new WeakMap<Surface, Material>()

function materialOf(surface: Surface): Material {
  let material = materials.get(surface)
  if (!material) {
    material = { surface, texels: surface.texture ? texture(surface.texture) : null, perMetre: textureSizePx / (surface.textureScale ?? 1) }
    materials.set(surface, material)
  }
  return material
}

/** Lambert and Blinn-Phong under one lamp with shadows, from a G-buffer alone. Writes [size, size, 3]. */
export function shade(geoms: GeomTable, poses: Poses, camera: Camera, buffer: GBuffer, shadows: ShadowMap, rgb: Uint8Array | Uint8ClampedArray): void {
  const { sizePx, geom: ids, depth, local } = buffer
  const { origin, direction } = perspectiveRays(poses, camera, sizePx)
  const [ex, ey, ez] = [origin[0][0]!, origin[0][1]!, origin[0][2]!]
  const [lx, ly, lz] = towardLight
  const m = poses.geomRotation
  const normal = new Float64Array(3)
  for (let y = 0, pixel = 0; y < sizePx; y++) {
    const rowX = direction[0][0]! + direction[2][0]! * y
    const rowY = direction[0][1]! + direction[2][1]! * y
    const rowZ = direction[0][2]! + direction[2][2]! * y
    for (let x = 0; x < sizePx; x++, pixel++) {
      const id = ids[pixel]!
      if (id < 0) {
        rgb[pixel * 3] = background[0]
        rgb[pixel * 3 + 1] = background[1]
        rgb[pixel * 3 + 2] = background[2]
        continue
      }
      const material = materialOf(geoms.surface[id]!)
      const { surface } = material
      const px = local[pixel * 3]!
      const py = local[pixel * 3 + 1]!
      const pz = local[pixel * 3 + 2]!
      outwardNormal(geoms, id, px, py, pz, normal)
      const nx = normal[0]!
      const ny = normal[1]!
      const nz = normal[2]!
      // Texture coordinates lie on the largest face; boxes are a little darker along their edges.
      let u = px
      let v = py
      let edge = 1
      if (geoms.type[id] === 'box') {
        if (nx !== 0) u = py
        if (nz === 0) v = pz
        const ax = nx !== 0 ? Infinity : geoms.size[id * 3]! - Math.abs(px)
        const ay = ny !== 0 ? Infinity : geoms.size[id * 3 + 1]! - Math.abs(py)
        const az = nz !== 0 ? Infinity : geoms.size[id * 3 + 2]! - Math.abs(pz)
        if (Math.min(ax, ay, az) < bevelM) edge = 0.86
      } else if (nz === 0) {
        u = Math.atan2(py, px) * geoms.size[id * 3]!
        v = pz
      }
      const at = id * 9
      const wx = m[at]! * nx + m[at + 1]! * ny + m[at + 2]! * nz
      const wy = m[at + 3]! * nx + m[at + 4]! * ny + m[at + 5]! * nz
      const wz = m[at + 6]! * nx + m[at + 7]! * ny + m[at + 8]! * nz

      const t = depth[pixel]!
      const dx = rowX + direction[1][0]! * x
      const dy = rowY + direction[1][1]! * x
      const dz = rowZ + direction[1][2]! * x
      const facing = wx * lx + wy * ly + wz * lz
      let lamp = 0
      if (facing > 0) {
        // The receiver is lifted along its normal so that it does not shade itself.
        const lift = 0.003
        lamp = facing * shadows.light(ex + t * dx + wx * lift, ey + t * dy + wy * lift, ez + t * dz + wz * lift)
      }
      let factor = (ambient * (0.82 + 0.18 * wz) + diffuse * lamp) * edge
      if (material.texels) {
        const column = Math.floor(u * material.perMetre) & (textureSizePx - 1)
        const row = Math.floor(v * material.perMetre) & (textureSizePx - 1)
        factor *= material.texels[row * textureSizePx + column]!
      }
      let highlight = 0
      if (surface.gloss !== undefined && lamp > 0) {
        const length = Math.sqrt(dx * dx + dy * dy + dz * dz)
        const hx = lx - dx / length
        const hy = ly - dy / length
        const hz = lz - dz / length
        const cosine = (wx * hx + wy * hy + wz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz)
        if (cosine > 0) highlight = 110 * surface.gloss * cosine ** 24
      }
      const isLit = surface.lit !== undefined && poses.isLit[id] === 1
      const colour = isLit ? surface.lit.colour : surface.colour
      if (isLit) factor = Math.max(factor, 1)
      const gain = 255 * factor
      const r = colour[0] * gain + highlight
      const g = colour[1] * gain + highlight
      const b = colour[2] * gain + highlight
      rgb[pixel * 3] = r > 255 ? 255 : r
      rgb[pixel * 3 + 1] = g > 255 ? 255 : g
      rgb[pixel * 3 + 2] = b > 255 ? 255 : b
    }
  }
}
