import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FlowField, RgbImage } from '../../../base/image.ts'
import type { DatasetDetail } from '../../../contract/dataset.ts'
import { KinoraError } from '../../../contract/errors.ts'
import { decodeImage } from '../../../formats/image.ts'
import { ParquetFile } from '../../../formats/parquet.ts'
import type { Dataset, EpisodeColumns, EpisodeFrames, StoredPictures } from '../../dataset.ts'
import { stackFrames } from '../../frames.ts'
import { datasetId } from '../../identity.ts'
import { resolveInside } from '../../inside.ts'
import { Lru } from '../../../base/lru.ts'
import { vectorDimension } from '../../mapping.ts'
import type { OpenOptions } from '../../open.ts'
import type { ProblemLog } from '../../problems.ts'
import { RecordedFlow } from '../../recorded-flow.ts'
import { VideoFrames } from '../../video-frames.ts'
import { executedActionKey } from '../../writer/features.ts'
import { toIntegerMatrix, toMatrix, toNumbers } from './columns.ts'
import type { LeRobotEpisode } from './episode.ts'
import type { FeatureMap, LeRobotInfo } from './info.ts'

const openFiles = 8
/** Encoded pictures that are read together have about this many bytes. */
const blockBytes = 2 ** 19
const maxBlockFrames = 64
const pictureCacheBytes = 64 * 2 ** 20

/** A LeRobot dataset of any version, once its index of episodes is known. */
export class LeRobotDataset implements Dataset {
  readonly detail: DatasetDetail
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
  readonly cacheDir: string | undefined
  readonly #root: string
  readonly #info: LeRobotInfo
  readonly #map: FeatureMap
  readonly #episodes: ReadonlyMap<number, LeRobotEpisode>
  readonly #flow: RecordedFlow
  readonly #videos: VideoFrames
  readonly #files = new Lru<string, Promise<ParquetFile>>(openFiles, (file) => void file.then((opened) => opened.close(), () => {}))
  /** Encoded pictures of one camera, a block of frames of one episode each. */
  readonly #pictures = new Lru<string, Promise<readonly EmbeddedPicture[]>>(pictureCacheBytes)

  constructor(path: string, root: string, format: string, info: LeRobotInfo, map: FeatureMap, episodes: readonly LeRobotEpisode[], problems: ProblemLog, options: OpenOptions) {
    this.#root = root
    this.cacheDir = options.cacheDir
    this.#info = info
    this.#map = map
    this.#episodes = new Map(episodes.map((episode) => [episode.index, episode]))
    this.#flow = new RecordedFlow(root, options.cacheDir)
    this.#videos = new VideoFrames(options.cacheDir)
    this.stateNames = map.stateNames
    this.actionNames = map.actionNames
    const list = problems.list()
    this.detail = {
      id: datasetId(root),
      name: basename(path),
      path,
      format,
      fps: info.fps,
      episodeCount: episodes.length,
      frameCount: episodes.reduce((sum, { frameCount }) => sum + frameCount, 0),
      cameras: [...map.cameras.keys()],
      tasks: [...new Set(episodes.map(({ instruction }) => instruction))],
      problemCount: list.length,
      features: map.features,
      episodes: episodes.map(({ index, frameCount, instruction, seed, taskId, dataFile, success }) => ({ index, frameCount, instruction, seed, taskId, file: dataFile, success: success ?? null })),
      problems: list,
    }
  }

