import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromFloat16, toFloat16 } from '../../../electron/formats/float16.ts'

describe('float16', () => {
  it('is the identity on all 65536 bit patterns but the payloads of NaN', () => {
    for (let half = 0; half < 0x10000; half++) {
      const value = fromFloat16(half)
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN()
      else if (toFloat16(value) !== half) expect.fail(`${half} -> ${value} -> ${toFloat16(value)}`)
    }
  })

  it('rounds to the nearest, ties to even, as DataView does', () => {
    // The runtime's own conversion (ES2025) is the oracle.
    const view = new DataView(new ArrayBuffer(2)) as DataView & { setFloat16(offset: number, value: number): void }
    const check = (value: number): void => {
      view.setFloat16(0, value)
      const expected = view.getUint16(0)
      if (Number.isNaN(value)) expect(fromFloat16(toFloat16(value))).toBeNaN()
      else expect(toFloat16(value), String(value)).toBe(expected)
    }
    for (const value of [0, -0, 65504, 65519.99, 65520, 1e9, -1e9, Infinity, -Infinity, 2 ** -24, 2 ** -25, 2 ** -26, 2 ** -14, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 0.1]) check(Math.fround(value))
    fc.assert(fc.property(fc.float(), check), { numRuns: 2000 })
    fc.assert(fc.property(fc.float({ min: -2, max: 2 }), check), { numRuns: 2000 })
  })
})
