import fc from 'fast-check'
import { expect, it } from 'vitest'
import { panRange, zoomRange } from '../../../../renderer/charts/use-chart-gestures.ts'

const full = { from: 0, to: 10_000 }

it('zooms about the crosshair, which stays where it was', () => {
  const zoomed = zoomRange(full, full, 2500, 0.5)!
  expect(zoomed).toEqual({ from: 1250, to: 6250 })
  expect((2500 - zoomed.from) / (zoomed.to - zoomed.from)).toBeCloseTo(0.25, 3)
})

it('shows all again when zoomed out far enough', () => {
  expect(zoomRange({ from: 2000, to: 8000 }, full, 5000, 4)).toBeNull()
})

it('never leaves the series, whatever is pressed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('zoom', 'pan'), fc.double({ min: -2, max: 3, noNaN: true }), fc.integer({ min: 0, max: 10_000 }))), (presses) => {
      let range = { from: 3000, to: 4000 }
      for (const [kind, amount, centre] of presses) {
        const inside = Math.min(range.to, Math.max(range.from, centre))
        range = kind === 'pan' ? panRange(range, full, amount) : (zoomRange(range, full, inside, Math.abs(amount) + 0.1) ?? full)
        expect(range.from).toBeGreaterThanOrEqual(0)
        expect(range.to).toBeLessThanOrEqual(10_000)
        expect(range.to).toBeGreaterThan(range.from)
      }
    }),
  )
})
