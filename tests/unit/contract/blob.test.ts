import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { blobUrl, curveQuerySchema, decodeCurves, encodeCurves, type SeriesWindow } from '../../../electron/contract/blob.ts'

describe('curves', () => {
  it('come back as they were, NaN, empty lines, lines without an axis and bands and all', () => {
    const none = new Float64Array()
    const windows: SeriesWindow[] = [
      { totalPoints: 1_000_000, steps: Float64Array.of(0, 10, 20), values: Float64Array.of(1.5, NaN, -Infinity), smoothed: Float64Array.of(1.5, 1.5, 1.25) },
      { totalPoints: 0, steps: none, values: none, smoothed: none },
      { totalPoints: -1, steps: none, values: none, smoothed: none },
      { totalPoints: 6, runCount: 3, steps: Float64Array.of(1, 2), values: Float64Array.of(3, 4), smoothed: Float64Array.of(3, 3.5), low: Float64Array.of(2, 3), high: Float64Array.of(4, 5) },
    ]
    expect(decodeCurves(encodeCurves(windows))).toEqual(windows)
    expect(decodeCurves(encodeCurves([]))).toEqual([])
  })
})

describe('blobUrl', () => {
  it('asks for curves by a text that a server reads back as the same queries, whatever a name may hold', () => {
    const query = { lines: [['run/../x'], ['a', 'b&c=#']], metric: 'loss/"action" é', widthPx: 800, axis: 'step', smoothingPoints: 20, from: 0, to: 100 } as const
    const url = new URL(blobUrl.curves([query, { ...query, metric: 'lr' }]), 'http://kinora')
    expect(url.pathname).toBe('/blob/curves')
    expect(z.array(curveQuerySchema).parse(JSON.parse(url.searchParams.get('of')!))).toEqual([query, { ...query, metric: 'lr' }])
  })
})
