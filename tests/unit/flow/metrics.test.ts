import { describe, expect, it } from 'vitest'
import type { FlowField } from '../../../electron/base/image.ts'
import { angularErrorDeg, directionErrorDeg, endPointErrorPx, flPercent, intersectionOverUnion, movingMask, outliersPercent, warp } from '../../../electron/flow/metrics.ts'

const field = (vectors: readonly (readonly [number, number])[], valid?: readonly number[]): FlowField => ({
  width: vectors.length, height: 1, uv: Float32Array.from(vectors.flat()), valid: valid ? Uint8Array.from(valid) : undefined,
})

describe('flow metrics', () => {
  const truth = field([[3, 4], [0, 10], [0, 0]])

  it('measures the mean length of the difference, and skips what the truth does not know', () => {
    expect(endPointErrorPx(field([[0, 0], [0, 10], [0, 1]]), truth)).toBeCloseTo((5 + 0 + 1) / 3, 6)
    expect(endPointErrorPx(field([[0, 0], [0, 10], [0, 1]]), field([[3, 4], [0, 10], [0, 0]], [0, 1, 1]))).toBeCloseTo(0.5, 6)
    expect(endPointErrorPx(truth, truth, Uint8Array.of(0, 0, 0))).toBeNull()
  })

  it("counts KITTI's outliers only beyond 3 px and 5 %", () => {
    const long = field([[100, 0], [100, 0], [10, 0]])
    expect(flPercent(field([[104, 0], [106, 0], [13.5, 0]]), long)).toBeCloseTo(200 / 3, 6)
    expect(outliersPercent(field([[104, 0], [106, 0], [10.5, 0]]), long, 1)).toBeCloseTo(200 / 3, 6)
  })

  it('measures angles in space-time and in the picture', () => {
    expect(angularErrorDeg(field([[1, 0]]), field([[0, 0]]))).toBeCloseTo(45, 6)
    expect(directionErrorDeg(field([[5, 0], [0, 0]]), field([[0, 2], [3, 0]]))).toBeCloseTo(90, 6)
  })

  it('compares masks', () => {
    expect(intersectionOverUnion(movingMask(truth), Uint8Array.of(1, 0, 1))).toBeCloseTo(1 / 3, 6)
    expect(intersectionOverUnion(Uint8Array.of(0), Uint8Array.of(0))).toBeNull()
  })

  it('refuses flows of different sizes', () => {
    expect(() => endPointErrorPx(field([[0, 0]]), truth)).toThrowError(/1 x 1 was compared with one of 3 x 1/)
  })

  it('pulls the later picture back along the flow', () => {
    const later = { width: 3, height: 1, data: Uint8Array.of(0, 0, 0, 0, 0, 0, 90, 60, 30) }
    expect([...warp(later, field([[2, 0], [0.5, 0], [0, 0]])).data]).toEqual([90, 60, 30, 45, 30, 15, 90, 60, 30])
  })
})
