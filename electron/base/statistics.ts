/**
 * Statistics of success rates. A policy is judged on a fixed list of (task, seed) pairs, so two policies are compared
 * on the same pairs: what counts are the discordant ones.
 */

/** 97.5 % point of the standard normal: two-sided 95 %. */
export const z95 = 1.959963984540054

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Wilson's score interval of a binomial proportion (Wilson 1927; Newcombe, Statistics in Medicine 17:857, 1998,
 * method 3). Keeps near its 95 % at small n and at 0 and n successes, where the normal approximation fails.
 * With n = 0 nothing is known: [0, 1].
 */
export function wilson(successes: number, n: number, z = z95): Interval {
  if (!Number.isInteger(successes) || !Number.isInteger(n) || successes < 0 || n < successes) {
    throw new RangeError(`wilson(successes, n): expected integers 0 <= successes <= n, got ${successes} of ${n}`)
  }
  if (n === 0) return { low: 0, high: 1 }
  const rate = successes / n
  const centre = rate + (z * z) / (2 * n)
  const spread = z * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return {
    // The exact ends, which rounding would miss by an ulp.
    low: successes === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    high: successes === n ? 1 : Math.min(1, (centre + spread) / scale),
  }
}

/** The middle value, or the mean of the two in the middle; 0 where there is none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0
  const sorted = [...values].sort((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

/** The value below which this share of them lies; NaN where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
}

/** The four cells of two policies on the same pairs. */
export interface PairedCounts {
  readonly both: number
  readonly onlyFirst: number
  readonly onlySecond: number
  readonly neither: number
}

const logFactorials: number[] = [0]

function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++) logFactorials.push(logFactorials[k - 1]! + Math.log(k))
  return logFactorials[n]!
}

/** P(X = k) of Binomial(n, p). */
export function binomialProbability(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0
  if (p <= 0) return k === 0 ? 1 : 0
  if (p >= 1) return k === n ? 1 : 0
  return Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p))
}

/**
 * McNemar's test of equal success rates, mid-p version (Fagerland, Lydersen and Laake, BMC Medical Research
 * Methodology 13:91, 2013): the exact conditional two-sided p less half of the observed point's probability on each
 * side. Without discordant pairs p = 1.
 */
export function mcnemarMidP(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond
  if (discordant === 0) return 1
  const fewer = Math.min(onlyFirst, onlySecond)
  let tail = 0
  for (let k = 0; k < fewer; k++) tail += binomialProbability(k, discordant, 0.5)
  const point = binomialProbability(fewer, discordant, 0.5)
  // At a tie both sides meet in the point itself: 1 - point / 2.
  return Math.min(1, onlyFirst === onlySecond ? 1 - point / 2 : 2 * tail + point)
}

/**
 * Interval of the difference of two success rates on the same pairs, first minus second: Newcombe's square-and-add of
 * Wilson intervals with the pairs' correlation (Statistics in Medicine 17:2635, 1998, method 10).
 */
export function pairedDifference(counts: PairedCounts, z = z95): Interval & { readonly difference: number } {
  const { both, onlyFirst, onlySecond, neither } = counts
  const n = both + onlyFirst + onlySecond + neither
  if (n === 0) return { difference: 0, low: -1, high: 1 }
  const first = (both + onlyFirst) / n
  const second = (both + onlySecond) / n
  const firstInterval = wilson(both + onlyFirst, n, z)
  const secondInterval = wilson(both + onlySecond, n, z)
  const correlation = phiWithContinuity(counts, n)
  const arm = (one: number, other: number): number => Math.sqrt(Math.max(0, one * one - 2 * correlation * one * other + other * other))
  const difference = first - second
  return {
    difference,
    low: Math.max(-1, difference - arm(first - firstInterval.low, secondInterval.high - second)),
    high: Math.min(1, difference + arm(firstInterval.high - first, second - secondInterval.low)),
  }
}

/** The phi coefficient with method 10's correction: a positive covariance is reduced by n / 2, at most to zero. */
function phiWithContinuity({ both, onlyFirst, onlySecond, neither }: PairedCounts, n: number): number {
  const margins = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither)
  if (margins === 0) return 0
  const covariance = both * neither - onlyFirst * onlySecond
  return (covariance > 0 ? Math.max(covariance - n / 2, 0) : covariance) / Math.sqrt(margins)
}

/** Fewest discordant pairs, all on one side, whose mid-p falls below `alpha`. */
export function fewestDiscordantPairs(alpha = 0.05): number {
  let count = 1
  while (mcnemarMidP(count, 0) >= alpha) count++
  return count
}

/** By alpha: for each number of discordant pairs, how many the rarer side may have at most for the mid-p to be below alpha; -1 for none. */
const criticalCounts = new Map<number, number[]>()

function criticalCount(discordant: number, alpha: number): number {
  let counts = criticalCounts.get(alpha)
  if (counts === undefined) criticalCounts.set(alpha, (counts = [-1]))
  for (let n = counts.length; n <= discordant; n++) {
    // It never falls as pairs are added.
    let count = counts[n - 1]!
    while (count + 1 <= n / 2 && mcnemarMidP(count + 1, n - count - 1) < alpha) count++
    counts.push(count)
  }
  return counts[discordant]!
}

/**
 * Power of McNemar's mid-p test over `n` pairs when a share `discordance` of them is discordant and the rates differ
 * by `difference`: the exact sum over the number of discordant pairs and its split.
 */
export function pairedPower(n: number, discordance: number, difference: number, alpha = 0.05): number {
  const favourable = discordance === 0 ? 0.5 : (discordance + difference) / (2 * discordance)
  let power = 0
  for (let discordant = 0; discordant <= n; discordant++) {
    const weight = binomialProbability(discordant, n, discordance)
    if (weight < 1e-12) continue
    let rejected = 0
    for (let rarer = 0; rarer <= criticalCount(discordant, alpha); rarer++) {
      rejected += binomialProbability(rarer, discordant, favourable)
      if (2 * rarer !== discordant) rejected += binomialProbability(discordant - rarer, discordant, favourable)
    }
    power += weight * rejected
  }
  return power
}

/**
 * Smallest true difference of success rates that `n` pairs show as significant with the given power, when as many
 * pairs are discordant as observed (or as the difference itself needs). Null where even a difference of 1 is not seen.
 */
export function smallestDetectableDifference(n: number, discordance: number, { alpha = 0.05, power = 0.8 } = {}): number | null {
  const reaches = (difference: number): boolean => pairedPower(n, Math.max(discordance, difference), difference, alpha) >= power
  if (n === 0 || !reaches(1)) return null
  let low = 0
  let high = 1
  while (high - low > 0.002) {
    const middle = (low + high) / 2
    if (reaches(middle)) high = middle
    else low = middle
  }
  return high
}

/** Holm's step-down adjustment: p-values that keep the family-wise error at alpha over all tasks. Order is kept. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!)
  const adjusted = new Array<number>(pValues.length)
  let running = 0
  order.forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (pValues.length - rank) * pValues[index]!))
    adjusted[index] = running
  })
  return adjusted
}

/** A p value as text. */
export const formatP = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3))
