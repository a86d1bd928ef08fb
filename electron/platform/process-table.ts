import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/**
 * Who a process is. A pid alone is not enough: after a crash or a reboot the system gives it to another program, and a
 * dead run would seem alive. The start time (with the boot it belongs to) tells the two apart.
 */
export interface ProcessIdentity {
  readonly pid: number
  /** Opaque: compare for equality only. Null where the system does not tell. */
  readonly processStart: string | null
}

let bootId: string | undefined

function readBootId(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8)
  return bootId
}

/** Field 22 of /proc/<pid>/stat: start in clock ticks since boot. The name (field 2) may hold spaces and parentheses. */
export function startTicksFromStat(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Fields after the name begin at number 3 (the state). Z: a zombie has ended and only waits to be collected.
  if (fields[0] === 'Z' || fields[0] === 'X') return null
  return fields[19] ?? null
}

/** Where the start time is one small file; elsewhere it costs a process of its own (ps) or cannot be had. */
export const isStartTimeCheap = process.platform === 'linux'

/** Start time of a process, or null when there is no such process or the system does not tell. */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') {
      const ticks = startTicksFromStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
      return ticks === null ? null : `${readBootId()}:${ticks}`
    }
    if (process.platform === 'win32') return null
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } })
    return stdout.trim() || null
  } catch {
    // No such process: /proc has no folder for it and ps answers with exit code 1.
    return null
  }
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, processStart: await processStart(process.pid) }
}

/** Whether the very process that had this identity still lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (!pidExists(identity.pid)) return false
  if (identity.processStart === null) return true
  return (await processStart(identity.pid)) === identity.processStart
}

/** Whether some process has this pid now: cheap, and true for a reused one, too. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
