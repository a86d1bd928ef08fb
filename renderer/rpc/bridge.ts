import { portMessage, type DesktopApi } from '../../electron/contract/transport.ts'
import { openPortLine, openSocketLine, type OpenLine } from './transport.ts'

declare global {
  interface Window {
    /** Put there by Electron's preload script; a browser has none. */
    readonly kinora?: DesktopApi
  }
}

export function desktopApi(): DesktopApi | undefined {
  return window.kinora
}

function requestPort(desktop: DesktopApi): Promise<MessagePort> {
  return new Promise((resolve) => {
    const hear = (event: MessageEvent) => {
      const port = event.ports[0]
      if (event.source !== window || event.data !== portMessage || port === undefined) return
      removeEventListener('message', hear)
      resolve(port)
    }
    addEventListener('message', hear)
    desktop.connect()
  })
}

/** MessagePort in Electron, WebSocket in a browser. */
export function lineOfThisPage(): OpenLine {
  const desktop = desktopApi()
  return desktop === undefined ? openSocketLine : openPortLine(() => requestPort(desktop))
}
