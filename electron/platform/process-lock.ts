import { open, readFile, rm } from 'node:fs/promises'
import { isAlive, ownIdentity, type ProcessIdentity } from './process-table.ts'
import { ioError } from './fs-atomic.ts'

/** Whose lock it is, with whatever the holder wants others to know (an address, for example). */
export type LockHolder = ProcessIdentity & Record<string, unknown>

export interface ProcessLock {
  release(): Promise<void>
}

/**
 * A lock file that names its holder by pid and start time, so that one left by a crash or a reboot is taken over.
 * Returns the holder when another living process has it. Readable by the owner alone: it may hold a secret.
 */
export async function acquireLock(path: string, note: Record<string, unknown> = {}): Promise<{ lock: ProcessLock } | { holder: LockHolder }> {
  const identity = await ownIdentity()
  const content = JSON.stringify({ ...note, ...identity })
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600)
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      return { lock: { release: () => releaseOwn(path, content) } }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw ioError(error, `lock ${path}`)
    }
    const holder = await readHolder(path)
    if (holder === 'gone') continue
    if (holder !== 'damaged' && (await isAlive(holder))) return { holder }
    // Someone else may have taken the stale lock over while its holder was looked up: only the stale one is removed.
    const current = await readHolder(path)
    if (JSON.stringify(current) === JSON.stringify(holder)) await rm(path, { force: true })
  }
}

/** Reads a lock that another process holds; null when there is none or it is stale. */
export async function lockHolder(path: string): Promise<LockHolder | null> {
  const holder = await readHolder(path)
  return typeof holder === 'object' && (await isAlive(holder)) ? holder : null
}

async function readHolder(path: string): Promise<LockHolder | 'gone' | 'damaged'> {
  // The maker writes right after the exclusive creation: an empty file is given a moment before it counts as damaged.
  for (let attempt = 0; ; attempt++) {
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone'
      throw ioError(error, `read ${path}`)
    }
    try {
      const value = JSON.parse(text) as LockHolder
      if (typeof value.pid === 'number') return value
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
    if (attempt === 10) return 'damaged'
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function releaseOwn(path: string, content: string): Promise<void> {
  const current = await readFile(path, 'utf8').catch(() => '')
  if (current === content) await rm(path, { force: true })
}
