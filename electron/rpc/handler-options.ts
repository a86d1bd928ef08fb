import { ORPCError } from '@orpc/server'
import { KinoraError } from '../contract/errors.ts'
import type { Log } from '../platform/log.ts'
import { toOrpcError } from './orpc-error.ts'

interface Call {
  readonly path: readonly string[]
  next(): Promise<unknown>
}

/** The same for every transport: failures leave as {code, message, hint}; what nobody foresaw is logged with its stack. */
export function handlerOptions(log: Log) {
  return {
    interceptors: [
      async <Result extends { matched: boolean }>(request: { next(): Promise<Result> }): Promise<Result> => {
        const result = await request.next()
        if (!result.matched) throw toOrpcError(new KinoraError('not-found', 'The host does not know this request.', 'Reload the page, so that page and host are of one version.'))
        return result
      },
    ],
    clientInterceptors: [
      async (call: Call): Promise<unknown> => {
        try {
          return await call.next()
        } catch (error) {
          const known = toOrpcError(error)
          if (known.data.code === 'internal') log.error(`rpc ${call.path.join('.')} failed`, error instanceof ORPCError ? (error.cause ?? error) : error)
          throw known
        }
      },
    ],
  }
}
