import { realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { KinoraError } from '../contract/errors.ts'

/**
 * The path of a file that metadata name, if it lies in the dataset's folder once every link is followed: metadata come
 * from strangers, and a template such as `../../.ssh/{key}` must not be read. A file that does not exist is `null`.
 * @param root the folder's real path.
 * @throws KinoraError `dataset-invalid` for a path that leads out of the folder.
 */
export async function resolveInside(root: string, name: string): Promise<string | null> {
  const path = resolve(root, name)
  if (name.includes('\0') || isAbsolute(name) || !contains(root, path)) throw leadsOut(name)
  let real: string
  try {
    real = await realpath(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP') return null
    throw error
  }
  if (!contains(root, real)) throw leadsOut(name)
  return real
}

export function contains(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** As a user sees it: relative to the dataset's folder, with slashes. */
export function displayPath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}

function leadsOut(name: string): KinoraError {
  return new KinoraError('dataset-invalid', `${join(name)} leads out of the dataset's folder, so it is not read.`, 'If the files are links (a hub cache, for example), copy the dataset with its links followed: cp -rL.')
}
