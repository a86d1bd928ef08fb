import type { GeomTable } from '../scene/scene.ts'

/** Outward unit normal of a geom at a point of its surface, both in the geom's frame; written to `out`. */
export function outwardNormal(geoms: GeomTable, geom: number, x: number, y: number, z: number, out: Float64Array): void {
  const a = geoms.size[geom * 3]!
  const b = geoms.size[geom * 3 + 1]!
  const c = geoms.size[geom * 3 + 2]!
  out[0] = out[1] = out[2] = 0
  switch (geoms.type[geom]) {
    case 'plane':
      out[2] = 1
      return
    case 'box': {
      const fromX = a - Math.abs(x)
      const fromY = b - Math.abs(y)
      const fromZ = c - Math.abs(z)
      if (fromX <= fromY && fromX <= fromZ) out[0] = x < 0 ? -1 : 1
      else if (fromY <= fromZ) out[1] = y < 0 ? -1 : 1
      else out[2] = z < 0 ? -1 : 1
      return
    }
    case 'sphere':
      out[0] = x / a
      out[1] = y / a
      out[2] = z / a
      return
    case 'cylinder': {
      const radius = Math.sqrt(x * x + y * y)
      if (b - Math.abs(z) < a - radius) out[2] = z < 0 ? -1 : 1
      else {
        out[0] = x / radius
        out[1] = y / radius
      }
      return
    }
    case 'capsule':
      out[0] = x / a
      out[1] = y / a
      out[2] = Math.abs(z) <= b ? 0 : (z - (z < 0 ? -b : b)) / a
      return
    default: {
      const nx = x / (a * a)
      const ny = y / (b * b)
      const nz = z / (c * c)
      const length = Math.sqrt(nx * nx + ny * ny + nz * nz)
      out[0] = nx / length
      out[1] = ny / length
      out[2] = nz / length
    }
  }
}
