import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ParquetFile } from '../../formats/parquet.ts'
import { encodeParquet, type ParquetRows } from '../../formats/parquet-write.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import { dataFileBytes, dataPathTemplate, filesPerChunk, fillTemplate, recordingPaths, stagingFolder } from '../recording-layout.ts'
import type { EpisodeEntry } from './entries.ts'
import { dataColumns } from './episode-rows.ts'
import { huggingFaceMetadata, type RecordingShape } from './features.ts'
import { writeMetadata } from './metadata.ts'

/**
 * Moves staged episodes into data files and writes all metadata, `info.json` last. Until `episodes.ndjson` names a data
 * file, the staged copies are the truth; so it may be killed between any two writes and run again.
 * @returns the entries with their files.
 */
export async function mergeStaged(path: string, shape: RecordingShape, entries: readonly EpisodeEntry[]): Promise<EpisodeEntry[]> {
  const merged: EpisodeEntry[] = entries.filter(({ file }) => file !== null)
  const staged = entries.filter(({ file }) => file === null)
  let position = nextFile(merged.at(-1))
  let group: EpisodeEntry[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (group.length === 0) return
    await writeDataFile(path, shape, group, position)
    merged.push(...group.map((entry) => ({ ...entry, file: position })))
    position = nextFile(merged.at(-1))
    group = []
    bytes = 0
  }
  for (const entry of staged) {
    const { size } = await stat(join(stagingFolder(path, entry.index), 'rows.parquet'))
    if (bytes + size > dataFileBytes) await flush()
    group.push(entry)
    bytes += size
  }
  await flush()
  const paths = recordingPaths(path)
  await writeMetadata(path, shape, merged)
  await writeFileAtomic(paths.entries, merged.map((entry) => JSON.stringify(entry) + '\n').join(''))
  for (const { index } of staged) await rm(stagingFolder(path, index), { recursive: true, force: true })
  return merged
}

function nextFile(last: EpisodeEntry | undefined): { chunk: number; file: number } {
  if (!last?.file) return { chunk: 0, file: 0 }
  const { chunk, file } = last.file
  return file + 1 < filesPerChunk ? { chunk, file: file + 1 } : { chunk: chunk + 1, file: 0 }
}

/** One data file with a row group per episode, so that an episode is read without its neighbours. */
async function writeDataFile(path: string, shape: RecordingShape, group: readonly EpisodeEntry[], { chunk, file }: { chunk: number; file: number }): Promise<void> {
  const columns = dataColumns(shape)
  const groups: ParquetRows[] = []
  for (const { index } of group) {
    await using source = await ParquetFile.open(join(stagingFolder(path, index), 'rows.parquet'))
    const rows: ParquetRows = {}
    for (const { name } of columns) rows[name] = Array.from(await source.readColumn(name))
    groups.push(rows)
  }
  const bytes = encodeParquet(columns, groups, { huggingface: huggingFaceMetadata(shape) })
  await writeFileAtomic(join(path, fillTemplate(dataPathTemplate, { chunk_index: chunk, file_index: file })), bytes)
}
