import type { Evaluation } from '../contract/run.ts'
import { openBaselineLog } from '../engine/evaluation/evaluation.ts'
import { evaluateBaseline } from '../evaluate/closed-loop.ts'
import { percent } from '../report/numbers.ts'
import { defaultNoise, noNoise } from '../sim/demonstrate.ts'
import { evaluationSeed } from '../sim/suites.ts'
import type { Context } from './context.ts'
import { formatTable } from './table.ts'

/** Share of seeds on which every expert is to succeed. */
const expertTarget = 0.96

/** The expert as it is judged, and as it is recorded. */
const kinds = { clean: noNoise, disturbed: defaultNoise } as const
type Kind = keyof typeof kinds

/** Runs the experts on evaluation seeds, which no demonstration uses, and prints a table. Continues an interrupted check. */
export async function checkExperts(context: Context, tasks: readonly string[], { seeds: count, workers }: { readonly seeds: number; readonly workers?: number }): Promise<void> {
  const seeds = Array.from({ length: count }, (_, index) => evaluationSeed + index)
  const results = {} as Record<Kind, Evaluation>
  context.interrupts.message = 'Stopping; finished episodes are kept and the same command continues. Press Ctrl-C again to end at once.'
  for (const kind of Object.keys(kinds) as Kind[]) {
    context.progress.start(`Experts, ${kind}`, tasks.length * seeds.length, 'episodes')
    const log = await openBaselineLog(context.home, 'expert', kinds[kind])
    try {
      results[kind] = await evaluateBaseline({
        policy: 'expert', noise: kinds[kind], tasks, seeds, log, workers, signal: context.signal,
        onProgress: ({ done, successes }) => context.progress.update(done, `${done - successes} failed`),
      })
    } finally {
      await log.close()
    }
    context.progress.finish()
  }
  context.print(results, tableOf(tasks, results))
}

function tableOf(tasks: readonly string[], results: Record<Kind, Evaluation>): string {
  const { clean, disturbed } = results
  const cells = ({ successes, n, low, high }: Evaluation['total']): string[] => [`${successes}/${n}`, `${percent(low)} to ${percent(high)}`]
  const rows = tasks.map((task, index) => [task, ...cells(clean.tasks[index]!), ...cells(disturbed.tasks[index]!)])
  rows.push(['all', ...cells(clean.total), ...cells(disturbed.total)])
  const table = formatTable(['task', 'clean', '95 % Wilson', 'disturbed', '95 % Wilson'], rows, [1, 2, 3, 4])
  // A disturbed demonstration that fails is not recorded, so it costs time alone: it is judged apart.
  const judgement = (Object.keys(results) as Kind[]).map((kind) => {
    const weak = tasks.filter((_, index) => results[kind].tasks[index]!.successes < expertTarget * results[kind].tasks[index]!.n)
    return weak.length === 0 ? `${kind}: every expert succeeds on at least ${percent(expertTarget)}.\n` : `${kind}: below ${percent(expertTarget)}: ${weak.join(', ')}.\n`
  })
  const failures = (Object.keys(results) as Kind[]).flatMap((kind) => results[kind].rollouts.filter(({ success }) => !success).map(({ task, seed, reason }) => `  failed, ${kind}: ${task} seed ${seed}: ${reason}\n`))
  return `${table}${judgement.join('')}${failures.slice(0, 40).join('')}${failures.length > 40 ? `  and ${failures.length - 40} more, see --json\n` : ''}`
}
