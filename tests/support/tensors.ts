import { Rng } from '../../electron/base/rng.ts'
import { sizeOf } from '../../electron/base/host-tensor.ts'

/** Reproducible values: standard normals, or in (0.2, 2.2), or in (-0.9, 0.9). */
export function valuesFor(shape: readonly number[], stream: number, domain: 'positive' | 'unit' | 'any' = 'any'): Float32Array {
  const rng = new Rng(7, stream)
  return Float32Array.from({ length: sizeOf(shape) }, () => (domain === 'any' ? rng.normal() : domain === 'positive' ? 0.2 + 2 * rng.uniform() : 1.8 * rng.uniform() - 0.9))
}

/** Largest difference over the largest magnitude (at least 1). NaN where only one side is. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let scale = 1
  let largest = 0
  for (let index = 0; index < expected.length; index++) {
    const [a, b] = [found[index]!, expected[index]!]
    if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b))) continue
    if (!Number.isFinite(a) || !Number.isFinite(b)) return a === b ? largest : NaN
    scale = Math.max(scale, Math.abs(b))
    largest = Math.max(largest, Math.abs(a - b))
  }
  return largest / scale
}
