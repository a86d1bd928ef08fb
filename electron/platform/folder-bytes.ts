import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What the files in a folder and below it hold; one of several names (hard links) counts once. What is gone meanwhile counts nothing. */
export async function folderBytes(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])
  const files = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)).catch(() => null)))
  const bytes = new Map(files.flatMap((file, index) => (file === null ? [] : [[file.nlink > 1 ? `${file.dev}:${file.ino}` : index, file.size] as const])))
  return [...bytes.values()].reduce((sum, size) => sum + size, 0)
}
