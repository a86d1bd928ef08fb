import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { decodeFlo, encodeFlo } from '../../../electron/formats/flo.ts'

const sample = fileURLToPath(new URL('../../../../shared/data/flow/0000000-flow_01.flo', import.meta.url))

describe('flo', () => {
  it('gives back every component and the unknown pixels', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), fc.infiniteStream(fc.float({ min: -1e6, max: 1e6, noNaN: true })), fc.infiniteStream(fc.boolean()), (width, height, values, known) => {
      const uv = Float32Array.from({ length: width * height * 2 }, () => values.next().value as number)
      const valid = Uint8Array.from({ length: width * height }, () => (known.next().value ? 1 : 0))
      const back = decodeFlo(encodeFlo({ width, height, uv, valid }))
      for (const [pixel, isKnown] of valid.entries()) {
        expect(back.valid?.[pixel] ?? 1).toBe(isKnown)
        if (isKnown === 1) expect([...back.uv.subarray(pixel * 2, pixel * 2 + 2)]).toEqual([...uv.subarray(pixel * 2, pixel * 2 + 2)])
      }
    }), { numRuns: 60 })
  })

  it.skipIf(!existsSync(sample))('reads a real Middlebury file and writes the same bytes (skipped where ../shared/data is absent)', () => {
    const bytes = readFileSync(sample)
    const flow = decodeFlo(bytes)
    expect(flow.uv.length).toBe(flow.width * flow.height * 2)
    expect(flow.uv.every(Number.isFinite)).toBe(true)
    expect(Buffer.from(encodeFlo(flow)).equals(bytes)).toBe(true)
  })

  it('refuses foreign bytes, cuts and impossible sizes', () => {
    const bytes = encodeFlo({ width: 3, height: 2, uv: new Float32Array(12) })
    for (let keep = 0; keep < bytes.length; keep++) expect(() => decodeFlo(bytes.subarray(0, keep))).toThrow(KinoraError)
    const negative = Uint8Array.from(bytes)
    new DataView(negative.buffer).setInt32(4, -3, true)
    expect(() => decodeFlo(negative)).toThrow(/not possible/)
  })
})
