import type { Parity } from '../contract/run.ts'

/** @throws RangeError where the chunks do not pair up */
export function parity(expected: readonly ArrayLike<number>[], found: readonly ArrayLike<number>[]): Parity {
  if (expected.length === 0 || expected.length !== found.length) throw new RangeError(`parity: ${expected.length} chunks against ${found.length}`)
  let maxAbsError = 0
  let sum = 0
  let values = 0
  const cosines = expected.map((chunk, sample) => {
    const other = found[sample]!
    if (chunk.length !== other.length) throw new RangeError(`parity: a chunk of ${chunk.length} values against ${other.length}`)
    let dot = 0
    let own = 0
    let others = 0
    for (let index = 0; index < chunk.length; index++) {
      const [a, b] = [chunk[index]!, other[index]!]
      const error = Math.abs(a - b)
      maxAbsError = Number.isNaN(error) ? NaN : Math.max(maxAbsError, error)
      sum += error
      values++
      dot += a * b
      own += a * a
      others += b * b
    }
    return own === 0 && others === 0 ? 1 : dot / Math.sqrt(own * others)
  })
  return { n: expected.length, maxAbsError, meanAbsError: sum / values, minCosine: Math.min(...cosines), meanCosine: cosines.reduce((total, cosine) => total + cosine, 0) / cosines.length }
}
