/** Electron's main process: it composes the shell and supervises; it never computes. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { app, dialog, protocol, shell, type BrowserWindow } from 'electron'
import { exitCodes, KinoraError } from './contract/errors.ts'
import { desktopScheme } from './contract/transport.ts'
import { lockHome } from './host/home-lock.ts'
import { readSettingsSync } from './host/host-settings.ts'
import { Workbench } from './host/workbench.ts'
import { appRoot } from './platform/entry.ts'
import { ioError } from './platform/fs-atomic.ts'
import { resolveHome } from './platform/paths.ts'
import { useEntryRunner } from './platform/run-entry.ts'
import { answerAppRequest, streamOf } from './shell/app-protocol.ts'
import { serveBridge } from './shell/bridge.ts'
import { Departure } from './shell/departure.ts'
import { askBeforeLeaving } from './shell/leaving.ts'
import { installMenu } from './shell/menu.ts'
import { Presence } from './shell/presence.ts'
import { runUtility, spawnUtility } from './shell/utility-process.ts'
import { createWindow, hardenApp } from './shell/window.ts'

const home = resolveHome()
// Before `ready`: the protocol's rights, the sandbox, and a profile of its own per home (the single-instance lock lies there).
protocol.registerSchemesAsPrivileged([{ scheme: desktopScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true } }])
hardenApp()
useEntryRunner(runUtility)
// Known before `ready` or not at all: Chromium chooses its renderer once.
if (readSettingsSync(home).rendering === 'software') app.disableHardwareAcceleration()
useProfile(join(home.cache, 'electron'))

if (app.requestSingleInstanceLock()) void start()
else app.exit(exitCodes['already-running'])

function useProfile(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    app.setPath('userData', folder)
  } catch (error) {
    const known = KinoraError.from(ioError(error, `make ${folder}`))
    dialog.showErrorBox('Kinora cannot start', `${known.message}\n\n${known.hint}`)
    app.exit(exitCodes[known.code])
  }
}

async function start(): Promise<void> {
  await app.whenReady()
  let workbench: Workbench
  let lock: Awaited<ReturnType<typeof lockHome>>
  try {
    lock = await lockHome(home, { port: null, secret: randomBytes(16).toString('hex') })
    workbench = await Workbench.open({ home, host: 'electron', spawn: spawnUtility })
  } catch (error) {
    const known = KinoraError.from(error)
    dialog.showErrorBox('Kinora cannot start', `${known.message}\n\n${known.hint}`)
    return app.exit(exitCodes[known.code])
  }

  const pageRoot = join(appRoot(), 'dist', 'renderer')
  protocol.handle(desktopScheme, async (request) => {
    const { status, headers, body, rest } = await answerAppRequest({ url: request.url, method: request.method, range: request.headers.get('range') ?? undefined }, workbench.services, pageRoot)
    // A Response without content refuses a body, even an empty one.
    const whole = status === 204 ? null : Uint8Array.from(body)
    return new Response(rest === undefined ? whole : streamOf(body, rest), { status, headers })
  })
  serveBridge(workbench.services, workbench.log)
  installMenu({ showLogs: () => void shell.openPath(join(home.cache, 'logs')) })

  let window: BrowserWindow | null = null
  const presence = new Presence(workbench.services, { show: () => show(), quit: () => app.quit() })
  const departure = new Departure({
    runningCount: () => presence.runningCount,
    ask: () => askBeforeLeaving(window, presence.runningCount),
    keep: () => {
      presence.keepInTray()
      window?.hide()
    },
    close: async () => {
      window?.hide()
      await workbench.close()
      await lock.release()
    },
    exit: () => {
      presence.dispose()
      app.exit(0)
    },
  })

  function show(): void {
    window ??= create()
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  function create(): BrowserWindow {
    const created = createWindow(home)
    created.on('close', (event) => {
      if (!departure.windowCloses()) event.preventDefault()
    })
    created.on('closed', () => (window = null))
    return created
  }

  app.on('second-instance', show)
  app.on('activate', show)
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    if (!departure.appQuits()) event.preventDefault()
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void departure.closeNow())
  window = create()
}
