import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KinoraError } from '../contract/errors.ts'
import { appRoot } from '../platform/entry.ts'
import type { Context } from './context.ts'

/** A part that vite makes: what it is made from, what shows that it is there. */
interface BuildPart {
  readonly name: string
  readonly config: string
  readonly sources: readonly string[]
  readonly product: string
}

const page: BuildPart = {
  name: 'the page',
  config: 'build/vite.renderer.config.ts',
  sources: ['renderer', 'electron/contract', 'electron/base', 'build/vite.renderer.config.ts', 'package.json'],
  product: 'dist/renderer/index.html',
}

const desktop: BuildPart = {
  name: 'the desktop app',
  config: 'build/vite.desktop.config.ts',
  sources: ['electron', 'build/vite.desktop.config.ts', 'package.json'],
  product: 'dist/electron/main.js',
}

/** Builds `dist/renderer` in a checkout where it is missing or older than its sources. A packaged app has it. */
export async function ensurePage(context: Context): Promise<void> {
  await ensure(context, page)
}

export async function ensureDesktop(context: Context): Promise<void> {
  await ensure(context, page)
  await ensure(context, desktop)
}

async function ensure(context: Context, part: BuildPart): Promise<void> {
  const root = appRoot()
  const product = join(root, part.product)
  const isCheckout = existsSync(join(root, part.config))
  if (!isCheckout) {
    if (existsSync(product)) return
    throw new KinoraError('internal', `This installation lacks ${part.name}: ${product} is missing.`, 'Install Kinora again.')
  }
  const builtAt = await stat(product).then((found) => found.mtimeMs, () => -Infinity)
  if (builtAt > (await newest(part.sources.map((source) => join(root, source))))) return
  const startedAt = performance.now()
  context.note(`Building ${part.name}...`)
  await vite(root, part, context)
  context.note(`Built ${part.name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
}

async function newest(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => null)
      if (found === null) return -Infinity
      if (!found.isDirectory()) return found.mtimeMs
      const names = await readdir(path)
      return Math.max(found.mtimeMs, await newest(names.map((name) => join(path, name))))
    }),
  )
  return Math.max(-Infinity, ...times)
}

async function vite(root: string, part: BuildPart, context: Context): Promise<void> {
  const program = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  if (!existsSync(program)) {
    throw new KinoraError('not-found', `${part.name} has to be built and vite is not installed.`, 'Run "npm ci" in the Kinora folder (with development dependencies).')
  }
  const child = spawn(process.execPath, [program, 'build', '--config', join(root, part.config), '--logLevel', 'warn'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal: context.signal })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8000)))
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('exit', resolve))
  if (code !== 0) throw new KinoraError('internal', `Building ${part.name} failed:\n${output.trim()}`, 'If you changed the sources, correct them; else run "npm ci" again.')
}
