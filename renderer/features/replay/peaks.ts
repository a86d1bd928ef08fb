/** Frames whose error stands out: local maxima above mean + one standard deviation, in order. */
export function errorPeaks(errors: readonly (number | null)[]): number[] {
  const known = errors.filter((value): value is number => value !== null && Number.isFinite(value))
  if (known.length < 3) return []
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
  if (deviation < 1e-9) return []
  const at = (frame: number) => errors[frame] ?? -Infinity
  return errors.flatMap((value, frame) => (value !== null && value > mean + deviation && value >= at(frame - 1) && value > at(frame + 1) ? [frame] : []))
}

/** The next (or previous) of ascending frames from `frame` on, around the end. */
export function nextOf(frames: readonly number[], frame: number, direction: 1 | -1): number | null {
  if (frames.length === 0) return null
  if (direction === 1) return frames.find((one) => one > frame) ?? frames[0]!
  return frames.findLast((one) => one < frame) ?? frames.at(-1)!
}

/** Mean of the known values, with how many they are; null without any. */
export function meanOf(values: readonly (number | null)[]): { readonly mean: number; readonly n: number } | null {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value))
  return known.length === 0 ? null : { mean: known.reduce((sum, value) => sum + value, 0) / known.length, n: known.length }
}
