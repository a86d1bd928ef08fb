import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { nearest } from '../base/nearest.ts'
import { KinoraError } from '../contract/errors.ts'
import { appRoot } from '../platform/entry.ts'
import { withCommonOptions, type CommonOptions } from './context.ts'
import { examples, type Bind } from './command.ts'
import { formatTable } from './table.ts'

/** One measured number; with the extremes of its repetitions, or the quantiles that its note names, where it was repeated. */
export interface BenchRow {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
  readonly n?: number
  readonly low?: number
  readonly high?: number
  readonly target?: number
  readonly note?: string
}

/** What `tests/perf/<name>.ts` exports as `default`; as `parts` it may export names of which `only` is a selection (all when empty). */
export type Bench = (options: { signal: AbortSignal; note: (text: string) => void; only: readonly string[] }) => Promise<readonly BenchRow[] | { readonly rows: readonly BenchRow[] }>

export function registerBench(program: Command, bind: Bind): void {
  const command = program.command('bench').argument('[names...]', 'benchmarks to run, each with the parts of it to run; without any they are listed')
  command.description('Measure: run benchmarks of tests/perf and print their numbers.').addHelpText('after', examples(['kinora bench', 'kinora bench tensor', 'npm run bench -- tensor vae']))
  withCommonOptions(command)
  bind<CommonOptions>(command, async (context, _options, ...given) => {
    const folder = join(appRoot(), 'tests', 'perf')
    const known = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ts')).map((name) => name.slice(0, -3)).sort()
    const names = given.flat()
    if (names.length === 0) {
      context.print(known, known.length === 0 ? `There are no benchmarks in ${folder}.` : known.join('\n'))
      return
    }
    for (const { name, bench, only } of await selected(folder, known, names)) {
      const result = await bench({ signal: context.signal, note: context.note, only })
      const rows = 'rows' in result ? result.rows : result
      context.terminal.out(formatTable(['row', 'value', 'unit', 'n', 'spread', 'target', ''], rows.map(toCells), [1, 3]))
      // The last line is for programs.
      context.terminal.out(`${JSON.stringify({ bench: name, rows: rows.map(forPrograms) })}\n`)
    }
  })
}

/** Names in order; what is no benchmark must be a part of the one before it. */
async function selected(folder: string, known: readonly string[], names: readonly string[]): Promise<{ name: string; bench: Bench; only: string[] }[]> {
  const selection: { name: string; bench: Bench; parts: readonly string[]; only: string[] }[] = []
  for (const name of names) {
    const last = selection.at(-1)
    if (known.includes(name)) {
      const module = (await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as { default?: Bench; parts?: readonly string[] }
      if (typeof module.default !== 'function') throw new KinoraError('internal', `tests/perf/${name}.ts has no default export bench().`, 'Export default async function bench().')
      selection.push({ name, bench: module.default, parts: module.parts ?? [], only: [] })
    } else if (last?.parts.includes(name)) {
      last.only.push(name)
    } else {
      const guess = nearest(name, [...known, ...(last?.parts ?? [])])
      const parts = last && last.parts.length > 0 ? ` Parts of ${last.name}: ${last.parts.join(', ')}.` : ''
      throw new KinoraError('not-found', `There is no benchmark "${name}".`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}Benchmarks: ${known.join(', ') || 'none in this installation'}.${parts}`)
    }
  }
  return selection
}

function toCells(row: BenchRow): string[] {
  const spread = row.low === undefined || row.high === undefined ? '' : `${digits(row.low)} to ${digits(row.high)}`
  return [row.name, digits(row.value), row.unit, row.n === undefined ? '' : String(row.n), spread, targetWords(row), row.note ?? '']
}

/** A row with every field, so that readers need not ask which are there. */
const forPrograms = (row: BenchRow) => ({ ...row, target: row.target ?? null, n: row.n ?? 1, spread: row.low === undefined || row.high === undefined ? null : row.high - row.low })

function targetWords({ value, target, better }: BenchRow): string {
  if (target === undefined) return ''
  const isMet = better === 'lower' ? value <= target : value >= target
  return `${isMet ? 'met' : 'missed'}: ${better === 'lower' ? 'at most' : 'at least'} ${digits(target)}`
}

function digits(value: number): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value)
}
