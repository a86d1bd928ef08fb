import { join } from 'node:path'

/**
 * Where Kinora keeps what LeRobot has no place for, in the folder `kinora/` of a dataset: how it was recorded, the list
 * of episodes with seeds and task ids, exact flow, and episodes that are not merged yet.
 */
export function recordingPaths(path: string) {
  return {
    info: join(path, 'meta', 'info.json'),
    /** Shape and settings of the recording; its presence marks the folder as ours. */
    recording: join(path, 'kinora', 'recording.json'),
    /** One EpisodeEntry per line, of everything that is merged. */
    entries: join(path, 'kinora', 'episodes.ndjson'),
    staging: join(path, 'kinora', 'staging'),
  }
}

const digits = (index: number, width: number): string => String(index).padStart(width, '0')

export function stagingFolder(path: string, episode: number): string {
  return join(recordingPaths(path).staging, digits(episode, 6))
}

/** Relative to the dataset's folder. */
export function flowFile(camera: string, episode: number, horizonSteps: number): string {
  return join('kinora', 'flow', camera, `episode-${digits(episode, 6)}-h${horizonSteps}.kflow`)
}

/** Data files are closed at this size: it bounds memory in the writer and in every reader that loads whole files. */
export const dataFileBytes = 48 * 2 ** 20
export const filesPerChunk = 1000

export const dataPathTemplate = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
export const episodesPathTemplate = 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'

/** Fills a path template of `info.json` such as `chunk-{chunk_index:03d}`. Unknown fields stay, so that a message can show them. */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)(?::0?(\d+)d)?\}/g, (whole, name: string, width?: string) => {
    const value = values[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? digits(value, Number(width ?? 1)) : value
  })
}
