import { createHash } from 'node:crypto'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { nearest } from '../base/nearest.ts'
import { datasetFormats, type DatasetFormat } from '../contract/dataset.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { temporarySuffix, writeFileAtomic } from '../platform/fs-atomic.ts'
import type { Home } from '../platform/paths.ts'

/** Where the datasets of a home are: its own in `<home>/datasets/<id>`, those added from elsewhere in `datasets.json`. */
export interface DatasetPlace {
  readonly id: string
  readonly path: string
  /** What its user says that it is; left out, its content tells. */
  readonly format?: DatasetFormat | undefined
}

const fileSchema = z.object({ datasets: z.array(z.object({ id: z.string(), path: z.string(), format: z.enum(datasetFormats).optional() })) })

const placesFile = (home: Home): string => join(home.root, 'datasets.json')

/** All of them; folders that are still being written (`*.partial`) and hidden ones are left out. */
export async function listDatasetPlaces(home: Home): Promise<DatasetPlace[]> {
  const own = await readdir(home.datasets, { withFileTypes: true }).catch(absentIsEmpty)
  const places: DatasetPlace[] = own
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.') && !entry.name.endsWith(temporarySuffix))
    .map((entry) => ({ id: entry.name, path: join(home.datasets, entry.name) }))
  const added = await readAdded(home)
  // One of the home's own may be listed as well, for its format.
  return [...places.map((place) => added.find(({ path }) => path === place.path) ?? place), ...added.filter(({ path }) => !places.some((place) => place.path === path))]
}

/** Opens it as what its user says that it is. @throws KinoraError as `openDataset`. */
export async function openPlace(home: Home, { path, format }: DatasetPlace, signal?: AbortSignal): Promise<Dataset> {
  const { openDataset } = await import('../dataset/open.ts')
  return openDataset(path, { cacheDir: home.cache, ...(format === undefined ? {} : { format }), ...(signal === undefined ? {} : { signal }) })
}

/**
 * Adds a folder from elsewhere. Adding the same folder twice, or one that lies in the home already, gives the place that
 * it has.
 * @param format what it is from now on, null for what its content tells; left out, nothing changes
 * @throws KinoraError `dataset-invalid` when there is no such folder.
 */
export async function addDatasetPlace(home: Home, path: string, format?: DatasetFormat | null): Promise<DatasetPlace> {
  const absolute = await realFolder(path)
  const known = await findPlace(home, absolute)
  if (known !== undefined && (format === undefined || format === (known.format ?? null))) return known
  const id = known?.id ?? `${basename(absolute)}-${createHash('sha256').update(absolute).digest('hex').slice(0, 8)}`
  const place: DatasetPlace = { id, path: known?.path ?? absolute, ...(format ? { format } : {}) }
  const datasets = [...(await readAdded(home)).filter((other) => other.id !== id), place]
  await writeFileAtomic(placesFile(home), JSON.stringify({ datasets }, null, 2) + '\n')
  return place
}

async function findPlace(home: Home, absolute: string): Promise<DatasetPlace | undefined> {
  for (const place of await listDatasetPlaces(home)) if ((await realpath(place.path).catch(() => place.path)) === absolute) return place
  return undefined
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
    return (await findPlace(home, absolute)) ?? { id: basename(absolute), path: absolute }
  }
  const ids = places.map((place) => place.id)
  const guess = nearest(idOrPath, ids)
  throw new KinoraError('not-found', `There is no dataset "${idOrPath}": neither a folder nor a dataset of ${home.root} (${ids.join(', ') || 'none yet'}).`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}Give the folder of a dataset or one of these names, or record demonstrations: kinora demos --help`)
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
