import type { AddHelpTextContext, Command } from 'commander'
import type { CommonOptions, Context } from './context.ts'
import { wrapped, wrappedCommand } from './wrap.ts'

/** A command's work. It returns an exit code, or nothing for 0. */
export type Work<Options> = (context: Context, options: Options, ...names: string[]) => Promise<number | void>

/** Binds a command to its work: makes the context, waits, keeps the exit code. */
export type Bind = <Options extends CommonOptions>(command: Command, work: Work<Options>) => void

/** What ends every help text: examples, then remarks, as wide as the rest of it. */
export function examples(lines: readonly string[], remarks = ''): (help: AddHelpTextContext) => string {
  return ({ command }) => {
    const width = command.configureOutput().getOutHelpWidth?.() ?? 80
    const shown = lines.map((line) => `  $ ${wrappedCommand(line, width - 4).replaceAll('\n', '\n  ')}`)
    return ['', 'Examples:', ...shown, ...(remarks === '' ? [] : ['', wrapped(remarks, width)])].join('\n')
  }
}
