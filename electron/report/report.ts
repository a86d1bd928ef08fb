import type { ReportContents, ReportRun } from './contents.ts'
import { legend, lineChart } from './line-chart.ts'
import { html, raw, type Markup } from './markup.ts'
import { counted, duration, integer, timeStamp } from './numbers.ts'
import { motionSection } from './pictures.ts'
import { style } from './style.ts'
import { comparisonSection, successTable, unusualEndings, type Policy } from './success.ts'

/**
 * One HTML file that needs nothing else: no network, no scripts, pictures inside. The policy in its own head refuses
 * anything that a browser might still load.
 */
export function renderReport(contents: ReportContents): string {
  const judged = contents.runs.flatMap(({ name, evaluation }): Policy[] => (evaluation === null ? [] : [{ name, evaluation }]))
  const policies = [...contents.baselines.filter(({ name }) => name === 'random'), ...judged, ...contents.baselines.filter(({ name }) => name !== 'random')]
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>${contents.title}</title><style>${raw(style)}</style></head>
<body><header><h1>${contents.title}</h1>
<p class="quiet">Kinora, ${timeStamp(contents.createdAt)}. ${counted(contents.dataset.episodeCount, 'demonstrations')} of ${counted(contents.dataset.tasks.length, 'tasks')}; ${contents.runs.map(({ name }) => name).join(', ')}.</p></header>
<main>
<section><h2>Success in closed loop</h2>${results(judged, policies)}</section>
<section><h2>Predicted motion beside true motion</h2>${contents.motions.length === 0 ? html`<p>No run of this report has a motion head.</p>` : contents.motions.map(motionSection)}</section>
<section><h2>Loss</h2>${losses(contents)}</section>
<section><h2>What was run</h2>${whatWasRun(contents)}</section>
<section><h2>How to reproduce</h2><p>On the same machine and provider the same commands give the same numbers.</p><pre><code>${contents.reproduce.join('\n')}</code></pre></section>
</main></body></html>
`.text
}

function results(judged: readonly Policy[], policies: readonly Policy[]): Markup {
  const [first, ...others] = judged
  if (first === undefined) return html`<p>No policy was evaluated.</p>${policies.length > 0 ? successTable(policies) : ''}`
  const { seeds, replanSteps } = first.evaluation
  const comparisons = others.map((other) => comparisonSection(first, other))
  const worlds = judged.every(({ evaluation }) => evaluation.seeds.join() === seeds.join())
    ? html`Every policy starts from the same ${seeds.length} worlds per task (seeds ${seeds[0]} to ${seeds[seeds.length - 1]}), which no training or validation episode uses, and decides anew every ${replanSteps} steps.`
    : html`Policies were judged on different numbers of worlds; each row says on how many, and comparisons use the pairs of task and seed that both have.`
  return html`${comparisons.map(({ finding }) => finding)}${successTable(policies)}
<p class="small quiet">${worlds} A rollout that does not succeed within the task's step limit is a failure.</p>
${unusualEndings(policies)}${comparisons.map(({ details }) => details)}`
}

function losses({ charts, runs }: ReportContents): Markup {
  return html`${legend(runs.map(({ name }, series) => ({ name, series })))}
<p class="small quiet">Thin: every logged value. Bold: debiased exponential average with a time constant of 20 logged points. Validation is on held-out episodes and drawn raw.</p>
<div class="charts">${charts.map(lineChart)}</div>`
}

function whatWasRun({ dataset, runs, machine, phases }: ReportContents): Markup {
  return html`${dataset.note === '' ? '' : html`<p>${dataset.note}</p>`}${notesOf(runs)}
<table><caption>Data</caption><tbody>
<tr><th scope="row">Dataset</th><td>${dataset.name}</td></tr>
<tr><th scope="row">Episodes, frames</th><td>${counted(dataset.episodeCount, 'episodes')}, ${counted(dataset.frameCount, 'frames')} at ${dataset.fps} Hz</td></tr>
<tr><th scope="row">Cameras</th><td>${dataset.cameras.join(', ')}</td></tr>
<tr><th scope="row">Tasks</th><td>${dataset.tasks.join('; ')}</td></tr></tbody></table>
<div class="scroll" tabindex="0" role="region" aria-label="Runs"><table><caption>Runs</caption>
<thead><tr><th scope="col"></th>${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${runRow(runs, 'Run', ({ id }) => id)}
${runRow(runs, 'Seed', ({ config }) => String(config.seed))}
${runRow(runs, 'Motion target', ({ config }) => config.motion.target)}
${runRow(runs, 'Parameters', ({ parameters }) => Object.entries(parameters).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${integer(count)}`).join(', '))}
${runRow(runs, 'Steps, batch', ({ config, checkpointStep }) => `${integer(checkpointStep)} of ${integer(config.steps)}, ${config.batchSize}`)}
${runRow(runs, 'Samples seen', ({ config, checkpointStep }) => integer(checkpointStep * config.batchSize))}
${runRow(runs, 'Provider', ({ provider }) => provider)}
${runRow(runs, 'Training time', ({ seconds }) => (seconds === null ? 'unknown' : duration(seconds)))}
${runRow(runs, 'Folder', ({ path }) => path)}</tbody></table></div>
${differences(runs)}
<table><caption>Machine</caption><tbody>${Object.entries(machine).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>
${phases.length > 0 ? html`<table><caption>Time</caption><tbody>${phases.map(({ name, seconds, note }) => html`<tr><th scope="row">${name}</th><td class="number">${duration(seconds)}</td><td class="quiet small">${note}</td></tr>`)}</tbody></table>` : ''}
${runs.map(({ name, config }) => html`<details><summary>Whole configuration of ${name}</summary><pre><code>${JSON.stringify(config, null, 2)}</code></pre></details>`)}`
}

/** What people wrote about the runs. */
function notesOf(runs: readonly ReportRun[]): Markup | string {
  const noted = runs.filter(({ notes }) => notes !== '')
  return noted.length === 0 ? '' : html`<table><caption>Notes</caption><tbody>${noted.map(({ name, notes }) => html`<tr><th scope="row">${name}</th><td class="notes">${notes}</td></tr>`)}</tbody></table>`
}

function runRow(runs: readonly ReportRun[], label: string, value: (run: ReportRun) => string): Markup {
  return html`<tr><th scope="row">${label}</th>${runs.map((run) => html`<td>${value(run)}</td>`)}</tr>`
}

/** Only what differs: whoever compares runs wants to see at once that nothing else does. */
function differences(runs: readonly ReportRun[]): Markup | string {
  if (runs.length < 2) return ''
  const flat = runs.map(({ config }) => new Map(leaves(config, '')))
  const keys = [...new Set(flat.flatMap((map) => [...map.keys()]))].filter((key) => new Set(flat.map((map) => map.get(key))).size > 1)
  return html`<table><caption>Everything in which the configurations differ</caption>
<thead><tr><th scope="col">Field</th>${runs.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${keys.length === 0 ? html`<tr><td colspan="${runs.length + 1}">nothing</td></tr>` : keys.map((key) => html`<tr><th scope="row"><code>${key}</code></th>${flat.map((map) => html`<td>${map.get(key) ?? 'not set'}</td>`)}</tr>`)}</tbody></table>`
}

function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]]
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`))
}
