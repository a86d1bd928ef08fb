import { spawn } from 'node:child_process'
import { entryPath, type Entry } from './entry.ts'
import { computeFlags, withHugePages } from './compute-process.ts'

/** How a short-lived process ended and what it printed. */
export interface EntryEnd {
  readonly code: number | null
  /** Name of the signal that ended it. */
  readonly signal: string | null
  readonly stdout: string
  /** The last 4000 characters. */
  readonly stderr: string
  /** It ran past the limit and was ended. */
  readonly isLate: boolean
  /** Why it did not start; null when it did. */
  readonly startError: string | null
}

export interface EntryLimits {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export type RunEntry = (entry: Entry, args: readonly string[], limits: EntryLimits) => Promise<EntryEnd>

/**
 * Runs one of Kinora's programs to its end in a process of its own. An engine inside Electron cannot start processes
 * itself (the runAsNode fuse is off): there the host does it, see {@link useEntryRunner}.
 */
export const runEntry: RunEntry = (entry, args, limits) => runner(entry, args, limits)

let runner: RunEntry = spawnEntry

/** Has another process start the programs. Set once, at the start of a process. */
export function useEntryRunner(run: RunEntry): void {
  runner = run
}

async function spawnEntry(entry: Entry, args: readonly string[], { timeoutMs, signal }: EntryLimits): Promise<EntryEnd> {
  const child = spawn(process.execPath, [...computeFlags, entryPath(entry), ...args], { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, env: withHugePages() })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)))
  let isLate = false
  const kill = (): unknown => child.kill('SIGKILL')
  const timer = setTimeout(() => {
    isLate = true
    kill()
  }, timeoutMs)
  signal?.addEventListener('abort', kill)
  if (signal?.aborted) kill()
  try {
    return await new Promise<EntryEnd>((resolve) => {
      child.on('error', (error) => resolve({ code: null, signal: null, stdout, stderr, isLate, startError: error.message }))
      child.on('close', (code, by) => resolve({ code, signal: by, stdout, stderr, isLate, startError: null }))
    })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
  }
}
