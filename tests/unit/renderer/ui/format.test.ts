import { describe, expect, it } from 'vitest'
import { absent, formatAgo, formatBytes, formatCount, formatDuration, formatMetric, formatParameters, formatPercent, formatRate, formatTick, formatValue } from '../../../../renderer/ui/format.ts'

describe('formatters', () => {
  it('never shows an absent value as zero', () => {
    for (const format of [formatCount, formatValue, formatDuration, formatBytes, formatRate, formatPercent]) {
      expect(format(null)).toBe(absent)
      expect(format(undefined)).toBe(absent)
    }
  })

  it('names what is no number', () => {
    expect([formatValue(Number.NaN), formatValue(-Infinity), formatMetric(null), formatMetric(undefined)]).toEqual(['NaN', '−∞', 'NaN', absent])
  })

  it.each([
    [0.123456, '0.1235'],
    [-0.5, '−0.5'],
    [12345.6, '12,346'],
    [0.00001234, '1.23e−5'],
    [-0.000971, '−9.71e−4'],
    [2.5e9, '2.50e9'],
    [0, '0'],
  ])('shows %f as %s', (value, shown) => expect(formatValue(value)).toBe(shown))

  it.each([
    [0, '0 s'],
    [59.6, '1 min 00 s'],
    [316, '5 min 16 s'],
    [7380, '2 h 03 min'],
    [273600, '3 d 4 h'],
  ])('shows %d seconds as %s', (seconds, shown) => expect(formatDuration(seconds)).toBe(shown))

  it('shows rates the way they are read', () => {
    expect([formatRate(9.123), formatRate(0.25), formatRate(0)]).toEqual(['9.12 steps/s', '4 s/step', '0 steps/s'])
  })

  it('shows sizes, counts, shares and ticks', () => {
    expect([formatBytes(212e9), formatBytes(1536), formatBytes(12)]).toEqual(['212 GB', '1.5 kB', '12 B'])
    expect([formatParameters(1_050_000), formatParameters(482_000)]).toEqual(['1.05 M', '482 k'])
    expect([formatPercent(0.784), formatPercent(1)]).toEqual(['78 %', '100 %'])
    expect([formatTick(2000), formatTick(1_500_000), formatTick(0.25), formatTick(0.0001), formatTick(-0.5), formatTick(-12_500)]).toEqual(['2k', '1.5M', '0.25', '1e−4', '−0.5', '−12.5k'])
    expect(formatAgo(0, 3 * 3600e3)).toBe('3 h ago')
  })
})
