import { exitCodes, KinoraError } from '../contract/errors.ts'
import { ioError } from '../platform/fs-atomic.ts'
import type { Terminal } from './terminal.ts'

/** Reports an error the way that the command was asked to speak, and tells the exit code. */
export function reportFailure(error: unknown, terminal: Terminal, options: { json: boolean; verbose: boolean }): number {
  const failure = asKinoraError(error)
  if (options.json) terminal.out(`${JSON.stringify({ error: failure.toJSON() })}\n`)
  else terminal.err(`kinora: ${failure.message}\n${failure.hint === '' ? '' : `  ${failure.hint}\n`}`)
  if (options.verbose || failure.code === 'internal') terminal.err(`${stackOf(error)}\n`)
  return exitCodes[failure.code]
}

/** Adds to KinoraError.from what only the command line meets. */
export function asKinoraError(error: unknown): KinoraError {
  if (error instanceof KinoraError) return error
  const systemCode = error instanceof Error && 'code' in error ? error.code : undefined
  if (error instanceof Error && (error.name === 'AbortError' || systemCode === 'ABORT_ERR')) {
    return new KinoraError('interrupted', 'Interrupted.', 'Run the same command again to continue.', { cause: error })
  }
  if (systemCode === 'EADDRINUSE') {
    return new KinoraError('port-in-use', `The port is taken by another program: ${(error as Error).message}`, 'Choose another with --port, or --port 0 for any free one.', { cause: error })
  }
  const path = error instanceof Error && 'path' in error ? String(error.path) : undefined
  return KinoraError.from(path === undefined ? error : ioError(error, `use ${path}`))
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause === undefined ? (error.stack ?? '') : `${error.stack ?? ''}\nCaused by: ${stackOf(error.cause)}`
}
