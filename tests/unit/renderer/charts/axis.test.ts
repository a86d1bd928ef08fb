import { expect, test } from 'vitest'
import { multiplesIn, tickInterval } from '../../../../renderer/charts/axis.ts'
import { niceRange } from '../../../../renderer/charts/series.ts'

const nice = (low: number, high: number, count: number): number => niceRange(low, high, count).step

test('steps are labelled at whole numbers, however few there are', () => {
  for (const [low, high] of [[1, 4], [0, 1], [0, 12], [100, 130], [0, 800], [0, 1_000_000]] as const) {
    const interval = tickInterval('step', low, high, 6, nice)
    expect(Number.isInteger(interval), `${low} to ${high} by ${interval}`).toBe(true)
    expect((high - low) / interval, `${low} to ${high} by ${interval}`).toBeLessThanOrEqual(7)
  }
  expect(tickInterval('step', 1, 4, 6, nice)).toBe(1)
  expect(tickInterval('epoch', 0, 1, 5, nice)).toBe(0.2)
})

test('times are labelled at whole minutes and hours', () => {
  expect(tickInterval('relative', 0, 3600, 6, nice)).toBe(600)
  expect(tickInterval('wall', 0, 3 * 86_400_000, 6, nice)).toBe(43_200_000)
})

test('labels are at round places, wherever the axis begins and ends', () => {
  expect(multiplesIn(125, 800, 200)).toEqual([200, 400, 600, 800])
  expect(multiplesIn(0.1 + 0.2, 0.9, 0.3).map((place) => Number(place.toFixed(3)))).toEqual([0.3, 0.6, 0.9])
  expect(multiplesIn(-0.4, 1, 0.5).map((place) => place + 0)).toEqual([0, 0.5, 1])
  expect(multiplesIn(1, 2, 10)).toEqual([])
})
