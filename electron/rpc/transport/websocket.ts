import { RPCHandler } from '@orpc/server/ws'
import type { WebSocket } from 'ws'
import type { Disposable } from '../../base/disposable.ts'
import { toDisposable } from '../../base/disposable.ts'
import type { Log } from '../../platform/log.ts'
import { contextOf } from '../context.ts'
import { handlerOptions } from '../handler-options.ts'
import { router } from '../router/index.ts'
import type { Services } from '../services.ts'

const pingMs = 15_000

/** Serves the router on WebSockets. A peer that does not answer two pings in a row is cut, which ends its streams. */
export function createSocketServer(services: Services, log: Log): { serve(socket: WebSocket): Disposable } {
  const handler = new RPCHandler(router, handlerOptions(log))
  return {
    serve(socket) {
      let isAnswering = true
      const ping = setInterval(() => {
        if (!isAnswering) return socket.terminate()
        isAnswering = false
        socket.ping()
      }, pingMs).unref()
      socket.on('pong', () => (isAnswering = true))
      socket.on('close', () => clearInterval(ping))
      socket.on('error', (error) => log.warning('A WebSocket failed', error))
      void handler.upgrade(socket, { context: contextOf(services) })
      return toDisposable(() => socket.terminate())
    },
  }
}
