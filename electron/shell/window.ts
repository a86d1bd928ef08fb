import { join } from 'node:path'
import { app, BrowserWindow, screen, session, type Session, type WebContents } from 'electron'
import { desktopOrigin } from '../contract/transport.ts'
import { appRoot } from '../platform/entry.ts'
import type { Home } from '../platform/paths.ts'
import { isAllowedNavigation, isAllowedPermission, isAllowedRequest } from './policy.ts'
import { placeWindow, readWindowState, smallestWindow, writeWindowState } from './window-state.ts'

/** Denies what no page of this app needs, in every session and every web contents, before any of them exists. */
export function hardenApp(): void {
  app.enableSandbox()
  app.on('web-contents-created', (_event, contents) => hardenContents(contents))
  app.on('session-created', hardenSession)
}

function hardenContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!isAllowedNavigation(event.url)) event.preventDefault()
  })
  contents.on('will-frame-navigate', (event) => {
    if (!isAllowedNavigation(event.url)) event.preventDefault()
  })
  contents.on('will-redirect', (event) => {
    if (!isAllowedNavigation(event.url)) event.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

function hardenSession(target: Session): void {
  target.setPermissionRequestHandler((_contents, permission, answer, details) => answer(isAllowedPermission(permission, details.requestingUrl)))
  target.setPermissionCheckHandler((_contents, permission, origin) => isAllowedPermission(permission, origin))
  target.setDevicePermissionHandler(() => false)
  target.setDisplayMediaRequestHandler((_request, answer) => answer({}))
  target.webRequest.onBeforeRequest((details, answer) => answer({ cancel: !isAllowedRequest(details.url) }))
  // Dictionaries would be fetched from the network.
  target.setSpellCheckerEnabled(false)
  target.on('will-download', (event, item) => {
    if (!isAllowedRequest(item.getURL())) event.preventDefault()
  })
}

/** The one window. Where it was comes from a file that is written when it closes. */
export function createWindow(home: Home): BrowserWindow {
  hardenSession(session.defaultSession)
  const statePath = join(home.cache, 'window.json')
  const place = placeWindow(readWindowState(statePath), [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map((display) => display.workArea))
  const window = new BrowserWindow({
    ...place,
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    show: false,
    title: 'Kinora',
    backgroundColor: '#16181d',
    icon: join(appRoot(), 'resources', 'icons', 'icon.png'),
    webPreferences: {
      preload: join(appRoot(), 'dist', 'electron', 'preload.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  })
  if (place.isMaximised) window.maximize()
  window.once('ready-to-show', () => window.show())
  window.on('close', () => {
    try {
      writeWindowState(statePath, { ...window.getNormalBounds(), isMaximised: window.isMaximized() })
    } catch {
      // A position that cannot be stored is not worth an error while closing.
    }
  })
  // A renderer or GPU process that ran out of memory takes the page, not the training: the page is loaded again.
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason !== 'clean-exit' && details.reason !== 'killed') window.webContents.reload()
  })
  void window.loadURL(`${desktopOrigin}/index.html`)
  return window
}
