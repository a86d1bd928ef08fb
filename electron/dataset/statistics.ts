/** Quantiles that LeRobot keeps beside min, max, mean and std. */
export const quantileLevels = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const
export type QuantileName = keyof typeof quantileLevels
export const quantileNames = Object.keys(quantileLevels) as QuantileName[]

/** Of one feature, one number per dimension. Values that are not finite are left out and counted. */
export interface FeatureStatistics extends Record<QuantileName, number[]> {
  readonly min: number[]
  readonly max: number[]
  readonly mean: number[]
  /** Population standard deviation. */
  readonly std: number[]
  /** Rows seen. */
  readonly count: number
  readonly nonFinite: number[]
}

/** Statistics of a row-major [rows, dimension] matrix. Quantiles are exact, linearly interpolated as in NumPy. */
export function matrixStatistics(matrix: ArrayLike<number>, dimension: number): FeatureStatistics {
  const rows = dimension === 0 ? 0 : Math.floor(matrix.length / dimension)
  const result = emptyStatistics(rows)
  for (let column = 0; column < dimension; column++) {
    const values = new Float64Array(rows)
    let count = 0
    for (let row = 0; row < rows; row++) {
      const value = matrix[row * dimension + column]!
      if (Number.isFinite(value)) values[count++] = value
    }
    const sorted = values.subarray(0, count).sort()
    // Two passes: the sum of squares alone loses all digits where the mean is far from zero.
    let sum = 0
    for (const value of sorted) sum += value
    const mean = count === 0 ? 0 : sum / count
    let squares = 0
    for (const value of sorted) squares += (value - mean) ** 2
    result.min.push(count === 0 ? 0 : sorted[0]!)
    result.max.push(count === 0 ? 0 : sorted[count - 1]!)
    result.mean.push(mean)
    result.std.push(count === 0 ? 0 : Math.sqrt(squares / count))
    result.nonFinite.push(rows - count)
    for (const name of quantileNames) result[name].push(quantile(sorted, quantileLevels[name]))
  }
  return result
}

/** Of a sorted array; 0 for an empty one. */
export function quantile(sorted: ArrayLike<number>, level: number): number {
  if (sorted.length === 0) return 0
  const position = level * (sorted.length - 1)
  const below = Math.floor(position)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below)
}

/** How often each of the 256 values of each channel occurs: [3 * 256]. Histograms add, so statistics of many episodes stay exact. */
export type ColourHistogram = Float64Array

export function addToHistogram(histogram: ColourHistogram, pixels: Uint8Array): void {
  for (let index = 0; index + 2 < pixels.length; index += 3) {
    histogram[pixels[index]!]!++
    histogram[256 + pixels[index + 1]!]!++
    histogram[512 + pixels[index + 2]!]!++
  }
}

/** Statistics of pictures with values in [0, 1], per channel; `count` is the number of pictures, as LeRobot counts. */
export function histogramStatistics(histogram: ColourHistogram, pictures: number): FeatureStatistics {
  const result = emptyStatistics(pictures)
  for (let channel = 0; channel < 3; channel++) {
    const bins = histogram.subarray(channel * 256, channel * 256 + 256)
    let total = 0
    let sum = 0
    let squares = 0
    for (const [value, count] of bins.entries()) {
      total += count
      sum += count * value
      squares += count * value * value
    }
    const mean = total === 0 ? 0 : sum / total
    result.min.push(total === 0 ? 0 : bins.findIndex((count) => count > 0) / 255)
    result.max.push(total === 0 ? 0 : bins.findLastIndex((count) => count > 0) / 255)
    result.mean.push(mean / 255)
    result.std.push(total === 0 ? 0 : Math.sqrt(Math.max(0, squares / total - mean * mean)) / 255)
    result.nonFinite.push(0)
    for (const name of quantileNames) result[name].push(histogramQuantile(bins, total, quantileLevels[name]) / 255)
  }
  return result
}

/** Value below which `level` of the counts lie: linear between the two order statistics, as for a sorted array. */
function histogramQuantile(bins: ArrayLike<number>, total: number, level: number): number {
  if (total === 0) return 0
  const position = level * (total - 1)
  const below = Math.floor(position)
  const at = (rank: number): number => {
    let seen = 0
    for (let value = 0; value < bins.length; value++) {
      seen += bins[value]!
      if (rank < seen) return value
    }
    return bins.length - 1
  }
  const low = at(below)
  return low + (at(Math.min(below + 1, total - 1)) - low) * (position - below)
}

function emptyStatistics(count: number): FeatureStatistics {
  return { min: [], max: [], mean: [], std: [], count, nonFinite: [], q01: [], q10: [], q50: [], q90: [], q99: [] }
}
