import { Command, CommanderError } from 'commander'
import { exitCodes, KinoraError } from '../contract/errors.ts'
import { kinoraVersion } from '../platform/version.ts'
import { registerAblate } from './ablate.ts'
import { registerBench } from './bench.ts'
import { examples, type Bind } from './command.ts'
import { createContext, type CommonOptions, type Context } from './context.ts'
import { registerConvert } from './convert.ts'
import { registerDemo } from './demo.ts'
import { registerDemos } from './demos.ts'
import { registerDoctor } from './doctor.ts'
import { registerEstimate } from './estimate.ts'
import { registerEvaluate } from './evaluate.ts'
import { reportFailure } from './failure.ts'
import { registerExport } from './export.ts'
import { registerImport } from './import.ts'
import { registerFlow } from './flow.ts'
import { registerInspect } from './inspect.ts'
import { Interrupts } from './interrupt.ts'
import { registerReport } from './report.ts'
import { registerServe } from './serve.ts'
import { registerStart } from './start.ts'
import type { Terminal } from './terminal.ts'
import { registerTrain } from './train.ts'
import { registerVae } from './vae.ts'

/**
 * Runs one command line. Never throws: whatever happens ends as words on stderr (or JSON on stdout with --json) and an
 * exit code from the contract.
 */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  const interrupts = new Interrupts(terminal.err)
  let exitCode = 0
  let context: Context | undefined
  const bind: Bind = (command, work) => {
    command.action(async (...values: unknown[]) => {
      const options = command.opts() as CommonOptions
      const names = values.slice(0, command.registeredArguments.length) as string[]
      context = createContext(options, terminal, interrupts)
      interrupts.install()
      exitCode = (await work(context, options as never, ...names)) ?? 0
    })
  }
  try {
    await buildProgram(bind, terminal).parseAsync([...argv], { from: 'user' })
    return interrupts.signal.aborted && exitCode === 0 ? exitCodes.interrupted : exitCode
  } catch (error) {
    context?.progress.clear()
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const reported = error instanceof CommanderError ? usageError(error, argv) : interrupts.signal.aborted ? interruption(error, interrupts) : error
    return reportFailure(reported, terminal, { json: argv.includes('--json'), verbose: argv.includes('--verbose') })
  } finally {
    interrupts.uninstall()
  }
}

export function buildProgram(bind: Bind, terminal: Terminal): Command {
  const program = new Command('kinora')
  program
    .description('Experiment workbench for robot policies trained jointly with motion image diffusion.')
    .usage('<command> [options]')
    .version(kinoraVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: () => {}, getOutHelpWidth: () => Math.min(100, terminal.columns()) })
    .addHelpText(
      'after',
      examples(
        ['kinora demo', 'kinora doctor', 'kinora demos --task tabletop-goal/push-button --episodes 50 --out buttons', 'kinora train --preset nano --dataset buttons', 'kinora evaluate nano', 'kinora start'],
        'Exit codes: 0 done, 2 wrong usage or configuration, 3 data not found or not valid, 4 already running or port in use, 5 disk, 6 no device or memory, 7 numbers, checkpoint or simulation, 8 engine crashed, 70 bug, 130 interrupted.',
      ),
    )
  for (const register of [registerDemo, registerStart, registerServe, registerDoctor, registerDemos, registerEstimate, registerTrain, registerEvaluate, registerAblate, registerReport, registerInspect, registerConvert, registerFlow, registerImport, registerExport, registerVae, registerBench]) {
    register(program, bind)
  }
  return program
}

function usageError(error: CommanderError, argv: readonly string[]): KinoraError {
  const message = error.message.replace(/^error: /, '').trim()
  // Without a command commander prints the whole help as its error.
  if (error.code === 'commander.help') return new KinoraError('usage', 'Which command?', 'See "kinora --help".')
  const command = argv.find((word) => !word.startsWith('-'))
  const hasCommand = command !== undefined && error.code !== 'commander.unknownCommand'
  const [what = message, ...suggestion] = message.split('\n')
  const sentence = what.charAt(0).toUpperCase() + what.slice(1)
  return new KinoraError('usage', /[.!?]$/.test(sentence) ? sentence : `${sentence}.`, `${suggestion.map((line) => `${line.replace(/^\(|\)$/g, '')} `).join('')}See "kinora ${hasCommand ? `${command} ` : ''}--help".`)
}

function interruption(error: unknown, interrupts: Interrupts): unknown {
  // Work that was cut short fails in many ways; a failure that says more than "aborted" is still worth telling.
  if (error instanceof KinoraError && error.code !== 'interrupted' && error.code !== 'internal') return error
  return interrupts.signal.reason
}
