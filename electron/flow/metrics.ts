import type { FlowField, RgbImage } from '../base/image.ts'
import { KinoraError } from '../contract/errors.ts'

/** Which pixels a metric looks at: those with mask 1, or all. A truth's `valid` always counts as well. */
export type PixelMask = Uint8Array

const unknownPx = 1e9

function requireSameSize(a: { readonly width: number; readonly height: number }, b: { readonly width: number; readonly height: number }): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new KinoraError('dataset-invalid', `A flow of ${a.width} x ${a.height} was compared with one of ${b.width} x ${b.height}.`, 'Compare flows of the same picture.')
  }
}

/** Mean of `term` over the pixels that count, or null when there are none. */
function meanOver(flow: FlowField, truth: FlowField, mask: PixelMask | undefined, term: (u: number, v: number, trueU: number, trueV: number) => number): number | null {
  requireSameSize(flow, truth)
  let sum = 0
  let count = 0
  for (let pixel = 0; pixel < truth.width * truth.height; pixel++) {
    if ((mask && !mask[pixel]) || (truth.valid && !truth.valid[pixel])) continue
    const trueU = truth.uv[pixel * 2]!
    const trueV = truth.uv[pixel * 2 + 1]!
    if (!(Math.abs(trueU) < unknownPx && Math.abs(trueV) < unknownPx)) continue
    sum += term(flow.uv[pixel * 2]!, flow.uv[pixel * 2 + 1]!, trueU, trueV)
    count++
  }
  return count === 0 ? null : sum / count
}

/** EPE: mean length of the difference, in pixels. */
export function endPointErrorPx(flow: FlowField, truth: FlowField, mask?: PixelMask): number | null {
  return meanOver(flow, truth, mask, (u, v, trueU, trueV) => Math.hypot(u - trueU, v - trueV))
}

/** Share of pixels whose end point is off by more than `limitPx`, in percent. */
export function outliersPercent(flow: FlowField, truth: FlowField, limitPx: number, mask?: PixelMask): number | null {
  return meanOver(flow, truth, mask, (u, v, trueU, trueV) => (Math.hypot(u - trueU, v - trueV) > limitPx ? 100 : 0))
}

/** KITTI's Fl: percent of pixels off by more than 3 px and more than 5 % of the true length (Menze and Geiger, CVPR 2015). */
export function flPercent(flow: FlowField, truth: FlowField, mask?: PixelMask): number | null {
  return meanOver(flow, truth, mask, (u, v, trueU, trueV) => {
    const error = Math.hypot(u - trueU, v - trueV)
    return error > 3 && error > 0.05 * Math.hypot(trueU, trueV) ? 100 : 0
  })
}

/** Angular error of Barron et al. (IJCV 1994), between the vectors (u, v, 1), in degrees. */
export function angularErrorDeg(flow: FlowField, truth: FlowField, mask?: PixelMask): number | null {
  return meanOver(flow, truth, mask, (u, v, trueU, trueV) => {
    const cosine = (u * trueU + v * trueV + 1) / Math.sqrt((u * u + v * v + 1) * (trueU * trueU + trueV * trueV + 1))
    return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI
  })
}

/** Mean angle between the directions in the picture, in degrees, over pixels that move in both. */
export function directionErrorDeg(flow: FlowField, truth: FlowField, movingPx = 0.5): number | null {
  const both = movingMask(flow, movingPx).map((isMoving, pixel) => (isMoving && Math.hypot(truth.uv[pixel * 2]!, truth.uv[pixel * 2 + 1]!) >= movingPx ? 1 : 0))
  return meanOver(flow, truth, both, (u, v, trueU, trueV) => (Math.abs(Math.atan2(u * trueV - v * trueU, u * trueU + v * trueV)) * 180) / Math.PI)
}

/** 1 where the flow is at least `fromPx` long. */
export function movingMask(flow: FlowField, fromPx = 0.5): Uint8Array {
  return Uint8Array.from({ length: flow.width * flow.height }, (_, pixel) => (Math.hypot(flow.uv[pixel * 2]!, flow.uv[pixel * 2 + 1]!) >= fromPx ? 1 : 0))
}

/** Intersection over union of two masks, or null when both are empty. */
export function intersectionOverUnion(a: Uint8Array, b: Uint8Array): number | null {
  let both = 0
  let either = 0
  for (let pixel = 0; pixel < a.length; pixel++) {
    if (a[pixel] && b[pixel]) both++
    if (a[pixel] || b[pixel]) either++
  }
  return either === 0 ? null : both / either
}

/** The later picture pulled back along the flow (bilinear): where the flow is right it looks like the earlier one. */
export function warp(later: RgbImage, flow: FlowField): RgbImage {
  requireSameSize(later, flow)
  const { width, height } = flow
  const data = new Uint8Array(width * height * 3)
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const column = Math.min(width - 1, Math.max(0, x + flow.uv[pixel * 2]!))
      const row = Math.min(height - 1, Math.max(0, y + flow.uv[pixel * 2 + 1]!))
      const x0 = Math.floor(column)
      const y0 = Math.floor(row)
      const x1 = Math.min(width - 1, x0 + 1)
      const y1 = Math.min(height - 1, y0 + 1)
      const fx = column - x0
      const fy = row - y0
      for (let channel = 0; channel < 3; channel++) {
        const at = (line: number, place: number): number => later.data[(line * width + place) * 3 + channel]!
        const top = at(y0, x0) * (1 - fx) + at(y0, x1) * fx
        const bottom = at(y1, x0) * (1 - fx) + at(y1, x1) * fx
        data[pixel * 3 + channel] = Math.round(top * (1 - fy) + bottom * fy)
      }
    }
  }
  return { width, height, data }
}
