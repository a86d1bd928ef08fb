import { openPortLine, openSocketLine, type OpenLine } from './transport.ts'

/** What Electron's preload puts on `window`; a browser has none of it. */
export interface KinoraBridge {
  /** Asks for a fresh MessagePort to the host; it arrives as a `message` event of this window. */
  connect(): void
}

declare global {
  interface Window {
    readonly kinora?: KinoraBridge
  }
}

/** `data` of the message event that carries the port. */
export const portMessage = 'kinora-port'

function requestPort(bridge: KinoraBridge): Promise<MessagePort> {
  return new Promise((resolve) => {
    const hear = (event: MessageEvent) => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== portMessage || port === undefined) return
      removeEventListener('message', hear)
      resolve(port)
    }
    addEventListener('message', hear)
    bridge.connect()
  })
}

/** MessagePort in Electron, WebSocket in a browser. */
export function lineOfThisPage(): OpenLine {
  const bridge = window.kinora
  return bridge === undefined ? openSocketLine : openPortLine(() => requestPort(bridge))
}
