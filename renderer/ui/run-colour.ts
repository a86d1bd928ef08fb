/**
 * Colours of runs: eight hues after Okabe and Ito's set for colour-blind readers ("Color Universal Design", 2008), their
 * lightness moved so that each has 3:1 against the panel of its theme, times three dash styles: 24 distinct lines. Both go
 * round with the slot (8 and 3 have no common factor), so neighbours differ in more than colour: in grey, too.
 */
export const runHues = {
  dark: ['#56b4e9', '#e69f00', '#1fbf92', '#e08fbd', '#f0e442', '#6d9bff', '#ff7a45', '#b0b7c3'],
  light: ['#0072b2', '#b06500', '#00795a', '#a8407e', '#7d6e00', '#4b5bd0', '#c24a00', '#5a6472'],
} as const

export type Dash = 'solid' | 'dashed' | 'dotted'
const dashes: readonly Dash[] = ['solid', 'dashed', 'dotted']
export const slotCount = runHues.dark.length * dashes.length

export interface RunStyle {
  readonly colour: string
  readonly dash: Dash
}

/**
 * A slot for each id: those in `kept` stay where they were, a new one takes the least used slot, the lowest of equals.
 * So a run keeps its line for as long as this browser remembers it, whatever else is shown.
 */
export function assignSlots(ids: readonly string[], kept: Readonly<Record<string, number>>): Record<string, number> {
  const slots: Record<string, number> = {}
  const uses = new Array<number>(slotCount).fill(0)
  for (const id of ids) {
    const slot = kept[id]
    if (slot === undefined || !Number.isInteger(slot) || slot < 0 || slot >= slotCount) continue
    slots[id] = slot
    uses[slot]!++
  }
  for (const id of ids) {
    if (slots[id] !== undefined) continue
    const slot = uses.indexOf(Math.min(...uses))
    slots[id] = slot
    uses[slot]!++
  }
  return slots
}

/** A run's colour on paper: that of the light theme, whichever is on. */
export function lightColourOf(colour: string): string {
  const index = (runHues.dark as readonly string[]).indexOf(colour)
  return index < 0 ? colour : runHues.light[index]!
}

export function styleOfSlot(slot: number, theme: 'dark' | 'light'): RunStyle {
  const hues = runHues[theme]
  return { colour: hues[slot % hues.length]!, dash: dashes[slot % dashes.length]! }
}
