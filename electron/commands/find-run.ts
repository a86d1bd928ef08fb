import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { nearest } from '../base/nearest.ts'
import { KinoraError } from '../contract/errors.ts'
import { importedPreset, openRun, type RunFolder } from '../engine/runs/run-folder.ts'
import type { Home } from '../platform/paths.ts'

/** A folder among the runs that cannot be opened as one, and why. */
export interface UnreadableRun {
  readonly path: string
  readonly error: KinoraError
}

/** Every run of the home, newest first, and the folders beside them that cannot be read. */
export async function listRuns(home: Home): Promise<{ runs: RunFolder[]; unreadable: UnreadableRun[] }> {
  const names = await readdir(home.runs).catch(() => [])
  const runs: RunFolder[] = []
  const unreadable: UnreadableRun[] = []
  const paths = names.filter((name) => !name.startsWith('.')).map((name) => join(home.runs, name))
  const opened = await Promise.allSettled(paths.map((path) => openRun(path)))
  for (const [index, result] of opened.entries()) {
    if (result.status === 'fulfilled') runs.push(result.value)
    else unreadable.push({ path: paths[index]!, error: KinoraError.from(result.reason) })
  }
  return { runs: runs.sort((a, b) => b.identity.createdAt - a.identity.createdAt), unreadable }
}

/**
 * The run that a word means: a folder, an id, a name (the newest of that name), or the beginning of an id.
 * @throws KinoraError `not-found` with the nearest name and the runs that there are; what keeps the run of that id from
 * being read.
 */
export async function findRun(home: Home, word: string): Promise<RunFolder> {
  const folder = resolve(word)
  if (await isFile(join(folder, 'run.json'))) return openRun(folder)
  if (/^[^/\\]+$/.test(word) && (await isFile(join(home.runs, word, 'run.json')))) return openRun(join(home.runs, word))
  const { runs, unreadable } = await listRuns(home)
  const named = runs.find(({ identity }) => identity.name === word)
  if (named) return named
  const begun = runs.filter(({ identity }) => identity.id.startsWith(word))
  if (begun.length === 1) return begun[0]!
  const names = [...new Set(runs.flatMap(({ identity }) => [identity.name, identity.id]))]
  const guess = nearest(word, names)
  const known = runs.length === 0 ? 'There are no runs yet' : `Runs: ${runs.slice(0, 8).map(({ identity }) => identity.id).join(', ')}${runs.length > 8 ? ` and ${runs.length - 8} more` : ''}`
  throw new KinoraError(
    'not-found',
    begun.length > 1 ? `"${word}" begins ${begun.length} runs: ${begun.map(({ identity }) => identity.id).join(', ')}.` : `There is no run "${word}" in ${home.runs}.`,
    `${guess === undefined ? '' : `Did you mean "${guess}"? `}${known}.${unreadable.length === 0 ? '' : ` ${unreadable.length} more cannot be read: kinora inspect says why.`}`,
  )
}

/**
 * As {@link findRun}, for work that needs weights.
 * @throws KinoraError `usage` for a run that was imported, which has curves alone
 */
export async function findTrainedRun(home: Home, word: string): Promise<RunFolder> {
  const run = await findRun(home, word)
  if (run.config.preset === importedPreset) throw new KinoraError('usage', `${run.identity.id} was imported from another program: it has curves and no policy.`, 'Its curves stand beside those of other runs on the page (kinora start) and come out with kinora export --metrics.')
  return run
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false)
}
