/**
 * How the page reaches the router of rpc.ts and the bytes of blob.ts. Both answer on the page's own origin.
 *
 * In a browser: a WebSocket at {@link rpcPath} of the page's origin (the session cookie goes with it).
 * In Electron: `window.kinora` ({@link DesktopApi}) exists; call `connect()` and wait for one `message` event on `window`
 * whose `source` is the window itself and whose `data` is {@link portMessage}: `event.ports[0]` is the MessagePort.
 * Call `port.start()` before the first request.
 */
export const rpcPath = '/rpc'
export const portMessage = 'kinora-port'
/** The privileged protocol that serves the page in Electron: `app://kinora/index.html`, `app://kinora/blob/...`. */
export const desktopScheme = 'app'
export const desktopOrigin = 'app://kinora'

/** The one frozen object that the preload script puts on `window` in Electron, as `window.kinora`. */
export interface DesktopApi {
  readonly platform: string
  /** Asks for a fresh port; it arrives as a window message. Call again after a port has closed. */
  connect(): void
  /** The system's folder dialog; null when it was cancelled. */
  chooseFolder(): Promise<string | null>
  /** Shows a run's or a dataset's folder in the file manager. Only folders that the catalogue knows. */
  showFolder(kind: 'run' | 'dataset', id: string): Promise<void>
}
