import type { Log } from '../platform/log.ts'
import { toOrpcError } from './orpc-error.ts'

interface Call {
  readonly path: readonly string[]
  next(): Promise<unknown>
}

/** The same for every transport: failures leave as {code, message, hint}; what nobody foresaw is logged with its stack. */
export function handlerOptions(log: Log) {
  return {
    clientInterceptors: [
      async (call: Call): Promise<unknown> => {
        try {
          return await call.next()
        } catch (error) {
          const known = toOrpcError(error)
          if (known.data.code === 'internal') log.error(`rpc ${call.path.join('.')} failed`, error)
          throw known
        }
      },
    ],
  }
}
