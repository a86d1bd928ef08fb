import { formatP } from '../base/statistics.ts'
import type { Ablation, AblationRow } from './ablation.ts'

/** The table of an ablation as text: for the terminal and the page, for files, and for a paper's notes. */

type Table = Pick<Ablation, 'table' | 'spec'>

const number = (value: number | null | undefined): string => (value == null ? '' : String(Number(value.toPrecision(6))))
const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** One column per number; empty where there is none. */
export function tableCsv({ table, spec }: Table): string {
  const losses = [...new Set(table.flatMap(({ validation }) => Object.keys(validation)))].sort()
  const header = ['arm', 'seeds', 'successes', 'rollouts', 'success', 'success_low', 'success_high', 'difference', 'seeds_low', 'seeds_high', 'rollouts_low', 'rollouts_high', 'mid_p', ...losses.flatMap((name) => [name, `${name}_difference`, `${name}_low`, `${name}_high`])]
  const rows = table.map(({ label, seeds, success, overSeeds, overRollouts, validation }) => [
    quoted(label),
    `${seeds.length}/${spec.seeds.length}`,
    number(success?.successes),
    number(success?.n),
    number(success && success.successes / success.n),
    number(success?.low),
    number(success?.high),
    number(overRollouts?.mean ?? overSeeds?.mean),
    number(overSeeds?.low),
    number(overSeeds?.high),
    number(overRollouts?.low),
    number(overRollouts?.high),
    number(overRollouts?.p),
    ...losses.flatMap((name) => [number(validation[name]?.mean), number(validation[name]?.difference?.mean), number(validation[name]?.difference?.low), number(validation[name]?.difference?.high)]),
  ])
  return [header, ...rows].map((row) => `${row.join(',')}\n`).join('')
}

/** Cells for people, header first. Rates in percent, differences in points. */
export function tableCells({ table, spec }: Table): string[][] {
  const hasRollouts = spec.evaluation.seedsPerTask > 0
  const points = (value: number): string => `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)}`
  const between = (interval: { low: number; high: number } | null, show: (value: number) => string): string => (interval === null ? '' : `${show(interval.low)} to ${show(interval.high)}`)
  const loss = (row: AblationRow): string[] => {
    const action = row.validation['val/action']
    const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(3)}`
    return action === undefined ? ['', ''] : [action.mean.toFixed(3), action.difference === null ? '' : `${signed(action.difference.mean)} (${between(action.difference, signed)})`]
  }
  const header = ['arm', 'seeds', ...(hasRollouts ? ['success', '95 % Wilson', 'points', '95 % over seeds', '95 % over rollouts', 'mid-p'] : []), 'val/action', 'difference (95 % over seeds)']
  return [
    header,
    ...table.map((row) => [
      row.label + (row.arm === 0 ? ' (baseline)' : ''),
      `${row.seeds.length}/${spec.seeds.length}`,
      ...(hasRollouts
        ? [
            row.success === null ? '' : `${row.success.successes}/${row.success.n}`,
            row.success === null ? '' : `${(100 * row.success.low).toFixed(0)} to ${(100 * row.success.high).toFixed(0)} %`,
            row.overRollouts === null ? '' : points(row.overRollouts.mean),
            between(row.overSeeds, points),
            between(row.overRollouts, points),
            row.overRollouts === null ? '' : formatP(row.overRollouts.p),
          ]
        : []),
      ...loss(row),
    ]),
  ]
}

/** The same cells as a Markdown table, and how to read them. */
export function tableMarkdown(ablation: Table): string {
  const [header, ...rows] = tableCells(ablation)
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return `${line(header!)}${line(header!.map((_, column) => (column === 0 ? '---' : '---:')))}${rows.map(line).join('')}\n${howToRead(ablation)}\n`
}

export function howToRead({ spec }: Pick<Ablation, 'spec'>): string {
  const count = spec.seeds.length
  const few = count === 1 ? ' With one training seed the spread of training is unknown.' : count === 2 ? ' With two training seeds the spread of training is hardly known.' : ''
  const rollouts = spec.evaluation.seedsPerTask > 0 ? ' "Over rollouts" and mid-p: the same worlds for these trained policies alone.' : ''
  return `Differences are arm minus baseline. "Over seeds": a t interval over training seeds, what training again may give.${rollouts}${few}`
}
