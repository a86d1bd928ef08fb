import { Rng } from '../base/rng.ts'
import { purposeSeed } from './order.ts'

/** Whole-pixel moves, right and down: a pair (x, y) for each of [B * cameras] pictures. */
export type Shifts = Int32Array

export interface DrawnShifts {
  readonly shifts: Shifts
  /** Which of its picture's variants each sample got, [B]. */
  readonly variants: Int32Array
}

/**
 * Random shifts of a run, a pure function of (seed, step, samples). Each sample has `variants` moves of its own and a step
 * picks one of them; 0 variants draw anew at every step.
 */
export class ShiftSource {
  readonly variants: number
  #limitPx: number
  #cameras: number
  #seed: number

  constructor(seed: number, limitPx: number, variants: number, cameras: number) {
    this.#seed = seed
    this.#limitPx = limitPx
    this.#cameras = cameras
    this.variants = limitPx === 0 ? 1 : variants
  }

  /** Uniform in -limit..limit. */
  #move(rng: Rng): number {
    return this.#limitPx === 0 ? 0 : rng.integer(2 * this.#limitPx + 1) - this.#limitPx
  }

  /** The moves of all variants of one sample, [variants * cameras] pairs. */
  variantsOf(sample: number): Shifts {
    const rng = new Rng(purposeSeed(this.#seed, 'shift-variants'), sample)
    return Int32Array.from({ length: this.variants * this.#cameras * 2 }, () => this.#move(rng))
  }

  draw(step: number, samples: Int32Array): DrawnShifts {
    const rng = new Rng(purposeSeed(this.#seed, 'shift'), step)
    const size = this.#cameras * 2
    if (this.variants === 0) return { shifts: Int32Array.from({ length: samples.length * size }, () => this.#move(rng)), variants: new Int32Array(samples.length) }
    const variants = Int32Array.from(samples, () => rng.integer(this.variants))
    const shifts = new Int32Array(samples.length * size)
    samples.forEach((sample, row) => shifts.set(this.variantsOf(sample).subarray(variants[row]! * size, (variants[row]! + 1) * size), row * size))
    return { shifts, variants }
  }
}
