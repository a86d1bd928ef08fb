import { ParquetFile } from '../../../formats/parquet.ts'
import { KinoraError } from '../../../contract/errors.ts'
import { chooseDecoder } from '../../../formats/video-decoder.ts'
import { VideoFile } from '../../../formats/video-file.ts'
import { resolveInside } from '../../inside.ts'
import type { LeRobotInfo } from './info.ts'
import type { ProblemLog } from '../../problems.ts'
import type { LeRobotEpisode } from './episode.ts'

/** Footers beyond this many files are read when an episode is; existence is always checked. */
const maxFooters = 256
/** The same for the index of videos, which takes longer. */
const maxVideos = 64

/**
 * The episodes whose files are there and long enough, in order; every other one becomes a problem that names the file.
 * @param columns columns that a data file must have.
 */
export async function checkFiles(root: string, episodes: readonly LeRobotEpisode[], columns: readonly string[], { fps, features }: LeRobotInfo, problems: ProblemLog, signal?: AbortSignal): Promise<LeRobotEpisode[]> {
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
  const videos = new Map<string, Promise<VideoRange | null>>()
  const compared = new Set<string>()
  const undecoded = new Set<string>()
  for (const episode of readable) {
    signal?.throwIfAborted()
    for (const [key, { file, fromSeconds }] of episode.videos) {
      const where = { file, episode: episode.index }
      try {
        let range = videos.get(file)
        if (range === undefined) videos.set(file, (range = inspectVideo(root, file, videos.size < maxVideos)))
        const found = await range
        if (found?.video !== undefined && !compared.has(key)) {
          compared.add(key)
          compareVideo(key, features[key]!, found.video, file, problems)
          compareRate(fps, found, file, problems)
        }
        if (found?.undecoded !== undefined && !undecoded.has(key)) {
          undecoded.add(key)
          problems.error(`${key} can be looked at where the browser has a decoder, but not trained on, nor is its motion estimated. ${found.undecoded.message}`, found.undecoded.hint, { file })
        }
        if (found === null) {
          problems.error(`The video of episode ${episode.index} is missing: there is no ${file}.`, 'Copy the file from the source of the dataset, or train on the episodes that are there.', where)
        } else if (fromSeconds < found.firstSeconds - 0.5 / fps || fromSeconds + (episode.frameCount - 1) / fps > found.lastSeconds + 0.5 / fps) {
          problems.error(`Episode ${episode.index} should be shown from ${fromSeconds.toFixed(2)} to ${(fromSeconds + (episode.frameCount - 1) / fps).toFixed(2)} s of ${file}, which ends at ${found.lastSeconds.toFixed(2)} s (${found.frameCount} frames).`, 'The video is cut or the metadata lie: copy both again from one source.', where)
        } else continue
      } catch (error) {
        problems.caught(error, where)
      }
      readable.delete(episode)
      break
    }
  }
  return episodes.filter((episode) => readable.has(episode))
}

interface VideoRange {
  readonly firstSeconds: number
  readonly lastSeconds: number
  readonly frameCount: number
  /** What it is; left out where only its existence was looked at. */
  readonly video?: { readonly codec: string; readonly width: number; readonly height: number }
  /** Why nothing here decodes it, if so. */
  readonly undecoded?: KinoraError
}

/** What a video shows and whether something here decodes it; only its existence where `isThorough` is false. */
async function inspectVideo(root: string, name: string, isThorough: boolean): Promise<VideoRange | null> {
  const path = await resolveInside(root, name)
  if (path === null) return null
  if (!isThorough) return { firstSeconds: -Infinity, lastSeconds: Infinity, frameCount: NaN }
  const video = await VideoFile.open(path)
  try {
    const undecoded = await chooseDecoder(video.codec, name).then(() => undefined, KinoraError.from)
    return { ...(undecoded && { undecoded }), firstSeconds: video.timestamps[0]!, lastSeconds: video.timestamps.at(-1)!, frameCount: video.frameCount, video: { codec: video.codec, width: video.width, height: video.height } }
  } finally {
    video.close()
  }
}

/** Rates of recorders are never exact. */
const rateTolerance = 0.05

const codecNames: Readonly<Record<string, string>> = { h264: 'avc', h265: 'hevc', av01: 'av1', libsvtav1: 'av1' }

/** The file counts; that the metadata say otherwise is told, since other programs believe them. */
function compareVideo(key: string, { shape, info, video_info: oldInfo }: LeRobotInfo['features'][string], video: { codec: string; width: number; height: number }, file: string, problems: ProblemLog): void {
  const hint = 'Kinora goes by the video. Correct meta/info.json before other programs read the dataset.'
  const codec = (info ?? oldInfo)?.['video.codec']
  if (typeof codec === 'string' && (codecNames[codec] ?? codec) !== video.codec) problems.warning(`meta/info.json says that ${key} is ${codec}, and the video is ${video.codec.toUpperCase()}.`, hint, { file })
  const [height, width] = shape[0] === 3 && shape[2] !== 3 ? shape.slice(1) : shape
  if (height !== video.height || width !== video.width) problems.warning(`meta/info.json says that ${key} is ${width} x ${height}, and the video is ${video.width} x ${video.height}.`, hint, { file })
}

/** Seconds become frames by the rate of the metadata, so a wrong one shows other frames than were recorded. */
function compareRate(fps: number, { firstSeconds, lastSeconds, frameCount }: VideoRange, file: string, problems: ProblemLog): void {
  const own = (frameCount - 1) / (lastSeconds - firstSeconds)
  if (frameCount < 2 || Math.abs(own / fps - 1) < rateTolerance) return
  problems.warning(`meta/info.json says ${fps} frames a second, and the video has ${Number(own.toPrecision(4))}.`, 'Correct fps in meta/info.json, or write the video again at that rate.', { file })
}

async function countRows(path: string, file: string, columns: readonly string[]): Promise<number> {
  await using source = await ParquetFile.open(path)
  const missing = columns.filter((column) => !source.columns.includes(column))
  if (missing.length > 0) throw new KinoraError('dataset-invalid', `${file} has no column ${missing.join(', ')} (it has ${source.columns.join(', ')}).`, 'Correct the features in meta/info.json, or write the file again.')
  return source.rowCount
}
