import { constants } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RgbImage } from '../../base/image.ts'
import { KinoraError } from '../../contract/errors.ts'
import { decodeImage } from '../../formats/image.ts'
import { boolColumn, encodeParquet, float32Column, imageColumn, int64Column, listColumn, stringColumn, type ParquetColumn, type ParquetRows } from '../../formats/parquet-write.ts'
import { encodePng } from '../../formats/png.ts'
import { createFolderAtomic, writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Dataset } from '../dataset.ts'
import { dataFileBytes, dataPathTemplate, episodesPathTemplate, fillTemplate } from '../recording-layout.ts'
import { addToHistogram, histogramStatistics, matrixStatistics, quantileNames, type FeatureStatistics } from '../statistics.ts'
import { encodeTasks, nest, statisticNames } from '../writer/metadata.ts'
import { indexKeys } from '../writer/features.ts'
import { Distribution } from '../distribution.ts'
import { encodeExportedEpisodes, exportedFeatures, filesPerFolder, huggingFaceOf, placeOf, videoPathTemplate, type CameraShape, type ExportedEpisode } from './metadata.ts'
import { differenceOf, planExports, type ExportPlan, type FeatureChanges } from './plan.ts'

export interface ExportSource {
  readonly dataset: Dataset
  /** In the order in which they are written. */
  readonly episodes: readonly number[]
}

export interface ExportOptions {
  readonly path: string
  readonly sources: readonly ExportSource[]
  readonly changes?: FeatureChanges
  readonly robotType?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number) => void
}

const columnOf = { float32: float32Column, int64: int64Column, bool: boolColumn } as const

/** Pictures of an episode that are looked at for the statistics of its colours. */
const sampledPictures = 4

/** From where each episode came: in `kinora/episode-map.json` of what was written. */
export interface EpisodeMapRow {
  readonly episode: number
  readonly source: string
  readonly sourceEpisode: number
}

/**
 * Writes episodes of one or several datasets as one LeRobot v3.0 dataset. Videos are copied and encoded pictures are
 * taken over byte for byte; only what has no such form is written as PNG. The folder appears whole or not at all.
 * @throws KinoraError `usage` if the folder exists, `dataset-invalid` where the sources differ or cannot be read,
 * `config-invalid` for changes that cannot be made.
 */
export async function exportLeRobotV3(options: ExportOptions): Promise<EpisodeMapRow[]> {
  const { path, sources, changes = {}, signal } = options
  if ((await readdir(path).catch(() => null)) !== null) throw new KinoraError('usage', `${path} exists already.`, 'Choose another name: a dataset is never written over.')
  const plans = planExports(sources.map(({ dataset }) => dataset), changes)
  const [plan] = plans as [ExportPlan]
  for (const [index, other] of plans.entries()) {
    const difference = differenceOf(plan, other)
    if (difference !== null) throw new KinoraError('dataset-invalid', `${sources[index]!.dataset.detail.name} cannot be joined with ${sources[0]!.dataset.detail.name}: ${difference}.`, 'Only datasets of the same rate and features can be joined: make them match (--rename, --without), or convert them apart.')
  }
  let map: EpisodeMapRow[] = []
  await mkdir(dirname(path), { recursive: true })
  await createFolderAtomic(path, async (temporary) => {
    const writer = new ExportWriter(temporary, plan, options.robotType ?? 'unknown')
    let done = 0
    for (const [index, { dataset, episodes }] of sources.entries()) {
      for (const episode of episodes) {
        signal?.throwIfAborted()
        await writer.append(dataset, plans[index]!, episode)
        options.onProgress?.(++done)
      }
    }
    await writer.finish()
    map = writer.map
    await writeFileAtomic(join(temporary, 'kinora', 'episode-map.json'), JSON.stringify({ version: 1, renamed: changes.rename ?? {}, without: changes.without ?? [], episodes: map }, null, 1) + '\n')
  })
  return map
}

