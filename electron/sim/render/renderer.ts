import type { RgbImage } from '../../base/image.ts'
import type { GeomTable } from '../scene/scene.ts'
import { createGBuffer, type Camera, type GBuffer, type Poses } from './g-buffer.ts'
import { Rasteriser } from './rasterise.ts'
import { shade } from './shade.ts'
import { ShadowMap } from './shadow-map.ts'

/**
 * Pictures from poses. Small pictures are shaded at twice their size and averaged, so that things narrower than a pixel
 * do not flicker; the G-buffer for flow always has one sample in the middle of each pixel.
 */
export class Renderer {
  readonly #sizePx: number
  readonly #rasteriser = new Rasteriser()
  readonly #shadows = new ShadowMap()
  readonly #samples: 1 | 2
  readonly #fine: GBuffer
  readonly #fineRgb: Uint8ClampedArray

  constructor(sizePx: number) {
    this.#sizePx = sizePx
    this.#samples = sizePx < 128 ? 2 : 1
    this.#fine = createGBuffer(sizePx * this.#samples)
    this.#fineRgb = new Uint8ClampedArray((sizePx * this.#samples) ** 2 * 3)
  }

  /** Once per instant, before its pictures. */
  begin(geoms: GeomTable, poses: Poses): void {
    this.#shadows.update(this.#rasteriser, geoms, poses)
  }

  image(geoms: GeomTable, poses: Poses, camera: Camera): RgbImage {
    const size = this.#sizePx
    this.#rasteriser.fill(geoms, poses, camera, this.#fine)
    if (this.#samples === 1) {
      const data = new Uint8Array(size * size * 3)
      shade(geoms, poses, camera, this.#fine, this.#shadows, data)
      return { width: size, height: size, data }
    }
    shade(geoms, poses, camera, this.#fine, this.#shadows, this.#fineRgb)
    return { width: size, height: size, data: halve(this.#fineRgb, size) }
  }

  gBuffer(geoms: GeomTable, poses: Poses, camera: Camera, target = createGBuffer(this.#sizePx)): GBuffer {
    this.#rasteriser.fill(geoms, poses, camera, target)
    return target
  }
}

/** Mean of each 2x2 block, rounded. `size` is the side of the result. */
function halve(fine: Uint8ClampedArray, size: number): Uint8Array {
  const result = new Uint8Array(size * size * 3)
  const stride = size * 6
  for (let y = 0, out = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = y * 2 * stride + x * 6
      for (let k = 0; k < 3; k++, out++) {
        result[out] = (fine[at + k]! + fine[at + 3 + k]! + fine[at + stride + k]! + fine[at + stride + 3 + k]! + 2) >> 2
      }
    }
  }
  return result
}
