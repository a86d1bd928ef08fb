import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { KinoraError } from '../contract/errors.ts'

/** Name of the not yet valid copy of `path`; readers and listings ignore names that end so. */
export const temporarySuffix = '.partial'

let counter = 0

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${counter++}${temporarySuffix}`)
}

/** Makes a rename durable: a directory entry is data of its directory. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Writes a whole file so that a reader sees the old content or the new, never a part: temporary name, fsync, rename,
 * fsync of the folder. The folder is made where it is missing.
 * @throws KinoraError `disk-full` or `io`, with nothing left behind.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw ioError(error, `write ${path}`)
  }
}

/** As {@link writeFileAtomic}, for exit handlers that cannot wait. */
export function writeFileAtomicSync(path: string, content: string | Uint8Array): void {
  const temporary = temporaryName(path)
  try {
    const file = openSync(temporary, 'w')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw ioError(error, `write ${path}`)
  }
}

/**
 * Builds a folder under a temporary name and renames it into place when `fill` has returned, so that the folder exists
 * whole or not at all. An existing folder at `path` is an error.
 */
export async function createFolderAtomic(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path)
  try {
    await mkdir(temporary, { recursive: true })
    await fill(temporary)
    await syncDirectory(temporary)
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {})
    throw ioError(error, `write ${path}`)
  }
}

/** Turns a system error into the message that a user can act on. Other errors pass through. */
export function ioError(error: unknown, doing: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof KinoraError) return error
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new KinoraError('disk-full', `The disk is full: could not ${doing}.`, 'Free some space, then run the same command again; what was finished is kept.', { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new KinoraError('io', `No permission to ${doing} (${String(error.code)}).`, 'Choose a folder that you may write to, for example with --home or KINORA_HOME.', { cause: error })
    case 'ENOENT':
      return new KinoraError('not-found', `Could not ${doing}: no such file or folder.`, 'Check the path.', { cause: error })
    case 'EISDIR':
      return new KinoraError('usage', `Could not ${doing}: it is a folder, expected a file.`, 'Give the path of a file.', { cause: error })
    case 'ENOTDIR':
    case 'EEXIST':
      return new KinoraError('usage', `Could not ${doing}: a file stands where a folder is expected.`, 'Check the path.', { cause: error })
    case 'ENAMETOOLONG':
      return new KinoraError('usage', `Could not ${doing}: the name is too long.`, 'Choose a shorter name.', { cause: error })
    case 'EIO':
      return new KinoraError('io', `Could not ${doing}: the disk answers with an error (EIO).`, 'Look at the disk, or use another one.', { cause: error })
    default:
      return error
  }
}
