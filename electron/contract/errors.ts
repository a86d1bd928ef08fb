import { z } from 'zod'

/** Every way in which Kinora refuses, with the exit code that the command line gives it. */
export const exitCodes = {
  'usage': 2,
  'config-invalid': 2,
  'dataset-invalid': 3,
  'not-found': 3,
  'already-running': 4,
  'port-in-use': 4,
  'disk-full': 5,
  'io': 5,
  'device-unavailable': 6,
  'out-of-memory': 6,
  'numerics': 7,
  'checkpoint-damaged': 7,
  'simulation': 7,
  'engine-crashed': 8,
  'unauthorised': 9,
  'internal': 70,
  'interrupted': 130,
} as const

export type ErrorCode = keyof typeof exitCodes

export const errorSchema = z.object({
  code: z.enum(Object.keys(exitCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  hint: z.string(),
})

/** What happened (with what was expected), and what to do about it. Crosses every border as {code, message, hint}. */
export class KinoraError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KinoraError'
    this.code = code
    this.hint = hint
  }

  toJSON(): z.infer<typeof errorSchema> {
    return { code: this.code, message: this.message, hint: this.hint }
  }

  /** Any thrown value as a KinoraError; an unknown one keeps its message under `internal`. */
  static from(error: unknown): KinoraError {
    if (error instanceof KinoraError) return error
    const parsed = errorSchema.safeParse(error)
    if (parsed.success) return new KinoraError(parsed.data.code, parsed.data.message, parsed.data.hint, { cause: error })
    const message = error instanceof Error ? error.message : String(error)
    const systemCode = error instanceof Error && 'code' in error ? error.code : undefined
    if (systemCode === 'ENOSPC') return new KinoraError('disk-full', `The disk is full: ${message}`, 'Free some space, then run the same command again; what was finished is kept.', { cause: error })
    return new KinoraError('internal', message, 'This is a bug in Kinora. Please report it with the log.', { cause: error })
  }
}
