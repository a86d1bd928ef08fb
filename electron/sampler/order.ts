import { Rng } from '../base/rng.ts'

/** 32-bit mix of a seed and a purpose, so that order, shifts and noises of one run are independent. */
export function purposeSeed(seed: number, purpose: string): number {
  let hash = seed >>> 0
  for (let index = 0; index < purpose.length; index++) {
    hash = Math.imul(hash ^ purpose.charCodeAt(index), 0x9e3779b1) >>> 0
    hash = (hash ^ (hash >>> 15)) >>> 0
  }
  return hash
}

/**
 * Which samples a run sees: epoch after epoch, each a permutation that depends on (seed, epoch) alone. The position is
 * the number of samples drawn before, so a resumed run continues with exactly the batch it would have seen.
 */
export class SampleOrder {
  readonly count: number
  #seed: number
  #epoch = -1
  #permutation: Int32Array = new Int32Array(0)

  constructor(seed: number, count: number) {
    if (!(count > 0)) throw new RangeError(`SampleOrder: expected at least one sample, got ${count}`)
    this.#seed = purposeSeed(seed, 'order')
    this.count = count
  }

  at(position: number): number {
    const epoch = Math.floor(position / this.count)
    if (epoch !== this.#epoch) {
      this.#permutation = new Rng(this.#seed, epoch).permutation(this.count)
      this.#epoch = epoch
    }
    return this.#permutation[position % this.count]!
  }

  /** The samples at `position`, ..., `position + size - 1`; a batch may reach into the next epoch. */
  batch(position: number, size: number): Int32Array {
    return Int32Array.from({ length: size }, (_, index) => this.at(position + index))
  }
}
