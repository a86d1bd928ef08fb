import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KinoraError } from '../../contract/errors.ts'
import { activeStates, type TrashedRun } from '../../contract/run.ts'
import { folderBytes } from '../../platform/folder-bytes.ts'
import { ioError, writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { openRun, reconcileRun, toJson } from './run-folder.ts'

/**
 * Deleting a run moves its folder, whole, from `<home>/runs` to `<home>/trash`: one rename, so nothing is lost at any
 * moment, and undo is the rename back. Only emptying the trash deletes.
 */
const note = (folder: string): string => join(folder, 'deleted.json')

/** @throws KinoraError `not-found`; `usage` while the run is at work. */
export async function trashRun(home: Home, id: string, now = Date.now()): Promise<TrashedRun> {
  const path = join(home.runs, id)
  const status = await reconcileRun(path)
  if (activeStates.includes(status.state) || status.pid !== null) throw new KinoraError('usage', `Run ${id} is ${status.state} and cannot be deleted.`, 'Stop it first.')
  const { identity } = await openRun(path).catch(() => ({ identity: { name: id } }))
  try {
    await mkdir(home.trash, { recursive: true })
    await writeFileAtomic(note(path), toJson({ name: identity.name, deletedAt: now }))
    await rename(path, join(home.trash, id))
  } catch (error) {
    throw ioError(error, `move run ${id} to the trash`)
  }
  return { id, name: identity.name, deletedAt: now, bytes: await folderBytes(join(home.trash, id)) }
}

/** @throws KinoraError `not-found`; `usage` when a run of this id has come into being meanwhile. */
export async function restoreRun(home: Home, id: string): Promise<void> {
  const path = join(home.trash, id)
  if (!(await exists(path))) throw new KinoraError('not-found', `Run ${id} is not in the trash.`, 'It may have been restored, or deleted for good.')
  if (await exists(join(home.runs, id))) throw new KinoraError('usage', `There is a run ${id} again, so the deleted one cannot come back under its name.`, `Rename the folder ${path} first.`)
  try {
    await rename(path, join(home.runs, id))
    await rm(note(join(home.runs, id)), { force: true })
  } catch (error) {
    throw ioError(error, `restore run ${id}`)
  }
}

/** Newest first. */
export async function listTrash(home: Home): Promise<TrashedRun[]> {
  const names = await readdir(home.trash).catch(() => [])
  const found = await Promise.all(
    names.filter((name) => /^[\w.-]+$/.test(name) && !name.startsWith('.')).map(async (id): Promise<TrashedRun> => {
      const path = join(home.trash, id)
      const said = await readNote(path)
      return { id, name: said?.name ?? id, deletedAt: said?.deletedAt ?? (await stat(path)).mtimeMs, bytes: await folderBytes(path) }
    }),
  )
  return found.sort((a, b) => b.deletedAt - a.deletedAt || (a.id < b.id ? -1 : 1))
}

/** Deletes for good what `chosen` says yes to. Returns the bytes that it held. */
export async function emptyTrash(home: Home, chosen: (run: TrashedRun) => boolean): Promise<number> {
  let freed = 0
  for (const run of await listTrash(home)) {
    if (!chosen(run)) continue
    await rm(join(home.trash, run.id), { recursive: true, force: true })
    freed += run.bytes
  }
  return freed
}

async function readNote(path: string): Promise<{ name: string; deletedAt: number } | null> {
  try {
    const said = JSON.parse(await readFile(note(path), 'utf8')) as { name?: unknown; deletedAt?: unknown }
    return typeof said.name === 'string' && typeof said.deletedAt === 'number' ? { name: said.name, deletedAt: said.deletedAt } : null
  } catch {
    // A folder that was put here by hand has no note.
    return null
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false)
}
