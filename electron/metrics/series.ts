/** Logged points over which the smoothing forgets: the weight of a point falls to 1/e after that many. */
export const smoothingPoints = 20
const decay = Math.exp(-1 / smoothingPoints)

/**
 * One metric of one run in memory: steps strictly rise, and appending at or below the last step replaces what is there
 * and after. The smoothed column is a debiased exponential average (Kingma & Ba, arXiv:1412.6980, section 3: divide by
 * 1 - decay^n) over every point, so the value at a point never changes as data grows and does not depend on the view.
 * A non-finite value leaves the average as it was.
 */
export class Series {
  #steps = new Float64Array(64)
  #values = new Float64Array(64)
  #smoothed = new Float64Array(64)
  #count = 0
  #numerator = 0
  #denominator = 0

  get count(): number {
    return this.#count
  }

  /** Views of the filled parts; valid until the next append. */
  get steps(): Float64Array {
    return this.#steps.subarray(0, this.#count)
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.#count)
  }

  get smoothed(): Float64Array {
    return this.#smoothed.subarray(0, this.#count)
  }

  append(step: number, value: number): void {
    if (this.#count > 0 && step <= this.#steps[this.#count - 1]!) this.truncate(step)
    if (this.#count === this.#steps.length) this.#grow()
    this.#smooth(value)
    this.#steps[this.#count] = step
    this.#values[this.#count] = value
    this.#smoothed[this.#count] = this.#denominator === 0 ? NaN : this.#numerator / this.#denominator
    this.#count++
  }

  /** Forgets every point at or after `step`. */
  truncate(step: number): void {
    const keep = lowerBound(this.steps, step)
    if (keep === this.#count) return
    this.#count = keep
    this.#numerator = 0
    this.#denominator = 0
    for (let index = 0; index < keep; index++) this.#smooth(this.#values[index]!)
  }

  #smooth(value: number): void {
    if (!Number.isFinite(value)) return
    this.#numerator = decay * this.#numerator + (1 - decay) * value
    this.#denominator = decay * this.#denominator + (1 - decay)
  }

  #grow(): void {
    const length = this.#steps.length * 2
    const enlarge = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(length)
      larger.set(column)
      return larger
    }
    this.#steps = enlarge(this.#steps)
    this.#values = enlarge(this.#values)
    this.#smoothed = enlarge(this.#smoothed)
  }
}

/** Index of the first element that is not below `bound`, in a rising array. */
export function lowerBound(rising: Float64Array, bound: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rising[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
