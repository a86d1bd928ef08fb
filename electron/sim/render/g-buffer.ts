import type { GeomTable } from '../scene/scene.ts'

/**
 * What a pinhole camera sees through the middle of each pixel, row-major, top row first: the geom (-1: nothing), the
 * depth along the viewing axis in metres (Infinity: nothing), and the point hit in the geom's own frame. Shading and
 * exact flow need nothing else, so they do not care who filled it: the rasteriser or MuJoCo's ray casting.
 */
export interface GBuffer {
  readonly sizePx: number
  readonly geom: Int16Array
  readonly depth: Float32Array
  /** [size, size, 3] */
  readonly local: Float32Array
}

export function createGBuffer(sizePx: number): GBuffer {
  const count = sizePx * sizePx
  return { sizePx, geom: new Int16Array(count), depth: new Float32Array(count), local: new Float32Array(count * 3) }
}

/** Poses at one instant: what rendering and flow need of the physics. */
export interface Poses {
  /** [geoms, 3] and [geoms, 9], world frame. */
  readonly geomPosition: Float64Array
  readonly geomRotation: Float64Array
  /** [cameras, 3] and [cameras, 9]: columns are right, up, back. */
  readonly cameraPosition: Float64Array
  readonly cameraRotation: Float64Array
  /** Which of the lit surfaces are lit, by geom id. */
  readonly isLit: Uint8Array
}

/** A square pinhole camera. */
export interface Camera {
  readonly id: number
  readonly fovyDeg: number
}

/** Focal length in pixels of a square picture. */
export const focalPx = (camera: Camera, sizePx: number): number => sizePx / 2 / Math.tan((camera.fovyDeg * Math.PI) / 360)

/**
 * Rays of a picture: origin + depth * direction, both affine in the pixel's column x and row y (world frame).
 * A perspective camera has one origin, a parallel projection one direction.
 */
export interface Rays {
  readonly origin: readonly [Float64Array, Float64Array, Float64Array]
  readonly direction: readonly [Float64Array, Float64Array, Float64Array]
}

/** Rays through pixel centres; direction has length 1 along the viewing axis, so a ray's parameter is depth. */
export function perspectiveRays(poses: Poses, camera: Camera, sizePx: number): Rays {
  const m = poses.cameraRotation.subarray(camera.id * 9, camera.id * 9 + 9)
  const f = focalPx(camera, sizePx)
  const half = (0.5 - sizePx / 2) / f
  const axis = (column: number): Float64Array => Float64Array.of(m[column]!, m[3 + column]!, m[6 + column]!)
  const [right, up, back] = [axis(0), axis(1), axis(2)]
  const start = Float64Array.from(right, (_, k) => right[k]! * half - up[k]! * half - back[k]!)
  const zero = new Float64Array(3)
  return {
    origin: [poses.cameraPosition.slice(camera.id * 3, camera.id * 3 + 3), zero, zero],
    direction: [start, right.map((value) => value / f), up.map((value) => -value / f)],
  }
}

/** Fills a G-buffer for one camera. */
export interface GBufferSource {
  fill(geoms: GeomTable, poses: Poses, camera: Camera, target: GBuffer): void
}
