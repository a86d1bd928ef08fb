import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { RgbImage } from '../../../base/image.ts'
import type { DatasetDetail, Feature } from '../../../contract/dataset.ts'
import { KinoraError } from '../../../contract/errors.ts'
import { Hdf5File } from '../../../formats/hdf5.ts'
import { decodeImage } from '../../../formats/image.ts'
import type { Dataset, EpisodeColumns, EpisodeFrames } from '../../dataset.ts'
import { stackFrames } from '../../frames.ts'
import { datasetId } from '../../identity.ts'
import { resolveInside } from '../../inside.ts'
import { Lru } from '../../../base/lru.ts'
import { vectorDimension } from '../../mapping.ts'
import type { OpenOptions } from '../../open.ts'
import { credible } from '../../outcome.ts'
import { ProblemLog } from '../../problems.ts'
import { hasDemos, readDemos } from './demos.ts'
import type { Hdf5Camera, Hdf5Episode, Hdf5Layout, Hdf5Source, Hdf5Vector } from './layout.ts'
import { isRobotwin, readRobotwin } from './robotwin.ts'

const openFiles = 8
const maxFiles = 100_000
/** Rows read at once: pictures of many steps would not fit into the library's memory. */
const rowsPerRead = 32

/** HDF5 files in the folder or up to three folders below, sorted so that episode 2 comes before episode 10. */
export async function findHdf5(root: string): Promise<string[]> {
  const found: string[] = []
  const visit = async (folder: string, depth: number): Promise<void> => {
    // A folder that may not be read has nothing for us.
    for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
      if (found.length >= maxFiles) return
      const name = join(folder, entry.name)
      if (entry.isDirectory() && depth < 3 && !entry.name.startsWith('.')) await visit(name, depth + 1)
      else if (/\.(hdf5|h5)$/.test(entry.name)) found.push(name)
    }
  }
  await visit('', 0)
  return found.sort(new Intl.Collator('en', { numeric: true }).compare)
}

/** Opens LIBERO, robomimic or RoboTwin files in place. @throws KinoraError `dataset-invalid` where nothing can be used. */
export async function openHdf5(path: string, root: string, files: readonly string[], options: OpenOptions): Promise<Dataset> {
  const problems = new ProblemLog()
  const episodes: Hdf5Episode[] = []
  let layout: Hdf5Layout | null = null
  for (const file of files) {
    options.signal?.throwIfAborted()
    try {
      const real = await resolveInside(root, file)
      if (real === null) continue
      const source = await inspect(real, root, file, problems)
      if (source === null) continue
      const difference = layout === null ? null : compare(layout, source.layout)
      if (difference !== null) {
        problems.error(`The file is laid out differently: ${difference}.`, 'Keep files of different robots or benchmarks in folders of their own.', { file })
        continue
      }
      layout ??= source.layout
      for (const episode of source.episodes) episodes.push({ ...episode, index: episodes.length, file })
    } catch (error) {
      problems.caught(error, { file })
    }
  }
  if (layout === null) {
    const [first] = problems.list()
    throw new KinoraError('dataset-invalid', `${path} has ${files.length === 1 ? 'one HDF5 file, which cannot' : `${files.length} HDF5 files, and none can`} be used: ${first?.what ?? 'they are empty'}`, 'Looked for: data/demo_<i> (LIBERO, robomimic); joint_action and observation (RoboTwin 2.0).')
  }
  return new Hdf5Dataset(path, root, layout, episodes, problems, options.cacheDir)
}

async function inspect(real: string, root: string, name: string, problems: ProblemLog): Promise<Hdf5Source | null> {
  const file = await Hdf5File.open(real)
  try {
    if (hasDemos(file)) return readDemos(file, name, problems)
    if (isRobotwin(file)) return await readRobotwin(file, root, name, problems)
    problems.error('The file has neither data/demo_<i> (LIBERO, robomimic) nor joint_action and observation (RoboTwin 2.0).', 'Move it out of the folder.', { file: name })
    return null
  } finally {
    file.close()
  }
}

