import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lookAt, matFromQuat, multiplyQuat, quatFromMat, quatFromRotationVector, rotate, rotationVectorFromQuat, unrotate, wrapAngle, type Vec3 } from '../../../electron/sim/pose.ts'

const component = fc.double({ min: -1.7, max: 1.7, noNaN: true })
const vector = fc.tuple(component, component, component)

describe('poses', () => {
  it('turns rotation vectors into quaternions, matrices and back', () => {
    fc.assert(
      fc.property(vector, vector, (turn, point) => {
        const q = quatFromRotationVector(turn)
        const m = matFromQuat(q)
        rotationVectorFromQuat(q).forEach((value, k) => expect(value).toBeCloseTo(turn[k]!, 9))
        rotationVectorFromQuat(quatFromMat(m)).forEach((value, k) => expect(value).toBeCloseTo(turn[k]!, 6))
        unrotate(m, rotate(m, point)).forEach((value, k) => expect(value).toBeCloseTo(point[k]!, 9))
      }),
      { seed: 2 },
    )
  })

  it('composes rotations from right to left', () => {
    const aboutZ = quatFromRotationVector([0, 0, Math.PI / 2])
    const aboutX = quatFromRotationVector([Math.PI / 2, 0, 0])
    rotate(matFromQuat(multiplyQuat(aboutZ, aboutX)), [0, 1, 0]).forEach((value, k) => expect(value).toBeCloseTo([0, 0, 1][k]!, 12))
  })

  it('points cameras with -z at the target and y up', () => {
    const eye: Vec3 = [1, 2, 3]
    const m = matFromQuat(lookAt(eye, [0, 0, 0]))
    const length = Math.hypot(...eye)
    rotate(m, [0, 0, -1]).forEach((value, k) => expect(value).toBeCloseTo(-eye[k]! / length, 9))
    expect(rotate(m, [0, 1, 0])[2]).toBeGreaterThan(0)
    expect(rotate(m, [1, 0, 0])[2]).toBeCloseTo(0, 9)
  })

  it('wraps angles into half a period to each side', () => {
    expect(wrapAngle(3.5 * Math.PI)).toBeCloseTo(-0.5 * Math.PI, 12)
    expect(wrapAngle(0.8, Math.PI / 2)).toBeCloseTo(0.8 - Math.PI / 2, 12)
  })
})
