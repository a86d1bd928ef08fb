import type { Evaluation, RunDetail, Success } from '../../../electron/contract/run.ts'
import type { RunStyle } from '../../ui/run-colour.ts'

export interface CompareColumn {
  readonly id: string
  readonly name: string
  readonly style: RunStyle
  readonly detail: RunDetail
}

/** The newest evaluation of a run: that of its latest checkpoint. */
export function latestEvaluation(detail: RunDetail): Evaluation | null {
  return detail.evaluations.reduce<Evaluation | null>((best, one) => (best === null || one.checkpointStep > best.checkpointStep || (one.checkpointStep === best.checkpointStep && one.createdAt > best.createdAt) ? one : best), null)
}

/** Success per task and in total, one value a column; null where a run was not evaluated on that task. */
export function successRows(columns: readonly CompareColumn[]): { readonly task: string; readonly instruction: string; readonly values: readonly (Success | null)[] }[] {
  const evaluations = columns.map((column) => latestEvaluation(column.detail))
  const instructions = new Map<string, string>()
  for (const evaluation of evaluations) for (const task of evaluation?.tasks ?? []) instructions.set(task.task, task.instruction)
  return [...instructions].map(([task, instruction]) => ({ task, instruction, values: evaluations.map((evaluation) => evaluation?.tasks.find((one) => one.task === task) ?? null) }))
}

export interface Pairing {
  readonly both: number
  readonly neither: number
  /** Solved by the first alone, by the second alone. */
  readonly onlyFirst: readonly { readonly task: string; readonly seed: number }[]
  readonly onlySecond: readonly { readonly task: string; readonly seed: number }[]
}

/** Same task and seed in both evaluations, sorted into the four cells of a paired comparison; null without a shared one. */
export function pairRollouts(first: Evaluation | null, second: Evaluation | null): Pairing | null {
  if (first === null || second === null) return null
  const key = (task: string, seed: number) => `${task}\n${seed}`
  const others = new Map(second.rollouts.map((rollout) => [key(rollout.task, rollout.seed), rollout]))
  let both = 0
  let neither = 0
  const onlyFirst: { task: string; seed: number }[] = []
  const onlySecond: { task: string; seed: number }[] = []
  for (const rollout of first.rollouts) {
    const other = others.get(key(rollout.task, rollout.seed))
    if (other === undefined) continue
    if (rollout.success && other.success) both++
    else if (!rollout.success && !other.success) neither++
    else (rollout.success ? onlyFirst : onlySecond).push({ task: rollout.task, seed: rollout.seed })
  }
  return both + neither + onlyFirst.length + onlySecond.length === 0 ? null : { both, neither, onlyFirst, onlySecond }
}

/**
 * McNemar's mid-p value, two-sided: twice the binomial tail of the smaller discordant count, with half the weight of
 * the observed outcome; 1 less half of it where both are equal (Fagerland, Lydersen, Laake, "The McNemar test for binary matched-pairs data", BMC Medical
 * Research Methodology 13:91, 2013).
 */
export function mcnemarMidP(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond
  if (n === 0) return 1
  const least = Math.min(onlyFirst, onlySecond)
  let logChoose = 0
  let tail = 0
  let point = 0
  for (let k = 0; k <= least; k++) {
    if (k > 0) logChoose += Math.log(n - k + 1) - Math.log(k)
    point = Math.exp(logChoose - n * Math.LN2)
    tail += point
  }
  return onlyFirst === onlySecond ? 1 - point / 2 : Math.min(1, 2 * (tail - point / 2))
}
