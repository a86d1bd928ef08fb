import { boolColumn, encodeParquet, float64Column, int64Column, listColumn, stringColumn, type ParquetColumn, type ParquetRows } from '../../formats/parquet-write.ts'
import type { FeatureStatistics } from '../statistics.ts'
import { nest, statisticNames } from '../writer/metadata.ts'
import { indexKeys } from '../writer/features.ts'
import type { ExportPlan } from './plan.ts'

/** Where an exported episode lies, and what it holds. */
export interface ExportedEpisode {
  readonly index: number
  readonly instruction: string
  readonly frameCount: number
  readonly firstRow: number
  readonly file: number
  readonly seed: number | null
  readonly taskId: string | null
  readonly success: boolean | null
  readonly videos: Readonly<Record<string, { readonly file: number; readonly fromSeconds: number }>>
  readonly statistics: Readonly<Record<string, FeatureStatistics>>
}

export interface CameraShape {
  readonly width: number
  readonly height: number
  /** Codec of its videos as LeRobot names it; null for embedded pictures. */
  readonly codec: string | null
}

export const videoPathTemplate = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4'
/** Files of one folder. */
export const filesPerFolder = 1000

export const placeOf = (file: number): { chunk: number; file: number } => ({ chunk: Math.floor(file / filesPerFolder), file: file % filesPerFolder })

/** `features` of `meta/info.json`. */
export function exportedFeatures({ vectors, texts, cameras, fps }: ExportPlan, shapes: ReadonlyMap<string, CameraShape>): Record<string, unknown> {
  const features: Record<string, unknown> = {}
  for (const { key, names, dtype } of vectors) features[key] = { dtype, shape: [names.length], names }
  for (const { key } of texts) features[key] = { dtype: 'string', shape: [1], names: null }
  for (const { key } of cameras) {
    const { width, height, codec } = shapes.get(key)!
    const shape = { shape: [height, width, 3], names: ['height', 'width', 'channels'] }
    features[key] =
      codec === null
        ? { dtype: 'image', ...shape }
        : { dtype: 'video', ...shape, info: { 'video.height': height, 'video.width': width, 'video.codec': codec, 'video.pix_fmt': 'yuv420p', 'video.is_depth_map': false, 'video.fps': fps, 'video.channels': 3, 'has_audio': false } }
  }
  for (const key of indexKeys) features[key] = { dtype: key === 'timestamp' ? 'float32' : 'int64', shape: [1], names: null }
  return features
}

/** Value of the parquet key `huggingface`; videos are no columns. */
export function huggingFaceOf({ vectors, texts, cameras }: ExportPlan, shapes: ReadonlyMap<string, CameraShape>): string {
  const features: Record<string, unknown> = {}
  for (const { key, names, dtype } of vectors) features[key] = names.length === 1 ? { dtype, _type: 'Value' } : { feature: { dtype, _type: 'Value' }, length: names.length, _type: 'Sequence' }
  for (const { key } of texts) features[key] = { dtype: 'string', _type: 'Value' }
  for (const { key } of cameras) if (shapes.get(key)!.codec === null) features[key] = { _type: 'Image' }
  for (const key of indexKeys) features[key] = { dtype: key === 'timestamp' ? 'float32' : 'int64', _type: 'Value' }
  return JSON.stringify({ info: { features } })
}

/** `meta/episodes/...parquet`. */
export function encodeExportedEpisodes(episodes: readonly ExportedEpisode[], imageKeys: ReadonlySet<string>, fps: number): Uint8Array {
  const columns: ParquetColumn[] = []
  const rows: ParquetRows = {}
  const add = (name: string, kind: ParquetColumn['kind'], value: (episode: ExportedEpisode) => unknown): void => {
    columns.push({ name, kind })
    rows[name] = episodes.map(value)
  }
  add('episode_index', int64Column, ({ index }) => BigInt(index))
  add('tasks', listColumn(stringColumn), ({ instruction }) => [instruction])
  add('length', int64Column, ({ frameCount }) => BigInt(frameCount))
  add('data/chunk_index', int64Column, ({ file }) => BigInt(placeOf(file).chunk))
  add('data/file_index', int64Column, ({ file }) => BigInt(placeOf(file).file))
  add('dataset_from_index', int64Column, ({ firstRow }) => BigInt(firstRow))
  add('dataset_to_index', int64Column, ({ firstRow, frameCount }) => BigInt(firstRow + frameCount))
  for (const key of Object.keys(episodes[0]?.videos ?? {})) {
    add(`videos/${key}/chunk_index`, int64Column, ({ videos }) => BigInt(placeOf(videos[key]!.file).chunk))
    add(`videos/${key}/file_index`, int64Column, ({ videos }) => BigInt(placeOf(videos[key]!.file).file))
    add(`videos/${key}/from_timestamp`, float64Column, ({ videos }) => videos[key]!.fromSeconds)
    add(`videos/${key}/to_timestamp`, float64Column, ({ videos, frameCount }) => videos[key]!.fromSeconds + frameCount / fps)
  }
  for (const key of Object.keys(episodes[0]?.statistics ?? {})) {
    const isImage = imageKeys.has(key)
    const kind = isImage ? listColumn(listColumn(listColumn(float64Column))) : listColumn(float64Column)
    for (const name of statisticNames) add(`stats/${key}/${name}`, kind, ({ statistics }) => nest(statistics[key]![name], isImage))
    add(`stats/${key}/count`, listColumn(int64Column), ({ statistics }) => [BigInt(statistics[key]!.count)])
  }
  add('meta/episodes/chunk_index', int64Column, () => 0n)
  add('meta/episodes/file_index', int64Column, () => 0n)
  add('kinora/task_id', stringColumn, ({ taskId }) => taskId)
  add('kinora/seed', int64Column, ({ seed }) => (seed === null ? null : BigInt(seed)))
  add('kinora/success', boolColumn, ({ success }) => success)
  return encodeParquet(columns, [rows])
}