class ExportWriter {
  readonly map: EpisodeMapRow[] = []
  readonly #root: string
  readonly #plan: ExportPlan
  readonly #robotType: string
  readonly #episodes: ExportedEpisode[] = []
  readonly #tasks: string[] = []
  readonly #shapes = new Map<string, CameraShape>()
  readonly #totals = new Map<string, Distribution[]>()
  readonly #colours = new Map<string, { histogram: Float64Array; pictures: number }>()
  /** Source file of a video -> number of the file that it was copied to, by camera key. */
  readonly #videos = new Map<string, Map<string, number>>()
  #groups: ParquetRows[] = []
  #groupBytes = 0
  #file = 0
  #rows = 0

  constructor(root: string, plan: ExportPlan, robotType: string) {
    this.#root = root
    this.#plan = plan
    this.#robotType = robotType
  }

  async append(dataset: Dataset, plan: ExportPlan, sourceEpisode: number): Promise<void> {
    const summary = dataset.detail.episodes.find(({ index }) => index === sourceEpisode)!
    const { frameCount, instruction } = summary
    const index = this.#episodes.length
    if (!this.#tasks.includes(instruction)) this.#tasks.push(instruction)
    const rows: ParquetRows = {}
    const statistics: Record<string, FeatureStatistics> = {}
    let bytes = 0
    for (const { key } of this.#plan.vectors) {
      const vector = plan.vectors.find((own) => own.key === key)!
      const matrix = await vector.read(dataset, sourceEpisode)
      const dimension = vector.names.length
      if (matrix.length !== frameCount * dimension) throw new KinoraError('dataset-invalid', `Episode ${sourceEpisode} of ${dataset.detail.name} has ${matrix.length} values of ${key}, expected ${frameCount * dimension}.`, 'Leave the episode out (--leave-out).')
      const values: unknown[] = vector.dtype === 'bool' ? Array.from(matrix as Float32Array, (value) => value !== 0) : Array.from(matrix as ArrayLike<unknown>)
      rows[key] = dimension === 1 ? values : Array.from({ length: frameCount }, (_, frame) => values.slice(frame * dimension, (frame + 1) * dimension))
      statistics[key] = this.#count(key, matrix instanceof BigInt64Array ? Float64Array.from(matrix, Number) : matrix, dimension)
      bytes += matrix.byteLength
    }
    for (const { key } of this.#plan.texts) {
      const texts = await plan.texts.find((own) => own.key === key)!.read(dataset, sourceEpisode)
      rows[key] = [...texts]
      bytes += texts.reduce((sum, text) => sum + text.length, 0)
    }
    const videos: Record<string, { file: number; fromSeconds: number }> = {}
    for (const { key } of this.#plan.cameras) {
      const { camera } = plan.cameras.find((own) => own.key === key)!
      const taken = await this.#takePictures(dataset, sourceEpisode, camera, key, frameCount)
      if ('pictures' in taken) {
        rows[key] = taken.pictures
        bytes += taken.pictures.reduce((sum, picture) => sum + picture.bytes.length, 0)
      } else videos[key] = taken
      statistics[key] = await this.#countColours(dataset, sourceEpisode, camera, key, frameCount)
    }
    const frames = Array.from({ length: frameCount }, (_, frame) => frame)
    const indices: Record<(typeof indexKeys)[number], number[]> = {
      timestamp: frames.map((frame) => Math.fround(frame / this.#plan.fps)),
      frame_index: frames,
      episode_index: frames.map(() => index),
      index: frames.map((frame) => this.#rows + frame),
      task_index: frames.map(() => this.#tasks.indexOf(instruction)),
    }
    for (const key of indexKeys) {
      rows[key] = key === 'timestamp' ? indices[key] : indices[key].map(BigInt)
      statistics[key] = this.#count(key, indices[key], 1)
    }
    if (this.#groups.length > 0 && this.#groupBytes + bytes > dataFileBytes) await this.#flush()
    this.#groups.push(rows)
    this.#groupBytes += bytes
    this.#episodes.push({ index, instruction, frameCount, firstRow: this.#rows, file: this.#file, seed: summary.seed, taskId: summary.taskId ?? null, success: summary.success ?? null, videos, statistics })
    this.#rows += frameCount
    this.map.push({ episode: index, source: dataset.detail.path, sourceEpisode })
  }

  /** Writes what remains and all metadata, `info.json` last. */
  async finish(): Promise<void> {
    await this.#flush()
    const imageKeys = new Set(this.#plan.cameras.map(({ key }) => key))
    await writeFileAtomic(join(this.#root, 'meta', 'tasks.parquet'), encodeTasks(this.#tasks))
    await writeFileAtomic(join(this.#root, fillTemplate(episodesPathTemplate, { chunk_index: 0, file_index: 0 })), encodeExportedEpisodes(this.#episodes, imageKeys, this.#plan.fps))
    const totals = Object.fromEntries([...this.#totals].map(([key, dimensions]) => [key, gather(dimensions)]))
    for (const [key, { histogram, pictures }] of this.#colours) totals[key] = histogramStatistics(histogram, pictures)
    const json = Object.entries(totals).map(([key, own]) => [key, { ...Object.fromEntries(statisticNames.map((name) => [name, nest(own[name], imageKeys.has(key))])), count: [own.count] }])
    await writeFileAtomic(join(this.#root, 'meta', 'stats.json'), JSON.stringify(Object.fromEntries(json), null, 4))
    const hasVideo = [...this.#shapes.values()].some(({ codec }) => codec !== null)
    const info = {
      codebase_version: 'v3.0',
      robot_type: this.#robotType,
      total_episodes: this.#episodes.length,
      total_frames: this.#rows,
      total_tasks: this.#tasks.length,
      chunks_size: filesPerFolder,
      data_files_size_in_mb: Math.round(dataFileBytes / 2 ** 20),
      video_files_size_in_mb: 200,
      fps: this.#plan.fps,
      splits: { train: `0:${this.#episodes.length}` },
      data_path: dataPathTemplate,
      video_path: hasVideo ? videoPathTemplate : null,
      features: exportedFeatures(this.#plan, this.#shapes),
    }
    await writeFileAtomic(join(this.#root, 'meta', 'info.json'), JSON.stringify(info, null, 4))
  }

  async #takePictures(dataset: Dataset, episode: number, camera: string, key: string, frameCount: number): Promise<{ pictures: { bytes: Uint8Array; path: string }[] } | { file: number; fromSeconds: number }> {
    const stored = (await dataset.readStored?.(episode, camera)) ?? null
    const named = (bytes: Uint8Array, frame: number) => ({ bytes, path: `frame-${String(frame).padStart(6, '0')}.${bytes[0] === 0xff ? 'jpg' : 'png'}` })
    if (stored?.kind === 'video') {
      const { path, width, height, codec } = stored.video
      this.#remember(key, { width, height, codec: codec === 'avc' ? 'h264' : codec }, dataset, episode)
      return { file: await this.#copyVideo(key, path), fromSeconds: stored.fromSeconds }
    }
    if (stored?.kind === 'encoded') {
      const pictures = await stored.read(0, frameCount)
      if (pictures.length !== frameCount) throw new KinoraError('dataset-invalid', `Episode ${episode} of ${dataset.detail.name} has ${pictures.length} pictures of "${camera}", expected ${frameCount}.`, 'Leave the episode out (--leave-out).')
      const { width, height } = await decodeImage(pictures[0]!, `the first picture of "${camera}" in episode ${episode}`)
      this.#remember(key, { width, height, codec: null }, dataset, episode)
      return { pictures: pictures.map(named) }
    }
    const { width, height, data } = await dataset.readFrames(episode, camera)
    this.#remember(key, { width, height, codec: null }, dataset, episode)
    const bytes = width * height * 3
    return { pictures: Array.from({ length: frameCount }, (_, frame) => named(encodePng({ width, height, data: data.subarray(frame * bytes, (frame + 1) * bytes) }), frame)) }
  }

  #remember(key: string, shape: CameraShape, dataset: Dataset, episode: number): void {
    const known = this.#shapes.get(key)
    if (known === undefined) this.#shapes.set(key, shape)
    else if (known.width !== shape.width || known.height !== shape.height || (known.codec === null) !== (shape.codec === null)) {
      throw new KinoraError('dataset-invalid', `Episode ${episode} of ${dataset.detail.name} has ${shape.width} x ${shape.height} ${shape.codec === null ? 'pictures' : 'video'} for ${key}, the first ${known.width} x ${known.height} ${known.codec === null ? 'pictures' : 'video'}.`, 'Convert episodes of one kind at a time.')
    }
  }

  async #copyVideo(key: string, source: string): Promise<number> {
    let copied = this.#videos.get(key)
    if (copied === undefined) this.#videos.set(key, (copied = new Map()))
    const known = copied.get(source)
    if (known !== undefined) return known
    const file = copied.size
    const place = placeOf(file)
    const target = join(this.#root, fillTemplate(videoPathTemplate, { video_key: key, chunk_index: place.chunk, file_index: place.file }))
    await mkdir(dirname(target), { recursive: true })
    // Shares the blocks where the file system can.
    await copyFile(source, target, constants.COPYFILE_FICLONE)
    copied.set(source, file)
    return file
  }

  #count(key: string, values: ArrayLike<number>, dimension: number): FeatureStatistics {
    let totals = this.#totals.get(key)
    if (totals === undefined) this.#totals.set(key, (totals = Array.from({ length: dimension }, () => new Distribution())))
    for (let index = 0; index < values.length; index++) totals[index % dimension]!.add(values[index]!)
    return matrixStatistics(values, dimension)
  }

  async #countColours(dataset: Dataset, episode: number, camera: string, key: string, frameCount: number): Promise<FeatureStatistics> {
    const own = new Float64Array(768)
    const count = Math.min(sampledPictures, frameCount)
    for (let index = 0; index < count; index++) {
      const image: RgbImage = await dataset.readFrame(episode, camera, Math.floor(((index + 0.5) * frameCount) / count))
      addToHistogram(own, image.data)
    }
    let total = this.#colours.get(key)
    if (total === undefined) this.#colours.set(key, (total = { histogram: new Float64Array(768), pictures: 0 }))
    for (const [bin, number] of own.entries()) total.histogram[bin]! += number
    total.pictures += count
    return histogramStatistics(own, count)
  }

  async #flush(): Promise<void> {
    if (this.#groups.length === 0) return
    const columns: ParquetColumn[] = [
      ...this.#plan.vectors.map(({ key, names, dtype }) => ({ name: key, kind: names.length === 1 ? columnOf[dtype] : listColumn(columnOf[dtype]) })),
      ...this.#plan.texts.map(({ key }) => ({ name: key, kind: stringColumn })),
      ...this.#plan.cameras.filter(({ key }) => this.#shapes.get(key)!.codec === null).map(({ key }) => ({ name: key, kind: imageColumn })),
      ...indexKeys.map((name) => ({ name, kind: name === 'timestamp' ? float32Column : int64Column })),
    ]
    const { chunk, file } = placeOf(this.#file)
    await writeFileAtomic(join(this.#root, fillTemplate(dataPathTemplate, { chunk_index: chunk, file_index: file })), encodeParquet(columns, this.#groups, { huggingface: huggingFaceOf(this.#plan, this.#shapes) }))
    this.#groups = []
    this.#groupBytes = 0
    this.#file++
  }
}

/** Statistics of a feature from those of its dimensions. */
function gather(dimensions: readonly Distribution[]): FeatureStatistics {
  const summaries = dimensions.map((dimension) => dimension.summary())
  const of = (name: (typeof statisticNames)[number]): number[] => summaries.map((summary) => summary[name])
  return {
    min: of('min'), max: of('max'), mean: of('mean'), std: of('std'),
    ...(Object.fromEntries(quantileNames.map((name) => [name, of(name)])) as Record<(typeof quantileNames)[number], number[]>),
    count: (summaries[0]?.count ?? 0) + (summaries[0]?.nonFinite ?? 0),
    nonFinite: summaries.map(({ nonFinite }) => nonFinite),
  }
}
