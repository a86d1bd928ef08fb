import { KinoraError } from '../../contract/errors.ts'

/** File and line of the first caller outside the compute engine and its libraries: the model's line. */
export function modelLine(stack: string | undefined): string | null {
  for (const line of stack?.split('\n').slice(1) ?? []) {
    if (/node_modules|node:internal|[\\/]electron[\\/]tensor[\\/](?!registry[\\/])/.test(line)) continue
    const place = /\(?(?:file:\/\/)?((?:\/|[A-Za-z]:[\\/])[^()]*:\d+):\d+\)?$/.exec(line.trim())
    if (place) return place[1]!
  }
  return null
}

/** Runs `record` with stacks deep enough to reach the model's line through tfjs's many frames. */
export function recording<T>(step: string, record: () => T): T {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  try {
    return record()
  } catch (error) {
    throw recordingError(error, step)
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** What happened and in which kernel; tfjs-node's errors have a number in place of the kernel. */
function kernelWords({ message, stack }: Error): string {
  const told = /^Invalid TF_Status: \d+\nMessage: ([\s\S]*)$/.exec(message)?.[1]
  const kernel = /[\\/]kernels[\\/](\w+)\.js/.exec(stack ?? '')?.[1]
  return told === undefined || kernel === undefined ? message : `${kernel}: ${told}`
}

/** An error while a step was recorded, with the step and the model's line. */
function recordingError(error: unknown, step: string): KinoraError {
  const message = error instanceof Error ? kernelWords(error) : String(error)
  const line = modelLine(error instanceof Error ? error.stack : undefined)
  const hint = error instanceof KinoraError ? error.hint : 'Check the sizes in the configuration against the data.'
  const code = error instanceof KinoraError ? error.code : 'internal'
  return new KinoraError(code, `Step '${step}': ${message}${line ? ` (at ${line})` : ''}`, hint, { cause: error })
}
