import type { MainModule, MjData, MjModel } from '@mujoco/mujoco'
import { perspectiveRays, type Camera, type GBuffer, type Poses } from './g-buffer.ts'

/**
 * The reference for the rasteriser: the same G-buffer by MuJoCo's own ray casting (mj_multiRay), which shares no code
 * with it. `data` must stand at `poses`.
 */
export function raycast(module: MainModule, model: MjModel, data: MjData, poses: Poses, camera: Camera, target: GBuffer): void {
  const { sizePx, geom, depth, local } = target
  const count = sizePx * sizePx
  const { origin, direction } = perspectiveRays(poses, camera, sizePx)
  const vectors = new Float64Array(count * 3)
  const lengths = new Float64Array(count)
  for (let y = 0, pixel = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++, pixel++) {
      const v = [0, 1, 2].map((k) => direction[0][k]! + direction[1][k]! * x + direction[2][k]! * y) as [number, number, number]
      const length = Math.hypot(...v)
      lengths[pixel] = length
      for (let k = 0; k < 3; k++) vectors[pixel * 3 + k] = v[k]! / length
    }
  }
  const ids = new module.IntBuffer(count)
  const distances = new module.DoubleBuffer(count)
  try {
    // Group 3 holds the contact stand-ins that are never drawn. The bindings' types ask for number[] but want typed arrays.
    const groups = Uint8Array.of(1, 1, 1, 0, 0, 0)
    module.mj_multiRay(model, data, origin[0] as unknown as number[], vectors as unknown as number[], groups as unknown as number[], true, -1, ids, distances, null, count, 1e10)
    const hitId: Int32Array = ids.GetView()
    const hitDistance: Float64Array = distances.GetView()
    for (let pixel = 0; pixel < count; pixel++) {
      const id = hitId[pixel]!
      geom[pixel] = id
      depth[pixel] = id < 0 ? Infinity : hitDistance[pixel]! / lengths[pixel]!
      for (let k = 0; k < 3; k++) local[pixel * 3 + k] = 0
      if (id < 0) continue
      const p = [0, 1, 2].map((k) => origin[0][k]! + hitDistance[pixel]! * vectors[pixel * 3 + k]! - poses.geomPosition[id * 3 + k]!)
      const m = poses.geomRotation
      for (let k = 0; k < 3; k++) local[pixel * 3 + k] = m[id * 9 + k]! * p[0]! + m[id * 9 + 3 + k]! * p[1]! + m[id * 9 + 6 + k]! * p[2]!
    }
  } finally {
    ids.delete()
    distances.delete()
  }
}
