import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assignSlots, runHues, slotCount, styleOfSlot } from '../../../../renderer/ui/run-colour.ts'

/** WCAG 2.2 relative luminance and contrast of #rrggbb colours. */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const css = readFileSync(new URL('../../../../renderer/ui/tokens.css', import.meta.url), 'utf8')
function tokens(theme: 'dark' | 'light'): Record<string, string> {
  const block = css.slice(css.indexOf(`[data-theme='${theme}']`))
  return Object.fromEntries([...block.slice(0, block.indexOf('}')).matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/gi)].map((match) => [match[1]!, match[2]!]))
}

describe.each(['dark', 'light'] as const)('%s theme', (theme) => {
  const colour = tokens(theme)
  const backgrounds = ['page', 'panel', 'raised', 'hover', 'selected', 'sunken']

  it('has 4.5:1 for every text on every surface it stands on', () => {
    for (const text of ['text', 'text-muted', 'accent', 'grey', 'blue', 'amber', 'violet', 'green', 'red']) {
      for (const background of backgrounds) expect(contrast(colour[text]!, colour[background]!), `${text} on ${background}`).toBeGreaterThanOrEqual(4.5)
    }
    // Messages of panes, beside motion images whose white must not melt into the page.
    expect(contrast(colour['text-muted']!, colour['stage']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colour['on-accent']!, colour['accent-fill']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colour['accent']!, colour['accent-soft']!)).toBeGreaterThanOrEqual(4.5)
    for (const soft of ['red-soft', 'amber-soft']) expect(contrast(colour['text']!, colour[soft]!)).toBeGreaterThanOrEqual(4.5)
  })

  it('has 3:1 for the edges of controls and for every run line', () => {
    for (const background of ['panel', 'sunken', 'page']) expect(contrast(colour['border-strong']!, colour[background]!)).toBeGreaterThanOrEqual(3)
    for (const hue of runHues[theme]) expect(contrast(hue, colour['panel']!), hue).toBeGreaterThanOrEqual(3)
  })
})

describe('run colours', () => {
  it('gives 24 runs 24 different lines', () => {
    const ids = Array.from({ length: slotCount }, (_, index) => `run-${index}`)
    const slots = assignSlots(ids, {})
    // Without colour, too, a line differs from the ones next to it.
    expect(styleOfSlot(0, 'light').dash).toBe('solid')
    for (let slot = 1; slot < slotCount; slot++) expect(styleOfSlot(slot, 'light').dash).not.toBe(styleOfSlot(slot - 1, 'light').dash)
    const lines = new Set(ids.map((id) => JSON.stringify(styleOfSlot(slots[id]!, 'dark'))))
    expect(slotCount).toBe(24)
    expect(lines.size).toBe(24)
  })

  it('keeps a run its line when others come and go', () => {
    const first = assignSlots(['a', 'b', 'c'], {})
    const later = assignSlots(['c', 'z', 'b'], first)
    expect([later['b'], later['c']]).toEqual([first['b'], first['c']])
    expect(new Set(Object.values(later)).size).toBe(3)
  })

  it('is not led astray by broken memory', () => {
    const slots = assignSlots(['a'], { a: 999 } as Record<string, number>)
    expect(slots['a']).toBe(0)
  })
})
