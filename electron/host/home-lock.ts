import { join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { KinoraError } from '../contract/errors.ts'
import { ioError } from '../platform/fs-atomic.ts'
import type { Home } from '../platform/paths.ts'
import { acquireLock, lockHolder, type LockHolder, type ProcessLock } from '../platform/process-lock.ts'
import { tokenPath } from './http-server.ts'

const lockPath = (home: Home): string => join(home.root, 'host.lock')

/**
 * One host per home. The lock file says where the holder listens and, readable by its owner alone, the secret with which
 * a second instance gets an address that opens it.
 * @throws KinoraError `already-running`, whose hint has the address of the first instance where it can be had.
 */
export async function lockHome(home: Home, note: { port: number | null; secret: string }): Promise<ProcessLock> {
  try {
    await mkdir(home.root, { recursive: true })
  } catch (error) {
    throw ioError(error, `make the home ${home.root}`)
  }
  const result = await acquireLock(lockPath(home), note)
  if ('lock' in result) return result.lock
  throw await alreadyRunning(home, result.holder)
}

/** @throws KinoraError `already-running` when a host has this home. A cheap look before anything is started. */
export async function checkHomeIsFree(home: Home): Promise<void> {
  const holder = await lockHolder(lockPath(home))
  if (holder && holder.pid !== process.pid) throw await alreadyRunning(home, holder)
}

async function alreadyRunning(home: Home, holder: LockHolder): Promise<KinoraError> {
  const url = await freshUrl(holder)
  const hint = url !== null ? `Open ${url} instead, or give this one another --home.` : 'Use its window, close it first, or give this one another --home.'
  return new KinoraError('already-running', `Kinora is open already on ${home.root} (process ${holder.pid}).`, hint)
}

/** An address with a fresh one-time token of the instance that holds the lock, or null when it serves none. */
async function freshUrl(holder: LockHolder): Promise<string | null> {
  if (typeof holder.port !== 'number' || typeof holder.secret !== 'string') return null
  const origin = `http://127.0.0.1:${holder.port}`
  try {
    const response = await fetch(origin + tokenPath, { method: 'POST', headers: { authorization: `Bearer ${holder.secret}` }, signal: AbortSignal.timeout(2000) })
    const body = (await response.json()) as { token?: unknown }
    return response.ok && typeof body.token === 'string' ? `${origin}/?token=${body.token}` : null
  } catch {
    // It does not answer: its address would not help.
    return null
  }
}
