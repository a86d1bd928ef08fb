import { RPCLink as PortLink } from '@orpc/client/message-port'
import { RPCLink as SocketLink } from '@orpc/client/websocket'
import type { ClientLink } from '@orpc/client'
import { rpcPath } from '../../electron/contract/transport.ts'

/** One open line to the host. `closed` resolves when it is gone; nothing is sent on it after that. */
export interface Line {
  readonly link: ClientLink<Record<never, never>>
  readonly closed: Promise<void>
  close(): void
}

/** Opens a line or rejects. Called again for each reconnect. */
export type OpenLine = (signal: AbortSignal) => Promise<Line>

/** WebSocket of the page's own origin: the headless host. The session's cookie goes with it. */
export const openSocketLine: OpenLine = (signal) =>
  new Promise((resolve, reject) => {
    const url = new URL(rpcPath, location.href)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    url.search = ''
    url.hash = ''
    const socket = new WebSocket(url)
    const refuse = () => reject(new Error('The host does not answer.'))
    const abort = () => socket.close()
    signal.addEventListener('abort', abort, { once: true })
    socket.addEventListener('error', refuse, { once: true })
    socket.addEventListener('close', refuse, { once: true })
    socket.addEventListener(
      'open',
      () => {
        const closed = new Promise<void>((done) => socket.addEventListener('close', () => done(), { once: true }))
        resolve({ link: new SocketLink({ websocket: socket }), closed, close: () => socket.close() })
      },
      { once: true },
    )
  })

/** MessagePort that Electron's preload hands over on request. */
export function openPortLine(requestPort: () => Promise<MessagePort>): OpenLine {
  return async () => {
    const port = await requestPort()
    const closed = new Promise<void>((done) => port.addEventListener('close', () => done(), { once: true }))
    const link = new PortLink({ port })
    port.start()
    return { link, closed, close: () => port.close() }
  }
}
