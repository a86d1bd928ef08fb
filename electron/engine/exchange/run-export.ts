import type { ExportFormat } from '../../contract/blob.ts'
import { encodeEvents } from '../../formats/tfevents.ts'
import { readMetrics, type RunMetrics } from '../../metrics/reader.ts'
import { readAnnotations } from '../runs/annotations.ts'
import { readStatus, runFile, type RunFolder } from '../runs/run-folder.ts'
import { readEvaluations } from '../runs/run-summary.ts'

/** All that a run logged, at full resolution, as one file for other programs. A resumed run is one line that only rises. */
export async function exportRun(run: RunFolder, format: ExportFormat): Promise<Uint8Array> {
  const metrics = await readMetrics(runFile.metrics(run.path))
  if (format === 'tfevents') return encodeEvents(rowsOf(metrics))
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  return encode(format === 'csv' ? wideCsv(metrics) : JSON.stringify(await asJson(run, metrics), null, 1) + '\n')
}

interface Row {
  readonly step: number
  readonly wall: number
  readonly values: [string, number][]
}

/** What was logged at each step, in rising order. */
function rowsOf(metrics: RunMetrics): Row[] {
  const rows = new Map<number, Row>()
  for (const name of metrics.names) {
    const { steps, values, walls } = metrics.series(name)!
    for (let index = 0; index < steps.length; index++) {
      let row = rows.get(steps[index]!)
      if (row === undefined) rows.set(steps[index]!, (row = { step: steps[index]!, wall: walls[index]!, values: [] }))
      row.values.push([name, values[index]!])
    }
  }
  return [...rows.values()].sort((a, b) => a.step - b.step)
}

/** A column for each metric; empty where nothing was logged. RFC 4180; NaN and infinities by name. */
function wideCsv(metrics: RunMetrics): string {
  const { names } = metrics
  const column = new Map(names.map((name, index) => [name, index]))
  const lines = [['step', 'time', ...names].map(csvField).join(',')]
  for (const { step, wall, values } of rowsOf(metrics)) {
    const fields = new Array<string>(names.length).fill('')
    for (const [name, value] of values) fields[column.get(name)!] = String(value)
    lines.push(`${step},${timeOf(wall)},${fields.join(',')}`)
  }
  return [...lines, ''].join('\r\n')
}

/** One metric of several runs in long form: run, step, time, value. */
export function longCsv(metric: string, runs: readonly { readonly name: string; readonly metrics: RunMetrics }[]): string {
  const lines = [`run,step,time,${csvField(metric)}`]
  for (const { name, metrics } of runs) {
    const series = metrics.series(metric)
    if (series === undefined) continue
    const run = csvField(name)
    const { steps, values, walls } = series
    for (let index = 0; index < steps.length; index++) lines.push(`${run},${steps[index]},${timeOf(walls[index]!)},${values[index]}`)
  }
  return [...lines, ''].join('\r\n')
}

/** The fields of a run as W&B's export names them: config, summary and history with _step, _timestamp (s), _runtime (s). */
async function asJson(run: RunFolder, metrics: RunMetrics): Promise<unknown> {
  const [status, annotations, evaluations] = await Promise.all([readStatus(run.path), readAnnotations(run.path), readEvaluations(run.path)])
  return {
    id: run.identity.id,
    name: run.identity.name,
    state: status.state,
    created_at: new Date(run.identity.createdAt).toISOString(),
    tags: annotations.tags,
    notes: annotations.notes,
    config: run.config,
    summary: metrics.last(),
    history: rowsOf(metrics).map(({ step, wall, values }) => ({
      _step: step,
      _timestamp: wall / 1000,
      _runtime: (wall - metrics.firstWall) / 1000,
      // JSON has no NaN: non-finite values become strings.
      ...Object.fromEntries(values.map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)])),
    })),
    evaluations,
  }
}

const timeOf = (wall: number): string => (wall > 0 ? new Date(wall).toISOString() : '')

/** RFC 4180; a leading = + - @ is kept from being taken for a formula by a spreadsheet. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
