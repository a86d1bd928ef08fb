import { readdir, realpath, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { DatasetFormat } from '../contract/dataset.ts'
import { KinoraError } from '../contract/errors.ts'
import { ioError } from '../platform/fs-atomic.ts'
import type { Dataset } from './dataset.ts'
import { resolveInside } from './inside.ts'
import { recordingPaths } from './recording-layout.ts'

/** What a folder of each format is known by. */
const signs: Readonly<Record<DatasetFormat, string>> = {
  lerobot: 'meta/info.json (LeRobot 2.0, 2.1, 3.x)',
  rlds: 'features.json and dataset_info.json (RLDS)',
  hdf5: '.hdf5 files (LIBERO, robomimic, RoboTwin 2.0)',
}

export interface OpenOptions {
  /** Where decoded and rendered data may be kept; safe to delete. Without it nothing is kept. */
  readonly cacheDir?: string
  /** What the folder is, where its content suggests something else. */
  readonly format?: DatasetFormat
  readonly signal?: AbortSignal
}

/**
 * Opens a folder of robot data in place; what it is, its content decides. Bad parts are in `detail.problems`.
 * @throws KinoraError `not-found`, or `dataset-invalid` saying what was looked for.
 */
export async function openDataset(path: string, options: OpenOptions = {}): Promise<Dataset> {
  const absolute = resolve(path)
  let root: string
  try {
    if (!(await stat(absolute)).isDirectory()) throw new KinoraError('dataset-invalid', `${absolute} is a file, expected the folder of a dataset.`, 'Point to the folder that holds it.')
    root = await realpath(absolute)
  } catch (error) {
    throw ioError(error, `open ${absolute}`)
  }
  options.signal?.throwIfAborted()
  const mayBe = (format: DatasetFormat): boolean => options.format === undefined || options.format === format
  if (mayBe('lerobot') && (options.format === 'lerobot' || (await resolveInside(root, 'meta/info.json')) !== null)) {
    const { openLeRobot } = await import('./sources/lerobot/open.ts')
    return await openLeRobot(absolute, root, options)
  }
  const recording = recordingPaths(root)
  if ((await stat(recording.recording).catch(() => null)) !== null) {
    const staged = (await readdir(recording.staging).catch((): string[] => [])).filter((name) => /^\d+$/.test(name)).length
    throw new KinoraError('dataset-invalid', `${absolute} is a recording that was not finished (${staged} episodes so far).`, 'Run the command that records it again: it continues.')
  }
  if (mayBe('rlds')) {
    const { findRlds, openRlds } = await import('./sources/rlds/open.ts')
    const rlds = await findRlds(root)
    if (rlds !== null) return await openRlds(absolute, rlds, options)
  }
  if (mayBe('hdf5')) {
    const { findHdf5, openHdf5 } = await import('./sources/hdf5/open.ts')
    const files = await findHdf5(root)
    if (files.length > 0) return await openHdf5(absolute, root, files, options)
  }
  throw new KinoraError(
    'dataset-invalid',
    `${absolute} is no ${options.format === undefined ? 'dataset that Kinora knows' : `dataset of the format ${options.format}`}.`,
    `Looked for: ${options.format === undefined ? Object.values(signs).join('; ') : signs[options.format]}. Point to the folder that holds them.`,
  )
}
