import type { MainModule, MjData, MjModel } from '@mujoco/mujoco'
import { perspectiveRays, type Camera, type GBuffer, type Poses } from './g-buffer.ts'

/**
 * The reference for the rasteriser: the same G-buffer by MuJoCo's own ray casting, which shares no code with it. `data`
 * must stand at `poses`. One mj_ray a pixel: the faster mj_multiRay of 3.14 loses hits near the outlines of bodies that
 * it has pruned by their angles.
 */
export function raycast(module: MainModule, model: MjModel, data: MjData, poses: Poses, camera: Camera, target: GBuffer): void {
  const { sizePx, geom, depth, local } = target
  const { origin, direction } = perspectiveRays(poses, camera, sizePx)
  const m = poses.geomRotation
  const p = poses.geomPosition
  const eye = origin[0]
  const ray = new Float64Array(3)
  // Group 3 holds the contact stand-ins that are never drawn. The bindings' types ask for number[] but want typed arrays.
  const groups = Uint8Array.of(1, 1, 1, 0, 0, 0) as unknown as number[]
  const hitId = new module.IntBuffer(1)
  const normal = new module.DoubleBuffer(3)
  try {
    for (let y = 0, pixel = 0; y < sizePx; y++) {
      for (let x = 0; x < sizePx; x++, pixel++) {
        for (let k = 0; k < 3; k++) ray[k] = direction[0][k]! + direction[1][k]! * x + direction[2][k]! * y
        // The direction has length 1 along the viewing axis, so the distance in its units is depth.
        const t = module.mj_ray(model, data, eye as unknown as number[], ray as unknown as number[], groups, true, -1, hitId, normal)
        const id = t < 0 ? -1 : ((hitId.GetView() as Int32Array)[0] ?? -1)
        geom[pixel] = id
        depth[pixel] = id < 0 ? Infinity : t
        for (let k = 0; k < 3; k++) {
          local[pixel * 3 + k] = 0
          if (id >= 0) for (let axis = 0; axis < 3; axis++) local[pixel * 3 + k]! += m[id * 9 + axis * 3 + k]! * (eye[axis]! + t * ray[axis]! - p[id * 3 + axis]!)
        }
      }
    }
  } finally {
    hitId.delete()
    normal.delete()
  }
}
