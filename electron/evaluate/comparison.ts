import { anytimeDifference, anytimeRate } from '../base/confidence-sequence.ts'
import type { Evaluation, Rollout, Success } from '../contract/run.ts'
import { formatP, holm, mcnemarMidP, pairedDifference, smallestDetectableDifference, wilson, type Interval, type PairedCounts } from '../base/statistics.ts'

/** Success with its 95 % interval: Wilson's, or of an evaluation that was stopped early the one that holds whenever one stops. */
export function successOf(rollouts: readonly Rollout[], isStoppedEarly = false): Success {
  const successes = rollouts.filter((rollout) => rollout.success).length
  const interval = isStoppedEarly ? anytimeRate : wilson
  return { successes, n: rollouts.length, ...interval(successes, rollouts.length) }
}

/** Two policies on the same (task, seed) pairs; differences are second minus first. */
export interface PairedComparison {
  readonly task: string | null
  readonly n: number
  readonly counts: PairedCounts
  readonly difference: number
  readonly interval: Interval
  /** Whether interval and p hold whenever one stops, for one of the two was stopped early. */
  readonly isAnytime: boolean
  /** McNemar mid-p, or the anytime-valid one; for one task of several, `adjustedP` is Holm's over the tasks. */
  readonly p: number
  readonly adjustedP: number
  /** Smallest true difference that these pairs would show with 80 % power; null as well where n was not fixed before. */
  readonly detectable: number | null
  /** Pairs on which the policies disagree: the ones to look at. */
  readonly discordant: readonly { readonly task: string; readonly seed: number; readonly winner: 'first' | 'second' }[]
}

export interface Comparison {
  readonly total: PairedComparison
  readonly tasks: readonly PairedComparison[]
  /** Pairs that only one of the two evaluations has, left out of everything above. */
  readonly unpaired: number
}

const keyOf = (rollout: Rollout): string => `${rollout.task}\n${rollout.seed}`

type Judged = Pick<Evaluation, 'stoppedEarly'> & { readonly rollouts: readonly Rollout[] }

/** Where one of the two was stopped early, intervals and p-values are those that hold whenever one stops. */
export function compareEvaluations(first: Judged, second: Judged, isAnytime = first.stoppedEarly !== undefined || second.stoppedEarly !== undefined): Comparison {
  const others = new Map(second.rollouts.map((rollout) => [keyOf(rollout), rollout]))
  const pairs = first.rollouts.flatMap((rollout) => {
    const other = others.get(keyOf(rollout))
    return other === undefined ? [] : [[rollout, other] as const]
  })
  const taskIds = [...new Set(pairs.map(([rollout]) => rollout.task))]
  const tasks = taskIds.map((task) => comparePairs(pairs.filter(([rollout]) => rollout.task === task), task, isAnytime))
  const adjusted = holm(tasks.map((task) => task.p))
  return {
    total: comparePairs(pairs, null, isAnytime),
    tasks: tasks.map((task, index) => ({ ...task, adjustedP: adjusted[index]! })),
    unpaired: first.rollouts.length + second.rollouts.length - 2 * pairs.length,
  }
}

function comparePairs(pairs: readonly (readonly [Rollout, Rollout])[], task: string | null, isAnytime: boolean): PairedComparison {
  const counts = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 }
  const discordant: PairedComparison['discordant'][number][] = []
  for (const [first, second] of pairs) {
    if (first.success === second.success) counts[first.success ? 'both' : 'neither']++
    else {
      counts[first.success ? 'onlyFirst' : 'onlySecond']++
      discordant.push({ task: first.task, seed: first.seed, winner: first.success ? 'first' : 'second' })
    }
  }
  const n = pairs.length
  const { low, high, p } = isAnytime ? anytimePairs(counts) : fixedPairs(counts)
  return {
    task,
    n,
    counts,
    difference: n === 0 ? 0 : (counts.onlySecond - counts.onlyFirst) / n,
    interval: { low, high },
    isAnytime,
    p,
    adjustedP: p,
    detectable: isAnytime ? null : smallestDetectableDifference(n, n === 0 ? 0 : discordant.length / n),
    discordant,
  }
}

type PairedStatistics = Interval & { readonly p: number }

function fixedPairs(counts: PairedCounts): PairedStatistics {
  // Method 10 is written first minus second: exchange the roles.
  return { ...pairedDifference({ ...counts, onlyFirst: counts.onlySecond, onlySecond: counts.onlyFirst }), p: mcnemarMidP(counts.onlyFirst, counts.onlySecond) }
}

function anytimePairs({ both, onlyFirst, onlySecond, neither }: PairedCounts): PairedStatistics {
  return anytimeDifference({ wins: onlySecond, losses: onlyFirst, ties: both + neither })
}

const percent = (share: number): string => (100 * share).toFixed(share !== 0 && Math.abs(share) < 0.095 ? 1 : 0).replace('-', '−')

/**
 * What the numbers allow to say and no more: a difference with its interval, or that the pairs do not tell the
 * policies apart, which is not the same as equal.
 */
export function verdict(comparison: PairedComparison, first: string, second: string, alpha = 0.05): string {
  const { n, counts, difference, interval, isAnytime, adjustedP } = comparison
  if (n === 0) return 'No pair of task and seed was run by both policies: nothing to compare.'
  const pairs = `${n} pair${n === 1 ? '' : 's'}`
  const numbers = `${difference > 0 ? '+' : ''}${percent(difference)} points, 95 % interval ${percent(interval.low)} to ${percent(interval.high)}, ${isAnytime ? 'anytime-valid p' : 'McNemar mid-p'} ${formatP(adjustedP)}, n = ${pairs}`
  if (adjustedP < alpha) {
    const [better, worse] = difference > 0 ? [second, first] : [first, second]
    return `${better} succeeds more often than ${worse} on these seeds (${second} minus ${first}: ${numbers}). One training seed each: another seed of training may turn out otherwise.`
  }
  const split = counts.onlyFirst + counts.onlySecond === 0 ? 'no seed on which they disagree' : `${counts.onlySecond} seeds only ${second}, ${counts.onlyFirst} only ${first}`
  return `Difference within noise: these rollouts do not tell ${first} and ${second} apart (${second} minus ${first}: ${numbers}; ${split}). This does not show that they are equal: ${moreToSee(comparison)}.`
}

function moreToSee({ n, isAnytime, detectable }: PairedComparison): string {
  if (isAnytime) return 'an evaluation was stopped early, and playing on may still tell'
  if (detectable === null) return `${n} pair${n === 1 ? '' : 's'} cannot show any difference with 80 % power`
  return `with so many discordant pairs, n = ${n} shows true differences of about ${percent(detectable)} points or more with 80 % power`
}
