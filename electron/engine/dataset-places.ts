import { createHash } from 'node:crypto'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { KinoraError } from '../contract/errors.ts'
import { temporarySuffix, writeFileAtomic } from '../platform/fs-atomic.ts'
import type { Home } from '../platform/paths.ts'

/** Where the datasets of a home are: its own in `<home>/datasets/<id>`, those added from elsewhere in `datasets.json`. */
export interface DatasetPlace {
  readonly id: string
  readonly path: string
}

const fileSchema = z.object({ datasets: z.array(z.object({ id: z.string(), path: z.string() })) })

const placesFile = (home: Home): string => join(home.root, 'datasets.json')

/** All of them; folders that are still being written (`*.partial`) and hidden ones are left out. */
export async function listDatasetPlaces(home: Home): Promise<DatasetPlace[]> {
  const own = await readdir(home.datasets, { withFileTypes: true }).catch(absentIsEmpty)
  const places: DatasetPlace[] = own
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.') && !entry.name.endsWith(temporarySuffix))
    .map((entry) => ({ id: entry.name, path: join(home.datasets, entry.name) }))
  return [...places, ...(await readAdded(home))]
}

/**
 * Adds a folder from elsewhere. Adding the same folder twice, or one that lies in the home already, gives the place that
 * it has. @throws KinoraError `dataset-invalid` when there is no such folder.
 */
export async function addDatasetPlace(home: Home, path: string): Promise<DatasetPlace> {
  const absolute = await realFolder(path)
  for (const place of await listDatasetPlaces(home)) if ((await realpath(place.path).catch(() => place.path)) === absolute) return place
  const place = { id: `${basename(absolute)}-${createHash('sha256').update(absolute).digest('hex').slice(0, 8)}`, path: absolute }
  const datasets = [...(await readAdded(home)), place]
  await writeFileAtomic(placesFile(home), JSON.stringify({ datasets }, null, 2) + '\n')
  return place
}

/**
 * The place that `data.dataset` of a configuration names: an id of this home, or a folder.
 * @throws KinoraError `not-found`, listing the ids that there are.
 */
export async function findDataset(home: Home, idOrPath: string): Promise<DatasetPlace> {
  const places = await listDatasetPlaces(home)
  const known = places.find((place) => place.id === idOrPath)
  if (known) return known
  const absolute = await realpath(resolve(idOrPath)).catch(() => null)
  if (absolute !== null) {
    for (const place of places) if ((await realpath(place.path).catch(() => place.path)) === absolute) return place
    return { id: basename(absolute), path: absolute }
  }
  const ids = places.map((place) => place.id).join(', ') || 'none yet'
  throw new KinoraError('not-found', `There is no dataset "${idOrPath}": neither a folder nor a dataset of ${home.root} (${ids}).`, 'Give the folder of a dataset or one of these names, or record demonstrations with `kinora demos`.')
}

async function realFolder(path: string): Promise<string> {
  const absolute = resolve(path.trim())
  const found = await stat(absolute).catch(() => null)
  if (found === null) throw new KinoraError('dataset-invalid', `There is no folder ${absolute}.`, 'Give the path of a dataset folder on the machine that runs Kinora.')
  if (!found.isDirectory()) throw new KinoraError('dataset-invalid', `${absolute} is a file, not a folder.`, 'Give the folder that holds the dataset.')
  return realpath(absolute)
}

async function readAdded(home: Home): Promise<DatasetPlace[]> {
  let text: string
  try {
    text = await readFile(placesFile(home), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  try {
    return fileSchema.parse(JSON.parse(text)).datasets
  } catch (error) {
    throw new KinoraError('config-invalid', `${placesFile(home)} does not list datasets: ${String((error as Error).message).split('\n')[0]}`, 'Correct the file, or delete it and add the datasets again.', { cause: error })
  }
}

function absentIsEmpty(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}
