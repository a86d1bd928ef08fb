import { ORPCError, ValidationError } from '@orpc/server'
import { KinoraError, type ErrorCode } from '../contract/errors.ts'

const httpStatus: Partial<Record<ErrorCode, number>> = {
  'usage': 400,
  'config-invalid': 400,
  'dataset-invalid': 422,
  'not-found': 404,
  'already-running': 409,
  'port-in-use': 409,
  'unauthorised': 401,
  'disk-full': 507,
  'engine-crashed': 503,
  'interrupted': 503,
}

export function statusOf(code: ErrorCode): number {
  return httpStatus[code] ?? 500
}

/** Any failure as an ORPCError that carries {code, message, hint} in `data`: what the page reads. */
export function toOrpcError(error: unknown): ORPCError<string, ReturnType<KinoraError['toJSON']>> {
  const known = fromOrpc(error)
  return new ORPCError(known.code.toUpperCase().replaceAll('-', '_'), { status: statusOf(known.code), message: known.message, data: known.toJSON(), cause: error })
}

function fromOrpc(error: unknown): KinoraError {
  if (!(error instanceof ORPCError)) return KinoraError.from(error)
  if (error.cause instanceof ValidationError) {
    const issues = error.cause.issues.map((issue) => `${(issue.path ?? []).map((part) => (typeof part === 'object' ? String(part.key) : String(part))).join('.') || 'input'}: ${issue.message}`)
    return error.code === 'BAD_REQUEST'
      ? new KinoraError('usage', `The request is not valid. ${issues.join('; ')}.`, 'This is the page asking wrongly: reload it, so that page and host are of one version.', { cause: error })
      : new KinoraError('internal', `The answer breaks the contract. ${issues.slice(0, 5).join('; ')}.`, 'This is a bug in Kinora. Please report it with the log.', { cause: error })
  }
  return KinoraError.from(error)
}
