import { spawn } from 'node:child_process'

/** Opens an address in the user's browser. Resolves whether a program took it; no browser is no error. */
export function openBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  const [program, ...args] = browserCommand(url, platform)
  return new Promise((resolve) => {
    const child = spawn(program!, args, { stdio: 'ignore', detached: true })
    child.on('error', () => resolve(false))
    child.on('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

export function browserCommand(url: string, platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') return ['open', url]
  // rundll32 takes the address as it is; `start` would have cmd interpret "&".
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  return ['xdg-open', url]
}
