import { describe, expect, it } from 'vitest'
import { blobUrl, decodeSeries, encodeSeries } from '../../../electron/contract/blob.ts'

describe('series window', () => {
  it('comes back as it was, NaN and all', () => {
    const window = {
      totalPoints: 1_000_000,
      steps: Float64Array.of(0, 10, 20),
      values: Float64Array.of(1.5, NaN, -Infinity),
      smoothed: Float64Array.of(1.5, 1.5, 1.25),
    }
    expect(decodeSeries(encodeSeries(window))).toEqual(window)
  })

  it('holds an empty window', () => {
    const empty = new Float64Array()
    expect(decodeSeries(encodeSeries({ totalPoints: 0, steps: empty, values: empty, smoothed: empty })).steps.length).toBe(0)
  })
})

describe('blobUrl', () => {
  it('escapes what a name may hold', () => {
    expect(blobUrl.series('run/../x', 'loss/action', 800, 0, 100)).toBe('/blob/series/run%2F..%2Fx/loss%2Faction?width=800&from=0&to=100')
  })
})
