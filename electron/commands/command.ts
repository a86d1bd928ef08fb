import type { Command } from 'commander'
import type { CommonOptions, Context } from './context.ts'

/** A command's work. It returns an exit code, or nothing for 0. */
export type Work<Options> = (context: Context, options: Options, ...names: string[]) => Promise<number | void>

/** Binds a command to its work: makes the context, waits, keeps the exit code. */
export type Bind = <Options extends CommonOptions>(command: Command, work: Work<Options>) => void

/** The block of examples that ends every help text. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join('')}`
}
