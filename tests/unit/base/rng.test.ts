import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox, Rng } from '../../../electron/base/rng.ts'

describe('philox', () => {
  // Known answers of Random123's kat_vectors for philox4x32 with 10 rounds.
  it.each([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)('gives the published words for counter $counter', ({ counter, key, words }) => {
    expect([...philox(counter, key)]).toEqual(words)
  })
})

describe('Rng', () => {
  it('continues from a saved state exactly', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(1000), (seed, skipped) => {
        const rng = new Rng(seed, 3)
        for (let index = 0; index < skipped; index++) rng.uint32()
        const resumed = Rng.restore(JSON.parse(JSON.stringify(rng.state)))
        expect([resumed.uint32(), resumed.normal(), resumed.uniform()]).toEqual([rng.uint32(), rng.normal(), rng.uniform()])
      }),
      { numRuns: 50 },
    )
  })

  it('has independent streams', () => {
    const first = new Rng(1, 0)
    const second = new Rng(1, 1)
    const same = Array.from({ length: 1000 }, () => first.uint32() === second.uint32()).filter(Boolean).length
    expect(same).toBe(0)
  })

  it('draws normals with mean 0, variance 1 and kurtosis 3', () => {
    const n = 200_000
    const values = new Rng(7).normals(n)
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / n
    // Five standard errors of each moment.
    expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(n))
    expect(Math.abs(moment(2) - 1)).toBeLessThan((5 * Math.sqrt(2)) / Math.sqrt(n))
    expect(Math.abs(moment(4) - 3)).toBeLessThan((5 * Math.sqrt(96)) / Math.sqrt(n))
  })

  it('draws Beta(a, 1) with mean a / (a + 1)', () => {
    const rng = new Rng(11)
    const n = 100_000
    let sum = 0
    for (let index = 0; index < n; index++) sum += rng.betaOne(1.5)
    expect(Math.abs(sum / n - 0.6)).toBeLessThan(5 * Math.sqrt(0.0686 / n))
  })

  it('permutes without losing or repeating', () => {
    const order = [...new Rng(5).permutation(1000)]
    expect(order).not.toEqual([...order].sort((a, b) => a - b))
    expect(new Set(order).size).toBe(1000)
  })

  it('refuses a bound that is no positive integer', () => {
    expect(() => new Rng(0).integer(0)).toThrow('expected a positive integer, got 0')
  })
})
