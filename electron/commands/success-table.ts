import { formatP } from '../base/statistics.ts'
import type { Evaluation, Success } from '../contract/run.ts'
import { compareEvaluations, successOf, verdict } from '../evaluate/comparison.ts'
import { percent, points } from '../report/numbers.ts'
import type { Context } from './context.ts'
import { formatTable } from './table.ts'

export interface Judged {
  readonly name: string
  readonly evaluation: Evaluation
}

/** Tasks one after the other, every policy below each; then the suites where there are several, then all. */
function successRows(judged: readonly Judged[], tasks: readonly string[]): string[][] {
  const suites = [...new Set(tasks.map(suiteOf))]
  const over = (includes: (task: string) => boolean) => ({ rollouts, stoppedEarly }: Evaluation): Success => successOf(rollouts.filter(({ task }) => includes(task)), stoppedEarly !== undefined)
  const groups: [label: string, of: (evaluation: Evaluation) => Success][] = [
    ...tasks.map((task): (typeof groups)[number] => [task, over((other) => other === task)]),
    ...(suites.length > 1 ? suites.map((suite): (typeof groups)[number] => [suite, over((task) => suiteOf(task) === suite)]) : []),
    ['all tasks', over(() => true)],
  ]
  return groups.flatMap(([label, of]) =>
    judged.map(({ name, evaluation }, index) => {
      const { successes, n, low, high } = of(evaluation)
      return [index === 0 ? label : '', name, `${successes}/${n}`, ...(n === 0 ? ['', ''] : [percent(successes / n), `${percent(low)} to ${percent(high)}`])]
    }),
  )
}

const suiteOf = (task: string): string => task.slice(0, task.indexOf('/'))

/** Every policy's success by task, and the paired comparison of the first two where one was asked for. */
export function printSuccess(context: Context, judged: readonly Judged[], tasks: readonly string[], isComparing: boolean): void {
  const stopped = judged.filter(({ evaluation }) => evaluation.stoppedEarly !== undefined)
  let text = formatTable(['task', 'policy', 'success', 'rate', stopped.length > 0 ? '95 % interval' : '95 % Wilson'], successRows(judged, tasks), [2, 3, 4])
  for (const { name, evaluation } of stopped) {
    const { plannedSeeds, reason } = evaluation.stoppedEarly!
    text += `${name} ended after ${evaluation.rollouts.length} of ${plannedSeeds * tasks.length} rollouts: ${reason}.\n`
  }
  if (stopped.length > 0) text += 'Intervals of what ended early hold whenever one stops (a 95 % confidence sequence); they are wider than Wilson intervals.\n'
  const [first, second] = judged
  const comparison = isComparing && first !== undefined && second !== undefined ? compareEvaluations(first.evaluation, second.evaluation) : null
  if (comparison !== null && first !== undefined && second !== undefined) {
    const pairs = [...comparison.tasks, comparison.total].map(({ task, n, counts, difference, interval, p }) => [
      task ?? 'all tasks', String(n), String(counts.both), String(counts.onlyFirst), String(counts.onlySecond), String(counts.neither),
      `${points(difference)} (${points(interval.low)} to ${points(interval.high)})`, formatP(p),
    ])
    text += `\n${formatTable(['task', 'pairs', 'both', `only ${first.name}`, `only ${second.name}`, 'neither', 'points (95 %)', comparison.total.isAnytime ? 'anytime p' : 'mid-p'], pairs, [1, 2, 3, 4, 5, 6, 7])}`
    text += `\n${verdict(comparison.total, first.name, second.name)}\n`
    if (comparison.total.discordant.length > 0) {
      text += `Discordant seeds: ${comparison.total.discordant.map(({ task, seed, winner }) => `${task} ${seed} (${winner === 'first' ? first.name : second.name})`).join(', ')}\n`
    }
  }
  context.print({ policies: judged, comparison }, text)
}
