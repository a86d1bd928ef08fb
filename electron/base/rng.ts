/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A generator is a key (seed, stream) and a counter, so its whole state is a few integers: a checkpoint saves them,
 * and a resumed run draws exactly what it would have drawn.
 */
export interface RngState {
  readonly seed: number
  readonly stream: number
  /** Index of the next 32-bit word. */
  readonly position: number
}

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85

/** Writes one Philox4x32-10 block, four 32-bit words for a 128-bit counter c and a 64-bit key k, to `out` from `at` on. */
function writeBlock(out: Uint32Array, at: number, c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): void {
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(M0, c0) >>> 0
    const low1 = Math.imul(M1, c2) >>> 0
    // A product of 64 bits is off by at most 2^10 as a double; without its low word it is a multiple of 2^32.
    const high0 = ((M0 * c0 - low0) * 2 ** -32 + 0.5) >>> 0
    const high1 = ((M1 * c2 - low1) * 2 ** -32 + 0.5) >>> 0
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c1 = low1
    c3 = low0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  out[at] = c0
  out[at + 1] = c1
  out[at + 2] = c2
  out[at + 3] = c3
}

/** One Philox4x32-10 block. */
export function philox([c0, c1, c2, c3]: readonly [number, number, number, number], [k0, k1]: readonly [number, number]): Uint32Array {
  const words = new Uint32Array(4)
  writeBlock(words, 0, c0, c1, c2, c3, k0, k1)
  return words
}

/** Words that are made at once, at most: a long draw is quicker so, a short one wastes little. */
const maxWords = 1024

export class Rng {
  readonly seed: number
  readonly stream: number
  #position: number
  /** Words from position `#start` on. */
  #words = new Uint32Array(0)
  #start = 0

  /** `seed` and `stream` are unsigned 32-bit; different streams of one seed are independent. */
  constructor(seed: number, stream = 0, position = 0) {
    this.seed = seed >>> 0
    this.stream = stream >>> 0
    this.#position = position
  }

  static restore(state: RngState): Rng {
    return new Rng(state.seed, state.stream, state.position)
  }

  get state(): RngState {
    return { seed: this.seed, stream: this.stream, position: this.#position }
  }

  /** Uniform unsigned 32-bit integer. */
  uint32(): number {
    if (this.#position - this.#start >= this.#words.length) this.#refill()
    return this.#words[this.#position++ - this.#start]!
  }

  #refill(): void {
    this.#words = new Uint32Array(Math.min(maxWords, Math.max(4, 2 * this.#words.length)))
    const first = Math.floor(this.#position / 4)
    this.#start = 4 * first
    for (let at = 0; at < this.#words.length; at += 4) {
      const index = first + at / 4
      writeBlock(this.#words, at, index >>> 0, Math.floor(index / 0x100000000) >>> 0, 0, 0, this.seed, this.stream)
    }
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * 67108864 + low) / 9007199254740992
  }

  /** Uniform integer in [0, bound), without modulo bias. */
  integer(bound: number): number {
    if (!(bound > 0) || !Number.isSafeInteger(bound)) throw new RangeError(`integer(bound): expected a positive integer, got ${bound}`)
    return Math.floor(this.uniform() * bound)
  }

  /** Standard normal (Box-Muller, one value per call so that the state stays a counter). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** `count` standard normals as float32. */
  normals(count: number): Float32Array {
    const values = new Float32Array(count)
    let index = 0
    for (; index + 1 < count; index += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
      const angle = 2 * Math.PI * this.uniform()
      values[index] = radius * Math.cos(angle)
      values[index + 1] = radius * Math.sin(angle)
    }
    if (index < count) values[index] = this.normal()
    return values
  }

  /** Beta(a, 1) by inversion: U^(1/a). openpi's flow time is Beta(1.5, 1) * 0.999 + 0.001. */
  betaOne(a: number): number {
    return this.uniform() ** (1 / a)
  }

  /** Fisher-Yates permutation of 0..count-1. */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, index) => index)
    for (let last = count - 1; last > 0; last--) {
      const other = this.integer(last + 1)
      const value = order[last]!
      order[last] = order[other]!
      order[other] = value
    }
    return order
  }
}
