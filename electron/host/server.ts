import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { KinoraError } from '../contract/errors.ts'
import type { SpawnChild } from '../platform/child-process.ts'
import { appRoot } from '../platform/entry.ts'
import type { Home } from '../platform/paths.ts'
import type { ProcessLock } from '../platform/process-lock.ts'
import { Gate } from './gate.ts'
import { checkHomeIsFree, lockHome } from './home-lock.ts'
import { serveHttp } from './http-server.ts'
import { openBrowser } from './open-browser.ts'
import { Workbench } from './workbench.ts'

export interface HeadlessOptions {
  readonly home: Home
  /** 0 or left out: any free port. */
  readonly port?: number
  /** Opens the page in the user's browser. */
  readonly openBrowser?: boolean
  /** Folder of the built page; left out: `dist/renderer` of the app. */
  readonly pageRoot?: string
  readonly spawn?: SpawnChild
}

export interface HeadlessHost {
  /** Opens the page once; it holds a one-time token. */
  readonly url: string
  readonly port: number
  readonly workbench: Workbench
  /** One more address with a token of its own. */
  newUrl(): string
  /** Pauses what trains (saving a checkpoint), ends the processes and frees the port and the home. */
  close(patienceMs?: number): Promise<void>
}

/**
 * Serves the workbench to browsers on this machine, at 127.0.0.1 alone.
 * @throws KinoraError `port-in-use`, `already-running` (with the first instance's address), `io`
 */
export async function startHeadless(options: HeadlessOptions): Promise<HeadlessHost> {
  const { home } = options
  await checkHomeIsFree(home)
  const gate = new Gate()
  const secret = randomBytes(32).toString('base64url')
  // The port first: a port in use must leave nothing behind. Until the handlers are there, requests wait.
  const server = createServer()
  const port = await listen(server, options.port ?? 0)
  let lock: ProcessLock | undefined
  let workbench: Workbench
  try {
    lock = await lockHome(home, { port, secret })
    workbench = await Workbench.open({ home, host: 'headless', spawn: options.spawn })
  } catch (error) {
    await lock?.release()
    server.close()
    throw error
  }
  const pageRoot = options.pageRoot ?? join(appRoot(), 'dist', 'renderer')
  const serving = serveHttp(server, { services: workbench.services, gate, pageRoot, log: workbench.log, instanceSecret: secret })
  const newUrl = (): string => `http://127.0.0.1:${port}/?token=${gate.issueToken()}`
  const url = newUrl()
  // A link of its own: the one that is printed stays good when the browser takes this one.
  if (options.openBrowser === true) void openBrowser(newUrl())
  return {
    url,
    port,
    workbench,
    newUrl,
    close: async (patienceMs) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await workbench.close(patienceMs)
      serving.dispose()
      server.closeAllConnections()
      await closed
      await lock.release()
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new KinoraError('port-in-use', `Port ${port} of 127.0.0.1 is in use by another program.`, 'Give another one with --port, or leave --port out to take any free one.'))
      else if (error.code === 'EACCES') reject(new KinoraError('port-in-use', `Port ${port} needs more rights than this user has.`, 'Give a port above 1023 with --port.'))
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