function compare(a: Hdf5Layout, b: Hdf5Layout): string | null {
  if (a.format !== b.format) return `it is ${b.format}, the others are ${a.format}`
  for (const key of ['state', 'action'] as const) if (a[key].names.join() !== b[key].names.join()) return `its ${key} has ${b[key].names.length} values, the others' ${a[key].names.length}`
  const missing = [...a.cameras.keys()].filter((camera) => !b.cameras.has(camera))
  return missing.length > 0 ? `it has no camera ${missing.join(', ')}` : null
}

class Hdf5Dataset implements Dataset {
  readonly detail: DatasetDetail
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
  readonly cacheDir: string | undefined
  readonly #root: string
  readonly #layout: Hdf5Layout
  readonly #episodes: readonly Hdf5Episode[]
  readonly #files = new Lru<string, Promise<Hdf5File>>(openFiles, (file) => void file.then((opened) => opened.close(), () => {}))

  constructor(path: string, root: string, layout: Hdf5Layout, episodes: readonly Hdf5Episode[], problems: ProblemLog, cacheDir: string | undefined) {
    this.#root = root
    this.cacheDir = cacheDir
    this.#layout = layout
    this.#episodes = episodes
    this.stateNames = layout.state.names
    this.actionNames = layout.action.names
    const list = problems.list()
    const outcomes = credible(episodes.map(({ success }) => success))
    const vector = (key: string, { names }: Hdf5Vector): Feature => ({ key, dtype: 'float32', shape: [names.length], names: [...names] })
    this.detail = {
      id: datasetId(root),
      name: basename(path),
      path,
      format: `${layout.format}-hdf5`,
      fps: layout.fps,
      episodeCount: episodes.length,
      frameCount: episodes.reduce((sum, { frameCount }) => sum + frameCount, 0),
      cameras: [...layout.cameras.keys()],
      tasks: [...new Set(episodes.map(({ instruction }) => instruction))],
      problemCount: list.length,
      features: [vector('state', layout.state), vector('action', layout.action), ...[...layout.vectors].map(([key, one]) => vector(key, one)), ...[...layout.cameras.values()].map(({ dataset }): Feature => ({ key: dataset, dtype: 'image', shape: [], names: null }))],
      episodes: episodes.map(({ index, frameCount, instruction, file }) => ({ index, frameCount, instruction, seed: null, file, success: outcomes[index]! })),
      problems: list,
    }
  }

  async readEpisode(episode: number): Promise<EpisodeColumns> {
    const { group, frameCount, file } = this.#find(episode)
    const source = await this.#open(file)
    const { state, action, actionShift, fps } = this.#layout
    return {
      frameCount,
      state: readVector(source, group, state, 0, frameCount),
      action: readVector(source, group, action, actionShift, frameCount),
      timestamps: Float64Array.from({ length: frameCount }, (_, frame) => frame / fps),
    }
  }

  async readVector(episode: number, key: string): Promise<Float32Array> {
    vectorDimension(this.detail, key)
    const { group, frameCount, file } = this.#find(episode)
    const { state, action, actionShift, vectors } = this.#layout
    const source = await this.#open(file)
    if (key === 'action') return readVector(source, group, action, actionShift, frameCount)
    return readVector(source, group, key === 'state' ? state : vectors.get(key)!, 0, frameCount)
  }

