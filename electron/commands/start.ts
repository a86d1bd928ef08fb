import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { appRoot } from '../platform/entry.ts'
import { wholeNumber, withCommonOptions, type CommonOptions, type Context } from './context.ts'
import { examples, type Bind } from './command.ts'
import { isRemote, serve } from './serve.ts'

interface StartOptions extends CommonOptions {
  readonly port?: number
  readonly browser?: boolean
}

export function registerStart(program: Command, bind: Bind): void {
  const command = program.command('start')
  command
    .description('Open the workbench: in its own window where Electron can run, else the same page in a browser.')
    .option('--browser', 'use the browser even where Electron could run')
    .option('--port <number>', 'port for the browser (default: 0, any free one)', wholeNumber(0, 65535))
    .addHelpText('after', examples(['kinora start', 'kinora start --browser --port 7860', 'npm start']))
  withCommonOptions(command)
  bind<StartOptions>(command, async (context, options) => {
    const why = options.browser === true ? 'As asked' : await openWindow(context)
    if (why === undefined) return
    context.note(`${why}: the same page is served for a browser.`)
    await serve(context, { port: options.port, openBrowser: !isRemote() })
  })
}

/** Runs the desktop app until it is closed; or says in plain words why it cannot run here. */
async function openWindow(context: Context): Promise<string | undefined> {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return `There is no display${isRemote() ? ' on the other end of this connection' : ''} for a window`
  }
  if (process.platform === 'linux' && process.getuid?.() === 0) return 'Electron does not run as root with its sandbox on'
  const electron = electronPath() ?? (await downloadElectron(context))
  if (typeof electron !== 'string') return electron.why
  const { ensureDesktop } = await import('./build.ts')
  await ensureDesktop(context)
  const startedAt = performance.now()
  const code = await runElectron(electron, context)
  // A window that someone used and closed has done its work, whatever its exit code says.
  if (code === 0 || context.signal.aborted || performance.now() - startedAt > 20_000) return undefined
  return `Electron ended at once with code ${code}`
}

/** The Electron binary where it is already unpacked. */
export function electronPath(): string | undefined {
  try {
    const folder = dirname(createRequire(join(appRoot(), 'package.json')).resolve('electron/package.json'))
    const file = readFileSync(join(folder, 'path.txt'), 'utf8').trim()
    const path = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), file)
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** Electron fetches its binary at its first use; behind a firewall it cannot, and says so late, so it has a time limit. */
async function downloadElectron(context: Context): Promise<string | { why: string }> {
  let installer: string
  try {
    installer = createRequire(join(appRoot(), 'package.json')).resolve('electron/install.js')
  } catch {
    return { why: 'Electron is not installed' }
  }
  context.note('Electron is not here yet; downloading it (about 110 MB, once)...')
  const limit = AbortSignal.any([context.signal, AbortSignal.timeout(180_000)])
  let complaint = ''
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [installer], { stdio: ['ignore', 'ignore', 'pipe'], signal: limit })
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4000)))
    child.on('error', () => resolve(null)).on('exit', resolve)
  })
  const path = electronPath()
  if (code === 0 && path !== undefined) return path
  context.signal.throwIfAborted()
  const reason = limit.aborted ? 'no answer within 3 minutes' : complaint.split('\n').find((line) => /error|ENOTFOUND|ECONN|ETIMEDOUT|status/i.test(line))?.trim()
  return { why: `Electron could not be downloaded${reason ? ` (${reason.slice(0, 160)})` : ''}` }
}

function runElectron(electron: string, context: Context): Promise<number | null> {
  const environment = { ...process.env, KINORA_HOME: context.home.root }
  return new Promise((resolve, reject) => {
    const child = spawn(electron, [appRoot()], { stdio: 'inherit', env: environment })
    context.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
    child.on('error', reject).on('exit', resolve)
  })
}
