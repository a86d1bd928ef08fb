import { formatP } from '../base/statistics.ts'
import type { Evaluation, Success } from '../contract/run.ts'
import { compareEvaluations, verdict, type PairedComparison } from '../evaluate/comparison.ts'
import { html, type Content, type Markup } from './markup.ts'
import { percent, points } from './numbers.ts'

export interface Policy {
  readonly name: string
  readonly evaluation: Evaluation
}

/** A dot on a line: the rate and its interval on the scale from 0 to 1. */
function interval({ successes, n, low, high }: Success): Markup {
  const x = (share: number): string => (4 + 112 * share).toFixed(1)
  return html`<svg class="interval" viewBox="0 0 120 14" aria-hidden="true"><line class="frame" x1="4" y1="12" x2="116" y2="12"/><line x1="${x(low)}" y1="6" x2="${x(high)}" y2="6"/><line x1="${x(low)}" y1="3" x2="${x(low)}" y2="9"/><line x1="${x(high)}" y1="3" x2="${x(high)}" y2="9"/><circle cx="${x(n === 0 ? 0 : successes / n)}" cy="6" r="3"/></svg>`
}

function row(label: Content, policy: string, success: Success, isTotal: boolean): Markup {
  return html`<tr${isTotal ? html` class="total"` : ''}><th scope="row">${label}</th><td>${policy}</td><td class="number">${success.successes} of ${success.n}</td><td class="number">${success.n === 0 ? '' : percent(success.successes / success.n)}</td><td class="number">${percent(success.low)} to ${percent(success.high)}</td><td>${interval(success)}</td></tr>`
}

/** Success per task and in total, every policy on the same seeds. */
export function successTable(policies: readonly Policy[]): Markup {
  const tasks = [...new Map(policies.flatMap(({ evaluation }) => evaluation.tasks.map((task) => [task.task, task.instruction] as const)))]
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Success of every policy"><table>
<caption>Closed-loop success with 95 % Wilson intervals</caption>
<thead><tr><th scope="col">Task</th><th scope="col">Policy</th><th scope="col" class="number">Successes</th><th scope="col" class="number">Rate</th><th scope="col" class="number">95 % interval</th><th scope="col">0 to 100 %</th></tr></thead>
<tbody>${tasks.map(([task, instruction]) =>
    policies.flatMap(({ name, evaluation }) => {
      const success = evaluation.tasks.find((other) => other.task === task)
      return success === undefined ? [] : [row(html`${instruction} <span class="quiet small">${task}</span>`, name, success, false)]
    }),
  )}</tbody>
<tbody>${policies.map(({ name, evaluation }) => row('All tasks', name, evaluation.total, true))}</tbody></table></div>`
}

function comparisonRow(label: string, comparison: PairedComparison, isTotal: boolean): Markup {
  const { n, counts, difference, interval: range, p, adjustedP } = comparison
  return html`<tr${isTotal ? html` class="total"` : ''}><th scope="row">${label}</th><td class="number">${n}</td><td class="number">${counts.both}</td><td class="number">${counts.onlyFirst}</td><td class="number">${counts.onlySecond}</td><td class="number">${counts.neither}</td><td class="number">${points(difference)} (${points(range.low)} to ${points(range.high)})</td><td class="number">${formatP(p)}</td><td class="number">${isTotal ? '' : formatP(adjustedP)}</td></tr>`
}

/** The paired comparison of two policies: what it allows to say, and the numbers with the seeds on which they disagree. */
export function comparisonSection(first: Policy, second: Policy): { readonly finding: Markup; readonly details: Markup } {
  const { total, tasks, unpaired } = compareEvaluations(first.evaluation, second.evaluation)
  const details = html`<div class="scroll" tabindex="0" role="region" aria-label="Paired comparison"><table>
<caption>${first.name} and ${second.name} on the same task and seed</caption>
<thead><tr><th scope="col">Task</th><th scope="col" class="number">Pairs</th><th scope="col" class="number">Both succeed</th><th scope="col" class="number">Only ${first.name}</th><th scope="col" class="number">Only ${second.name}</th><th scope="col" class="number">Neither</th><th scope="col" class="number">Difference in points (95 %)</th><th scope="col" class="number">McNemar mid-p</th><th scope="col" class="number">Holm over tasks</th></tr></thead>
<tbody>${tasks.map((task) => comparisonRow(task.task ?? '', task, false))}${comparisonRow('All tasks', total, true)}</tbody></table></div>
${unpaired > 0 ? html`<p class="quiet small">${unpaired} rollouts have no partner and are left out.</p>` : ''}
${discordantList(total, first.name, second.name)}`
  return { finding: html`<div class="finding"><p>${verdict(total, first.name, second.name)}</p></div>`, details }
}

function discordantList(total: PairedComparison, first: string, second: string): Markup {
  if (total.discordant.length === 0) return html`<p class="quiet small">There is no seed on which the two policies disagree.</p>`
  return html`<details><summary>The ${total.discordant.length} seeds on which they disagree</summary><table>
<caption>Look at these first: replay both with the same seed</caption>
<thead><tr><th scope="col">Task</th><th scope="col" class="number">Seed</th><th scope="col">Succeeds</th><th scope="col">Fails</th></tr></thead>
<tbody>${total.discordant.map(
    ({ task, seed, winner }) => html`<tr><th scope="row">${task}</th><td class="number">${seed}</td><td>${winner === 'first' ? first : second}</td><td>${winner === 'first' ? second : first}</td></tr>`,
  )}</tbody></table></details>`
}

/** Why failed rollouts ended, where it was something else than the step limit. */
export function unusualEndings(policies: readonly Policy[]): Markup | string {
  const rows = policies.flatMap(({ name, evaluation }) => {
    const reasons = new Map<string, number>()
    for (const { reason } of evaluation.rollouts) if (reason !== null && !/step limit/i.test(reason)) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    return [...reasons].map(([reason, count]) => html`<li>${name}: ${count} of ${evaluation.rollouts.length}, ${reason}</li>`)
  })
  return rows.length === 0 ? '' : html`<p>Rollouts that ended early without success:</p><ul>${rows}</ul>`
}