  async readFrame(episode: number, camera: string, frame: number): Promise<RgbImage> {
    const { frameCount } = this.#find(episode)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frameCount)) throw new KinoraError('not-found', `Episode ${episode} of ${this.detail.name} has no frame ${frame}.`, `Its frames are 0 to ${frameCount - 1}.`)
    return (await this.#readPictures(episode, camera, frame, frame + 1))[0]!
  }

  async readFrames(episode: number, camera: string): Promise<EpisodeFrames> {
    return await this.readWindow(episode, camera, 0, this.#find(episode).frameCount)
  }

  async readWindow(episode: number, camera: string, first: number, count: number, into?: Uint8Array): Promise<EpisodeFrames> {
    let block: RgbImage[] = []
    return await stackFrames(
      count,
      async (frame) => {
        const at = frame % rowsPerRead
        if (at === 0) block = await this.#readPictures(episode, camera, first + frame, first + Math.min(frame + rowsPerRead, count))
        return block[at]!
      },
      `camera ${camera} in episode ${episode}`,
      into,
    )
  }

  readFlow(): Promise<null> {
    return Promise.resolve(null)
  }

  dispose(): void {
    this.#files.clear()
  }

  async #readPictures(episode: number, name: string, start: number, end: number): Promise<RgbImage[]> {
    const { group, file } = this.#find(episode)
    const camera = this.#layout.cameras.get(name)
    if (camera === undefined) throw new KinoraError('not-found', `${this.detail.name} has no camera "${name}".`, `Its cameras: ${this.detail.cameras.join(', ') || 'none'}.`)
    const source = await this.#open(file)
    const dataset = join(group, camera.dataset).replaceAll('\\', '/')
    if (camera.kind === 'encoded') {
      const pictures = await Promise.all(source.readStrings(dataset, start, end).map((bytes, index) => decodeImage(bytes, `frame ${start + index} of ${dataset} in ${file}`)))
      if (camera.isBgr) for (const { data } of pictures) swapRedAndBlue(data)
      return pictures
    }
    return rawPictures(source, dataset, camera, start, end)
  }

  #find(episode: number): Hdf5Episode {
    const entry = this.#episodes[episode]
    if (entry === undefined) throw new KinoraError('not-found', `${this.detail.name} has no readable episode ${episode}.`, `Its episodes are 0 to ${this.#episodes.length - 1}.`)
    return entry
  }

  async #open(name: string): Promise<Hdf5File> {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = resolveInside(this.#root, name).then((path) => {
        if (path === null) throw new KinoraError('dataset-invalid', `${name} is not there any more.`, 'Copy it from the source of the dataset.')
        return Hdf5File.open(path)
      })
      file.catch(() => this.#files.delete(name))
      this.#files.set(name, file, 1)
    }
    return await file
  }
}

function rawPictures(source: Hdf5File, dataset: string, { isUpsideDown }: Hdf5Camera, start: number, end: number): RgbImage[] {
  const shape = source.describe(dataset)?.shape ?? []
  const [, height = 0, width = 0] = shape
  const pixels = source.readRows(dataset, start, end)
  if (!(pixels instanceof Uint8Array) || pixels.length !== (end - start) * height * width * 3) {
    throw new KinoraError('dataset-invalid', `${dataset} in ${source.path} holds no 8-bit RGB pictures (shape [${shape.join(', ')}]).`, 'Write it as [T, H, W, 3] bytes.')
  }
  const stride = width * 3
  return Array.from({ length: end - start }, (_, index) => {
    const stored = pixels.subarray(index * height * stride, (index + 1) * height * stride)
    if (!isUpsideDown) return { width, height, data: stored.slice() }
    const data = new Uint8Array(stored.length)
    for (let row = 0; row < height; row++) data.set(stored.subarray((height - 1 - row) * stride, (height - row) * stride), row * stride)
    return { width, height, data }
  })
}

function swapRedAndBlue(pixels: Uint8Array): void {
  for (let at = 0; at < pixels.length; at += 3) [pixels[at], pixels[at + 2]] = [pixels[at + 2]!, pixels[at]!]
}

/** Datasets side by side as one row-major matrix; 64-bit numbers become float32. */
function readVector(source: Hdf5File, group: string, { datasets, names }: Hdf5Vector, first: number, count: number): Float32Array {
  const matrix = new Float32Array(count * names.length)
  let column = 0
  for (const name of datasets) {
    const dataset = join(group, name).replaceAll('\\', '/')
    const values = source.readRows(dataset, first, first + count)
    const width = values.length / count
    for (let row = 0; row < count; row++) for (let index = 0; index < width; index++) matrix[row * names.length + column + index] = Number(values[row * width + index])
    column += width
  }
  return matrix
}
