/** Starts the real host in a process of its own, as `kinora serve` does for a user, and records data for it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../build/kinora.mjs', import.meta.url))

export interface CommandResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export function kinora(home: string, ...args: readonly string[]): CommandResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args, '--home', home], { encoding: 'utf8', timeout: 300_000 })
  return { status, stdout, stderr }
}

export interface ServedWorkbench {
  readonly url: string
  readonly process: ChildProcess
  /** Ends as Ctrl-C would; resolves with the exit code. */
  close(): Promise<number | null>
}

export async function serveWorkbench(home: string): Promise<ServedWorkbench> {
  const child = spawn(process.execPath, [launcher, 'serve', '--port', '0', '--json', '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)))
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`kinora serve printed no address within 90 s\n${stderr}`)), 90_000)
    child.once('exit', (code) => reject(new Error(`kinora serve ended with ${code}\n${stderr}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += String(chunk)
      const found = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(stdout)?.[0]
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    })
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return {
    url,
    process: child,
    close: async () => {
      child.kill('SIGINT')
      return await exited
    },
  }
}
