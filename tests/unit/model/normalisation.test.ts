import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { denormalise, normalise, normStatisticsSchema, vectorStatistics } from '../../../electron/model/normalisation.ts'

describe('vectorStatistics', () => {
  it('gives mean, population deviation and interpolated quantiles per dimension', () => {
    const rows = new Float32Array(202)
    for (let row = 0; row < 101; row++) {
      rows[row * 2] = row
      rows[row * 2 + 1] = 5
    }
    const statistics = vectorStatistics(rows, 2)
    expect(statistics.mean).toEqual([50, 5])
    expect(statistics.std[0]).toBeCloseTo(Math.sqrt((101 ** 2 - 1) / 12), 6)
    expect(statistics.std[1]).toBe(0)
    expect(statistics.q01).toEqual([1, 5])
    expect(statistics.q99).toEqual([99, 5])
  })
})

describe('normalise', () => {
  const statistics = { mean: [1, 0], std: [2, 0], q01: [-1, 3], q99: [3, 3] }

  it('is openpi\'s z-score and quantile formula', () => {
    const z = normalise([5, 0], statistics, 'z-score')
    expect(z[0]).toBeCloseTo((5 - 1) / (2 + 1e-6), 6)
    expect(z[1]).toBe(0)
    const q = normalise([1, 3], statistics, 'quantile')
    expect(q[0]).toBeCloseTo(((1 + 1) / (4 + 1e-6)) * 2 - 1, 6)
    expect(q[1]).toBe(-1)
  })

  it.each(['z-score', 'quantile'] as const)('is undone by denormalise: %s', (kind) => {
    const moving = { mean: [1, -2], std: [2, 0.1], q01: [-1, -3], q99: [3, 4] }
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 2 }), (values) => {
        const back = denormalise(normalise(values, moving, kind), moving, kind)
        values.forEach((value, index) => expect(back[index]).toBeCloseTo(value, 3))
      }),
      { seed: 3 },
    )
  })

  it('refuses rows of another width', () => {
    expect(() => normalise([1, 2, 3], statistics, 'z-score', 'The state')).toThrow(/The state has 3 values, expected a multiple of 2/)
  })

  it('keeps openpi\'s norm_stats.json layout', () => {
    expect(normStatisticsSchema.safeParse({ norm_stats: { state: statistics, actions: statistics } }).success).toBe(true)
    expect(normStatisticsSchema.safeParse({ norm_stats: { state: statistics, actions: statistics, extra: 1 } }).success).toBe(false)
  })
})
