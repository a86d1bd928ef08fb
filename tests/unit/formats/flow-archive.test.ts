import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FlowField } from '../../../electron/base/image.ts'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { decodeFlowArchive, encodeFlowArchive } from '../../../electron/formats/flow-archive.ts'

const flow = fc.record({ frames: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }), hasValid: fc.boolean() }).chain(({ frames, width, height, hasValid }) =>
  fc.array(
    fc.record({
      uv: fc.array(fc.float({ min: -600, max: 600, noNaN: true }), { minLength: width * height * 2, maxLength: width * height * 2 }),
      valid: fc.array(fc.nat(1), { minLength: width * height, maxLength: width * height }),
    }),
    { minLength: frames, maxLength: frames },
  ).map((fields) => fields.map(({ uv, valid }): FlowField => ({ width, height, uv: Float32Array.from(uv), ...(hasValid && { valid: Uint8Array.from(valid) }) }))),
)

describe('flow archive', () => {
  it('keeps every component within 2^-11 of its size, masks exactly', () => {
    fc.assert(
      fc.property(flow, (fields) => {
        const back = decodeFlowArchive(encodeFlowArchive(fields))
        expect(back.length).toBe(fields.length)
        for (const [frame, field] of fields.entries()) {
          expect(back[frame]!.valid).toEqual(field.valid)
          for (const [index, value] of field.uv.entries()) {
            expect(Math.abs(back[frame]!.uv[index]! - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25))
          }
        }
      }),
      { numRuns: 80 },
    )
  })

  it('is exact the second time: what was read is written the same', () => {
    fc.assert(fc.property(flow, (fields) => {
      const once = decodeFlowArchive(encodeFlowArchive(fields))
      expect(decodeFlowArchive(encodeFlowArchive(once))).toEqual(once)
    }), { numRuns: 40 })
  })

  it('refuses cuts, foreign bytes and impossible counts', () => {
    const bytes = encodeFlowArchive([{ width: 5, height: 4, uv: Float32Array.from({ length: 40 }, (_, index) => index) }])
    for (let keep = 0; keep < bytes.length; keep++) expect(() => decodeFlowArchive(bytes.subarray(0, keep))).toThrow(KinoraError)
    const huge = Uint8Array.from(bytes)
    new DataView(huge.buffer).setUint32(8, 0xffffffff, true)
    expect(() => decodeFlowArchive(huge)).toThrow(/not possible/)
  })
})
