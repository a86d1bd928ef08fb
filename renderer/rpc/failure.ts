import { errorSchema, KinoraError } from '../../electron/contract/errors.ts'
import { text } from '../text/en.ts'

/** Any failed call as {code, message, hint}: an ORPCError carries ours in `data`. */
export function failureOf(error: unknown): KinoraError {
  if (error instanceof KinoraError) return error
  if (error !== null && typeof error === 'object' && 'data' in error) {
    const ours = errorSchema.safeParse(error.data)
    if (ours.success) return new KinoraError(ours.data.code, ours.data.message, ours.data.hint, { cause: error })
  }
  if (error instanceof TypeError && /fetch|network/i.test(error.message)) {
    return new KinoraError('io', text.failure.unreachable, text.failure.unreachableHint, { cause: error })
  }
  return KinoraError.from(error)
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException ? error.name === 'AbortError' : error instanceof Error && error.name === 'AbortError'
}
