import { InvalidArgumentError, Option, type Command } from 'commander'
import { providerNames, type Device } from '../contract/config.ts'
import { resolveHome, type Home } from '../platform/paths.ts'
import type { Interrupts } from './interrupt.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** What every command works with. */
export interface Context {
  readonly home: Home
  readonly isJson: boolean
  readonly isVerbose: boolean
  readonly terminal: Terminal
  readonly progress: Progress
  readonly interrupts: Interrupts
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal
  /** A result: with --json the value as one document, else the text. */
  print(value: unknown, text: string): void
  /** A remark on the way; stderr, so that it never mixes with a result. */
  note(text: string): void
}

export interface CommonOptions {
  readonly home?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

export function createContext(options: CommonOptions, terminal: Terminal, interrupts: Interrupts): Context {
  const progress = new Progress(terminal)
  const isJson = options.json === true
  return {
    home: resolveHome(options.home),
    isJson,
    isVerbose: options.verbose === true,
    terminal,
    progress,
    interrupts,
    signal: interrupts.signal,
    print(value, text) {
      progress.clear()
      if (isJson) terminal.out(`${JSON.stringify(value, null, 2)}\n`)
      else terminal.out(text.endsWith('\n') ? text : `${text}\n`)
    },
    note: (text) => progress.log(text),
  }
}

/** The options that every command has, in the same words everywhere. */
export function withCommonOptions(command: Command, also: { json?: boolean; device?: boolean } = {}): Command {
  if (also.device) command.addOption(new Option('--device <name>', 'where to compute (default: as configured, which is "auto" unless it says otherwise)').choices(['auto', ...providerNames]))
  command.option('--home <folder>', "Kinora's data folder (default: KINORA_HOME, else the platform's data folder)")
  if (also.json) command.option('--json', 'print one JSON document on stdout; progress stays on stderr')
  return command.option('--verbose', 'show where errors come from')
}

export interface DeviceOption {
  readonly device?: Device
}

/** Parses a whole number in a range; the message says the range. */
export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text.trim()) || value < low || value > high) {
      throw new InvalidArgumentError(high === Number.MAX_SAFE_INTEGER ? `Expected a whole number, at least ${low}.` : `Expected a whole number from ${low} to ${high}.`)
    }
    return value
  }
}

/** An option that may be given several times: every text as it is. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/** Comma-separated words; the option may also be given several times. */
export function listOf(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map((part) => part.trim()).filter((part) => part !== '')]
}
