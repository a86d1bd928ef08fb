import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { electronPath } from '../../electron/commands/start.ts'
import { appRoot } from '../../electron/platform/entry.ts'

/** The Electron binary, or why desktop tests cannot run on this machine. */
export function findElectron(): { path: string } | { reason: string } {
  const path = process.env.KINORA_ELECTRON ?? electronPath()
  if (path === undefined || !existsSync(path)) return { reason: 'no Electron binary is here (npx install-electron gets it)' }
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return { reason: 'there is no display (xvfb-run gives one)' }
  if (process.platform === 'linux' && process.getuid?.() === 0) return { reason: 'Electron refuses to run sandboxed as root' }
  return { path }
}

/** Builds page and desktop bundle as `npm run build:desktop` does. */
export function buildDesktop(): void {
  const vite = join(appRoot(), 'node_modules', 'vite', 'bin', 'vite.js')
  for (const config of ['vite.renderer.config.ts', 'vite.desktop.config.ts']) execFileSync(process.execPath, [vite, 'build', '--config', join(appRoot(), 'build', config), '--logLevel', 'warn'], { cwd: appRoot() })
}
