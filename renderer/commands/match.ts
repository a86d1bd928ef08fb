/**
 * How well `query` fits `title`: every character of it must come in order. Higher is better, null is no fit. The query
 * as it is, at the start of a word, counts most; then starts of words, then neighbours, then early places.
 */
export function matchScore(title: string, query: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '')
  if (wanted === '') return 0
  const within = title.toLowerCase()
  const whole = within.indexOf(query.trim().toLowerCase())
  let score = whole < 0 ? 0 : whole === 0 || /\W/.test(within[whole - 1]!) ? 60 : 30
  let at = -1
  for (const character of wanted) {
    const found = within.indexOf(character, at + 1)
    if (found < 0) return null
    if (found === 0 || /\W/.test(within[found - 1]!)) score += 8
    if (found === at + 1) score += 4
    score -= Math.min(3, found - at - 1) + found * 0.01
    at = found
  }
  return score
}

/** The things that fit, best first; equals keep their order. */
export function rankMatches<T>(things: readonly T[], query: string, titleOf: (thing: T) => string): T[] {
  return things
    .map((thing, index) => ({ thing, index, score: matchScore(titleOf(thing), query) }))
    .filter((entry): entry is typeof entry & { score: number } => entry.score !== null)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map((entry) => entry.thing)
}
