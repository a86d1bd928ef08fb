import { expect, it } from 'vitest'
import type { SeriesWindow } from '../../../../electron/contract/blob.ts'
import { fetchWholeSeries } from '../../../../renderer/charts/whole-series.ts'

it('puts a series together that comes reduced, without losing or doubling a point', async () => {
  const all = Float64Array.from({ length: 1000 }, (_, index) => index * 3 + 1)
  const limit = 64
  let questions = 0
  const fetch = async (url: string): Promise<SeriesWindow> => {
    questions++
    const query = new URL(url, 'http://kinora').searchParams
    const from = Number(query.get('from') ?? -Infinity)
    const to = Number(query.get('to') ?? Infinity)
    const inside = all.filter((step) => step >= from && step <= to)
    const stride = Math.ceil(inside.length / limit)
    const steps = inside.filter((_, index) => index % stride === 0 || index === inside.length - 1)
    return { totalPoints: inside.length, steps, values: steps.map((step) => step * 2), smoothed: steps }
  }
  const whole = await fetchWholeSeries('run', 'loss', undefined, undefined, fetch)
  expect([...whole.steps]).toEqual([...all])
  expect(whole.values[999]).toBe(all[999]! * 2)
  expect(whole.totalPoints).toBe(1000)
  expect(questions).toBeGreaterThan(1)
})
