import { ParquetFile } from '../../../formats/parquet.ts'
import { KinoraError } from '../../../contract/errors.ts'
import { resolveInside } from '../../inside.ts'
import type { ProblemLog } from '../../problems.ts'
import type { LeRobotEpisode } from './episode.ts'

/** Footers beyond this many files are read when an episode is; existence is always checked. */
const maxFooters = 256

/**
 * The episodes whose files are there and long enough, in order; every other one becomes a problem that names the file.
 * @param columns columns that a data file must have.
 */
export async function checkFiles(root: string, episodes: readonly LeRobotEpisode[], columns: readonly string[], problems: ProblemLog, signal?: AbortSignal): Promise<LeRobotEpisode[]> {
  const byFile = Map.groupBy(episodes, ({ dataFile }) => dataFile)
  const readable = new Set<LeRobotEpisode>()
  let footers = 0
  for (const [file, group] of byFile) {
    signal?.throwIfAborted()
    try {
      const path = await resolveInside(root, file)
      if (path === null) {
        for (const { index } of group) problems.error(`The data of episode ${index} are missing: there is no ${file}.`, 'Copy the file from the source of the dataset, or train on the episodes that are there.', { file, episode: index })
        continue
      }
      const rowCount = footers++ < maxFooters ? await countRows(path, file, columns) : Infinity
      for (const episode of group) {
        if (episode.rowEnd <= rowCount) readable.add(episode)
        else problems.error(`Episode ${episode.index} should have the rows ${episode.rowStart} to ${episode.rowEnd} of ${file}, which has ${rowCount}.`, 'The file is cut or the metadata lie: copy both again from one source.', { file, episode: episode.index })
      }
    } catch (error) {
      for (const { index } of group) problems.caught(error, { file, episode: index })
    }
  }
  const present = new Map<string, boolean>()
  for (const episode of readable) {
    for (const { file } of episode.videos.values()) {
      try {
        if (!present.has(file)) present.set(file, (await resolveInside(root, file)) !== null)
        if (present.get(file) === true) continue
        problems.error(`The video of episode ${episode.index} is missing: there is no ${file}.`, 'Copy the file from the source of the dataset, or train on the episodes that are there.', { file, episode: episode.index })
      } catch (error) {
        problems.caught(error, { file, episode: episode.index })
      }
      readable.delete(episode)
    }
  }
  return episodes.filter((episode) => readable.has(episode))
}

async function countRows(path: string, file: string, columns: readonly string[]): Promise<number> {
  await using source = await ParquetFile.open(path)
  const missing = columns.filter((column) => !source.columns.includes(column))
  if (missing.length > 0) throw new KinoraError('dataset-invalid', `${file} has no column ${missing.join(', ')} (it has ${source.columns.join(', ')}).`, 'Correct the features in meta/info.json, or write the file again.')
  return source.rowCount
}
