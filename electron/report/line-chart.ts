import { html, type Markup } from './markup.ts'
import { significant } from './numbers.ts'

export interface Line {
  readonly name: string
  /** Which colour and dash: the same policy has the same in every chart. */
  readonly series: number
  readonly steps: ArrayLike<number>
  readonly values: ArrayLike<number>
  /** Drawn bold over the raw line; where it is missing the raw line is. */
  readonly smoothed?: ArrayLike<number>
}

export interface Chart {
  readonly title: string
  readonly unit?: string
  /** Logarithmic when all values are positive and span more than two decades. */
  readonly lines: readonly Line[]
}

const width = 460
const height = 230
const inner = { left: 52, right: 10, top: 26, bottom: 30 }

interface Axis {
  readonly low: number
  readonly high: number
  readonly isLog: boolean
}

/** One chart as inline SVG, with the numbers in a table that opens below it. */
export function lineChart(chart: Chart): Markup {
  const lines = chart.lines.filter((line) => line.steps.length > 0)
  const values = lines.flatMap((line) => Array.from(line.values).filter(Number.isFinite))
  if (values.length === 0) return html`<figure><figcaption>${chart.title}: no values were recorded.</figcaption></figure>`
  const firstStep = Math.min(...lines.map((line) => line.steps[0]!))
  const lastStep = Math.max(...lines.map((line) => line.steps[line.steps.length - 1]!))
  const axis = valueAxis(values)
  const x = (step: number): number => inner.left + ((step - firstStep) / Math.max(1, lastStep - firstStep)) * (width - inner.left - inner.right)
  const y = (value: number): number => height - inner.bottom - share(axis, value) * (height - inner.top - inner.bottom)
  const label = `${chart.title}. ${lines.map((line) => describe(line)).join(' ')}`
  return html`<figure>
<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
<text class="title" x="0" y="14">${chart.title}${chart.unit ? ` (${chart.unit})` : ''}</text>
${ticks(axis).map(
  (value) => html`<path class="axis" d="M${inner.left} ${y(value).toFixed(1)}H${width - inner.right}"/><text x="${inner.left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${significant(value)}</text>`,
)}
${stepTicks(firstStep, lastStep).map((step) => html`<text x="${x(step).toFixed(1)}" y="${height - inner.bottom + 16}" text-anchor="middle">${step}</text>`)}
<text x="${width - inner.right}" y="${height - 2}" text-anchor="end">training step</text>
${lines.map((line) => html`<path class="raw s${line.series}" d="${path(line.steps, line.values, x, y, axis)}"/>`)}
${lines.map((line) => html`<path class="smooth s${line.series}" d="${path(line.steps, line.smoothed ?? line.values, x, y, axis)}"/>`)}
</svg>
<details class="small"><summary>As a table</summary>${sampleTable(chart.title, lines)}</details>
</figure>`
}

export function legend(entries: readonly { readonly name: string; readonly series: number }[]): Markup {
  return html`<ul class="legend">${entries.map(
    ({ name, series }) => html`<li><svg width="34" height="10" aria-hidden="true"><path class="s${series}" d="M0 5H34"/></svg>${name}</li>`,
  )}</ul>`
}

function valueAxis(values: readonly number[]): Axis {
  const sorted = Float64Array.from(values).sort()
  const smallest = sorted[0]!
  const largest = sorted[sorted.length - 1]!
  const isLog = smallest > 0 && largest / smallest > 100
  if (isLog) return { low: smallest, high: largest, isLog }
  const margin = (largest - smallest || Math.abs(largest) || 1) * 0.05
  return { low: smallest >= 0 ? Math.max(0, smallest - margin) : smallest - margin, high: largest + margin, isLog }
}

function share(axis: Axis, value: number): number {
  if (axis.isLog) return Math.log(value / axis.low) / Math.log(axis.high / axis.low)
  return (value - axis.low) / (axis.high - axis.low)
}

function ticks({ low, high, isLog }: Axis): number[] {
  if (isLog) {
    const decades: number[] = []
    for (let power = Math.ceil(Math.log10(low)); power <= Math.floor(Math.log10(high)); power++) decades.push(10 ** power)
    return decades
  }
  const rough = (high - low) / 4
  const scale = 10 ** Math.floor(Math.log10(rough))
  const size = scale * ([1, 2, 5, 10].find((factor) => factor * scale >= rough) ?? 10)
  const list: number[] = []
  for (let index = Math.ceil(low / size); index * size <= high; index++) list.push(Number((index * size).toPrecision(12)))
  return list
}

function stepTicks(first: number, last: number): number[] {
  if (first === last) return [first]
  return [0, 0.25, 0.5, 0.75].map((part) => Math.round(first + part * (last - first))).concat(last)
}

type Scale = (value: number) => number

/** At most two points per horizontal pixel: each pixel keeps its smallest and its largest value, in order. */
function path(steps: ArrayLike<number>, values: ArrayLike<number>, x: Scale, y: Scale, axis: Axis): string {
  const points: [number, number][] = []
  let pixel = Number.NaN
  let smallest = -1
  let largest = -1
  const flush = (): void => {
    if (smallest < 0) return
    for (const index of smallest === largest ? [smallest] : [Math.min(smallest, largest), Math.max(smallest, largest)]) {
      points.push([x(steps[index]!), y(Math.min(axis.high, Math.max(axis.low, values[index]!)))])
    }
  }
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) continue
    const column = Math.floor(x(steps[index]!))
    if (column !== pixel) {
      flush()
      pixel = column
      smallest = largest = index
    } else {
      if (values[index]! < values[smallest]!) smallest = index
      if (values[index]! > values[largest]!) largest = index
    }
  }
  flush()
  return points.map(([left, top], index) => `${index === 0 ? 'M' : 'L'}${left.toFixed(1)} ${top.toFixed(1)}`).join('')
}

function describe(line: Line): string {
  const values = line.smoothed ?? line.values
  return `${line.name}: from ${significant(values[0]!)} to ${significant(values[values.length - 1]!)} over ${line.steps.length} points.`
}

function sampleTable(title: string, lines: readonly Line[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title} as a table"><table><caption>${title}, ten points of each line</caption>
<thead><tr><th scope="col">Run</th><th scope="col" class="number">Step</th><th scope="col" class="number">Value</th><th scope="col" class="number">Smoothed</th></tr></thead><tbody>
${lines.flatMap((line) =>
  tenOf(line.steps.length).map(
    (index) => html`<tr><th scope="row">${line.name}</th><td class="number">${line.steps[index]!}</td><td class="number">${significant(line.values[index]!, 4)}</td><td class="number">${line.smoothed ? significant(line.smoothed[index]!, 4) : ''}</td></tr>`,
  ),
)}</tbody></table></div>`
}

function tenOf(count: number): number[] {
  return [...new Set(Array.from({ length: 10 }, (_, index) => Math.round((index / 9) * (count - 1))))]
}
