import type { SupportedMessagePort } from '@orpc/client/message-port'
import { RPCHandler } from '@orpc/server/message-port'
import type { Log } from '../../platform/log.ts'
import { contextOf } from '../context.ts'
import { handlerOptions } from '../handler-options.ts'
import { router } from '../router/index.ts'
import type { Services } from '../services.ts'

/** Serves the router on message ports (Electron's MessagePortMain, Node's and the web's MessagePort). Start the port after. */
export function createPortServer(services: Services, log: Log): { serve(port: SupportedMessagePort): void } {
  const handler = new RPCHandler(router, handlerOptions(log))
  return { serve: (port) => handler.upgrade(port, { context: contextOf(services) }) }
}