  async readEpisode(episode: number): Promise<EpisodeColumns> {
    const entry = this.#find(episode)
    const { stateKey, actionKey } = this.#map
    const state = stateKey === null ? new Float32Array(0) : await this.#readMatrix(entry, stateKey, this.stateNames.length)
    const action = actionKey === null ? new Float32Array(0) : await this.#readMatrix(entry, actionKey, this.actionNames.length)
    const file = await this.#open(entry.dataFile)
    const timestamps = file.columns.includes('timestamp')
      ? toNumbers(await file.readColumn('timestamp', entry.rowStart, entry.rowEnd))
      : Float64Array.from({ length: entry.frameCount }, (_, frame) => frame / this.#info.fps)
    return { frameCount: entry.frameCount, state, action, timestamps }
  }

  async readVector(episode: number, key: string): Promise<Float32Array> {
    return await this.#readMatrix(this.#find(episode), key, vectorDimension(this.detail, key))
  }

  async readIntegers(episode: number, key: string): Promise<BigInt64Array> {
    const entry = this.#find(episode)
    const file = await this.#open(entry.dataFile)
    return toIntegerMatrix(await file.readColumn(key, entry.rowStart, entry.rowEnd), vectorDimension(this.detail, key), `${key} in ${entry.dataFile}`)
  }

  async readText(episode: number, key: string): Promise<string[]> {
    const entry = this.#find(episode)
    const column = await (await this.#open(entry.dataFile)).readColumn(key, entry.rowStart, entry.rowEnd)
    return Array.from(column, (value) => (typeof value === 'string' ? value : ''))
  }

  async readFrame(episode: number, camera: string, frame: number): Promise<RgbImage> {
    const entry = this.#find(episode)
    const key = this.#findCamera(camera)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < entry.frameCount)) {
      throw new KinoraError('not-found', `Episode ${episode} of ${this.detail.name} has no frame ${frame}.`, `Its frames are 0 to ${entry.frameCount - 1}.`)
    }
    const video = await this.#findVideo(entry, key)
    if (video !== null) return await this.#videos.frame(video.path, video.first + frame)
    return await this.#decode(entry, key, frame)
  }

  async readWindow(episode: number, camera: string, first: number, count: number, into?: Uint8Array): Promise<EpisodeFrames> {
    const entry = this.#find(episode)
    const key = this.#findCamera(camera)
    const video = await this.#findVideo(entry, key)
    if (video !== null) return { frameCount: count, ...(await this.#videos.frames(video.path, video.first + first, video.first + first + count - 1, into)) }
    return await stackFrames(count, (frame) => this.#decode(entry, key, first + frame), `camera ${camera} in episode ${episode}`, into)
  }

  async readStored(episode: number, camera: string): Promise<StoredPictures> {
    const entry = this.#find(episode)
    const key = this.#findCamera(camera)
    const video = await this.#findVideo(entry, key)
    if (video !== null) return { kind: 'video', video: await this.#videos.video(video.path), fromSeconds: entry.videos.get(key)!.fromSeconds, firstFrame: video.first }
    return { kind: 'encoded', read: (first, count) => Promise.all(Array.from({ length: count }, (_, index) => this.#readPicture(entry, key, first + index))) }
  }

  async readFrames(episode: number, camera: string): Promise<EpisodeFrames> {
    return await this.readWindow(episode, camera, 0, this.#find(episode).frameCount)
  }

  async readFlow(episode: number, camera: string, horizonSteps: number): Promise<readonly FlowField[] | null> {
    const entry = this.#find(episode)
    const key = this.#findCamera(camera)
    if (!(Number.isInteger(horizonSteps) && horizonSteps >= 1)) throw new KinoraError('config-invalid', `A horizon of ${horizonSteps} steps is not possible.`, 'Give a whole number of at least 1.')
    const [height, width] = this.#info.features[key]!.shape as [number, number, number]
    return await this.#flow.read({
      episode,
      camera,
      horizonSteps,
      width,
      height,
      frameCount: entry.frameCount,
      taskId: entry.taskId,
      seed: entry.seed,
      readExecutedAction: async () => ((await this.#open(entry.dataFile)).columns.includes(executedActionKey) ? await this.#readMatrix(entry, executedActionKey, this.actionNames.length) : null),
      readFrames: async () => (await this.readFrames(episode, camera)).data,
    })
  }

  dispose(): void {
    this.#files.clear()
    this.#pictures.clear()
    this.#videos.dispose()
  }

  #find(episode: number): LeRobotEpisode {
    const entry = this.#episodes.get(episode)
    if (entry !== undefined) return entry
    const problem = this.detail.problems.find((candidate) => candidate.episode === episode)
    throw new KinoraError('not-found', `${this.detail.name} has no readable episode ${episode}.${problem ? ` ${problem.what}` : ''}`, problem?.hint ?? `It has ${this.#episodes.size} episodes.`)
  }

  #findCamera(camera: string): string {
    const key = this.#map.cameras.get(camera)
    if (key === undefined) throw new KinoraError('not-found', `${this.detail.name} has no camera "${camera}".`, `Its cameras: ${this.detail.cameras.join(', ') || 'none'}.`)
    return key
  }

  /** Where an episode's frames lie in its video; null for embedded pictures. */
  async #findVideo(entry: LeRobotEpisode, key: string): Promise<{ path: string; first: number; last: number } | null> {
    const video = entry.videos.get(key)
    if (video === undefined) return null
    const path = await resolveInside(this.#root, video.file)
    if (path === null) throw new KinoraError('dataset-invalid', `${video.file} is missing.`, 'Copy it from the source of the dataset.')
    return { path, ...(await this.#videos.range(path, video.fromSeconds, entry.frameCount, this.#info.fps)) }
  }

  async #open(name: string): Promise<ParquetFile> {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = resolveInside(this.#root, name).then((path) => {
        if (path === null) throw new KinoraError('dataset-invalid', `${name} is missing.`, 'Copy it from the source of the dataset.')
        return ParquetFile.open(path)
      })
      file.catch(() => this.#files.delete(name))
      this.#files.set(name, file, 1)
    }
    return await file
  }

  async #readMatrix(entry: LeRobotEpisode, key: string, dimension: number): Promise<Float32Array> {
    const file = await this.#open(entry.dataFile)
    const matrix = await file.readMatrix(key, dimension, entry.rowStart, entry.rowEnd)
    // The slow way tells which frame is wrong.
    return matrix ?? toMatrix(await file.readColumn(key, entry.rowStart, entry.rowEnd), dimension, `${key} in ${entry.dataFile}`)
  }

  async #readPicture(entry: LeRobotEpisode, key: string, frame: number): Promise<Uint8Array> {
    const file = await this.#open(entry.dataFile)
    const blockFrames = Math.min(maxBlockFrames, Math.max(1, Math.floor(blockBytes / Math.max(1, file.rowBytes(key)))))
    const first = frame - (frame % blockFrames)
    const { bytes, path } = (await this.#readBlock(file, entry, key, first, blockFrames))[frame - first] ?? {}
    if (bytes !== undefined) return bytes
    const linked = path === undefined ? null : await resolveInside(this.#root, path)
    if (linked === null) throw new KinoraError('dataset-invalid', `There is no picture for frame ${frame} of ${key} in ${entry.dataFile}.`, 'Copy the dataset again, pictures included.')
    return await readFile(linked)
  }

  /** Encoded pictures that lie together, kept for the frames that come next. */
  #readBlock(file: ParquetFile, entry: LeRobotEpisode, key: string, first: number, count: number): Promise<readonly EmbeddedPicture[]> {
    const name = `${entry.index} ${key} ${first}`
    const known = this.#pictures.get(name)
    if (known !== undefined) return known
    // Copies: the page that they lie in may hold far more.
    const pictures = file.readColumn(key, entry.rowStart + first, Math.min(entry.rowStart + first + count, entry.rowEnd)).then((values) => Array.from(values, copyPicture))
    this.#pictures.set(name, pictures, 0)
    pictures.then(
      (all) => this.#pictures.set(name, pictures, all.reduce((sum, { bytes }) => sum + (bytes?.length ?? 64), 0)),
      () => this.#pictures.delete(name),
    )
    return pictures
  }

  async #decode(entry: LeRobotEpisode, key: string, frame: number): Promise<RgbImage> {
    return await decodeImage(await this.#readPicture(entry, key, frame), `frame ${frame} of ${key} in ${entry.dataFile}`)
  }
}

/** As the `datasets` library embeds pictures: their bytes, or the path of a file beside the data. */
interface EmbeddedPicture {
  readonly bytes?: Uint8Array
  readonly path?: string
}

function copyPicture(value: unknown): EmbeddedPicture {
  const { bytes, path } = (value ?? {}) as { bytes?: unknown; path?: unknown }
  return { ...(bytes instanceof Uint8Array && { bytes: bytes.slice() }), ...(typeof path === 'string' && { path }) }
}
