import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import type { RgbImage } from '../../../base/image.ts'
import type { DatasetDetail } from '../../../contract/dataset.ts'
import { KinoraError } from '../../../contract/errors.ts'
import { decodeImage } from '../../../formats/image.ts'
import { RandomAccessFile } from '../../../formats/random-access-file.ts'
import { parseExample, type ExampleFeature } from '../../../formats/tf-example.ts'
import { readTfRecord } from '../../../formats/tfrecord.ts'
import type { Dataset, EpisodeColumns, EpisodeFrames, StoredPictures } from '../../dataset.ts'
import { stackFrames } from '../../frames.ts'
import { datasetId } from '../../identity.ts'
import { displayPath, resolveInside } from '../../inside.ts'
import { Lru } from '../../../base/lru.ts'
import { vectorDimension } from '../../mapping.ts'
import type { OpenOptions } from '../../open.ts'
import { credible, type Outcome } from '../../outcome.ts'
import { ProblemLog } from '../../problems.ts'
import { readJson } from '../lerobot/info.ts'
import { parseRldsFeatures } from './features.ts'
import { indexShard, type RldsLayout } from './index.ts'

const parsedBytes = 64 * 2 ** 20

/** TFDS keeps no control rate. Rates of well-known datasets by their name, from their papers. */
const knownRatesHz: Readonly<Record<string, number>> = { bridge: 5, fractal: 3, droid: 15, libero: 20 }
const assumedHz = 10

interface RldsEpisode {
  readonly index: number
  readonly frameCount: number
  readonly instruction: string
  readonly success: Outcome
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/** Where the version folder of a TFDS dataset is, if there is one: the folder itself or one right below it. */
export async function findRlds(root: string): Promise<string | null> {
  if ((await resolveInside(root, 'features.json')) !== null && (await resolveInside(root, 'dataset_info.json')) !== null) return root
  for (const name of (await readdir(root)).filter((candidate) => /^\d+\.\d+\.\d+$/.test(candidate)).sort().reverse()) {
    const path = await resolveInside(root, join(name, 'features.json'))
    if (path !== null) return dirname(path)
  }
  return null
}

/** Opens an RLDS dataset (TFDS TFRecord shards) in place. @throws KinoraError `dataset-invalid`. */
export async function openRlds(path: string, root: string, options: OpenOptions): Promise<Dataset> {
  const problems = new ProblemLog()
  const features = parseRldsFeatures(await readJson(root, 'features.json'))
  const info = infoSchema.safeParse(await readJson(root, 'dataset_info.json'))
  if (!info.success) throw new KinoraError('dataset-invalid', `dataset_info.json is not as TFDS writes it: ${z.prettifyError(info.error)}`, 'Copy it again from the source of the dataset.')
  const layout = layOut(features, problems)
  const rate = Object.entries(knownRatesHz).find(([name]) => info.data.name.toLowerCase().includes(name))?.[1]
  if (rate === undefined) problems.warning(`RLDS keeps no control rate; ${assumedHz} Hz is assumed.`, 'Times are only shown by it; training counts in steps.', { file: 'dataset_info.json' })
  const names = (await readdir(root)).filter((name) => /\.tfrecord(-\d+-of-\d+)?$/.test(name)).sort()
  if (names.length === 0) throw new KinoraError('dataset-invalid', `${root} has no .tfrecord file.`, 'Copy the shards of the dataset beside features.json.')
  for (const { name, shardLengths } of info.data.splits) {
    const own = names.filter((file) => file.includes(`-${name}.tfrecord`)).length
    if (own < shardLengths.length) problems.warning(`The split "${name}" has ${shardLengths.length} ${shardLengths.length === 1 ? 'shard' : 'shards'} by its metadata, ${own === 0 ? 'none of which is' : `${own} of which are`} here.`, 'Copy the missing shards, or go on with what is here.', { file: 'dataset_info.json' })
  }
  const episodes: RldsEpisode[] = []
  const still = new Map<string, number>()
  for (const file of names) {
    const real = await resolveInside(root, file).catch((error: unknown) => problems.caught(error, { file }))
    if (real === null) problems.error('The shard is a link that leads nowhere.', 'Copy the shard again from its source.', { file })
    if (!real) continue
    const shard = await indexShard(real, layout, options.cacheDir, options.signal)
    if (shard.damage !== null) problems.error(`${shard.damage} The ${shard.records.length} records before are used.`, 'Copy the shard again from its source.', { file })
    for (const { offset, bytes, frameCount, instruction, stillCameras, problem, warning, success } of shard.records) {
      const index = episodes.length
      if (problem !== null) {
        problems.error(`The record at byte ${offset} cannot be used: ${problem}.`, 'Copy the shard again from its source, or write it with the shapes of features.json.', { file })
        continue
      }
      if (warning !== null) problems.warning(`Episode ${index}: ${warning}.`, 'Leave the episode out of training, or correct its source.', { file, episode: index })
      for (const camera of stillCameras) still.set(camera, (still.get(camera) ?? 0) + 1)
      episodes.push({ index, frameCount, instruction, success, file, offset, bytes })
    }
  }
  for (const [camera, count] of still) problems.warning(`In ${count} of ${episodes.length} episodes camera ${camera} shows one and the same picture throughout: it is blank or was off.`, 'Train on another camera, or leave these episodes out.')
  return new RldsDataset(path, root, info.data.name, rate ?? assumedHz, layout, episodes, problems, options.cacheDir)
}

const infoSchema = z.object({
  name: z.string(),
  splits: z.array(z.object({ name: z.string(), shardLengths: z.array(z.coerce.number()).default([]) })).default([]),
})

function layOut(features: RldsLayout['features'], problems: ProblemLog): RldsLayout {
  const vector = (keys: readonly string[]): { key: string; dimension: number } | null => {
    const found = keys.map((key) => features.find((feature) => feature.key === key)).find((feature) => feature?.kind === 'tensor' && feature.shape.length === 1)
    return found === undefined ? null : { key: found.key, dimension: found.shape[0]! }
  }
  const action = vector(['steps/action'])
  const state = vector(['steps/observation/state', 'steps/observation/proprio', 'steps/observation/eef_state', 'steps/observation/joint_state'])
  if (action === null) problems.error('There is no vector "steps/action".', 'Kinora needs actions as one vector of numbers per step.', { file: 'features.json' })
  const cameras = new Map(features.filter(({ kind, key }) => kind === 'image' && key.startsWith('steps/observation/')).sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ key }) => [key.slice('steps/observation/'.length), key]))
  return { features, actionKey: action?.key ?? null, actionDimension: action?.dimension ?? 0, stateKey: state?.key ?? null, stateDimension: state?.dimension ?? 0, cameras }
}

class RldsDataset implements Dataset {
  readonly detail: DatasetDetail
  readonly stateNames: readonly string[]
  readonly actionNames: readonly string[]
  readonly cacheDir: string | undefined
  readonly #root: string
  readonly #layout: RldsLayout
  readonly #episodes: readonly RldsEpisode[]
  readonly #parsed = new Lru<number, Map<string, ExampleFeature>>(parsedBytes)

  constructor(path: string, root: string, name: string, fps: number, layout: RldsLayout, episodes: readonly RldsEpisode[], problems: ProblemLog, cacheDir: string | undefined) {
    this.#root = root
    this.cacheDir = cacheDir
    this.#layout = layout
    this.#episodes = episodes
    this.stateNames = Array.from({ length: layout.stateDimension }, (_, index) => `state_${index}`)
    this.actionNames = Array.from({ length: layout.actionDimension }, (_, index) => `action_${index}`)
    const list = problems.list()
    const outcomes = credible(episodes.map(({ success }) => success))
    this.detail = {
      id: datasetId(root),
      name: basename(path) === basename(root) && path === root ? name : basename(path),
      path,
      format: 'rlds',
      fps,
      episodeCount: episodes.length,
      frameCount: episodes.reduce((sum, { frameCount }) => sum + frameCount, 0),
      cameras: [...layout.cameras.keys()],
      tasks: [...new Set(episodes.map(({ instruction }) => instruction))],
      problemCount: list.length,
      features: layout.features.map(({ key, dtype, shape, names }) => ({ key, dtype, shape, names })),
      episodes: episodes.map(({ index, frameCount, instruction, file }) => ({ index, frameCount, instruction, seed: null, file, success: outcomes[index]! })),
      problems: list,
    }
  }

  async readEpisode(episode: number): Promise<EpisodeColumns> {
    const { frameCount } = this.#find(episode)
    const example = await this.#read(episode)
    const floats = (key: string | null): Float32Array => {
      const feature = key === null ? undefined : example.get(key)
      return feature?.kind === 'float' ? Float32Array.from(feature.values) : new Float32Array(0)
    }
    return { frameCount, state: floats(this.#layout.stateKey), action: floats(this.#layout.actionKey), timestamps: Float64Array.from({ length: frameCount }, (_, frame) => frame / this.detail.fps) }
  }

  async readVector(episode: number, key: string): Promise<Float32Array> {
    return Float32Array.from(await this.#numbers(episode, key))
  }

  async readIntegers(episode: number, key: string): Promise<BigInt64Array> {
    return BigInt64Array.from(await this.#numbers(episode, key), (value) => BigInt(Math.trunc(value)))
  }

  async #numbers(episode: number, key: string): Promise<ArrayLike<number> & Iterable<number>> {
    const dimension = vectorDimension(this.detail, key)
    const { frameCount } = this.#find(episode)
    const feature = (await this.#read(episode)).get(key)
    if (feature === undefined || feature.kind === 'bytes' || feature.values.length !== frameCount * dimension) {
      throw new KinoraError('dataset-invalid', `Episode ${episode} of ${this.detail.name} has ${feature?.values.length ?? 'no'} values of ${key}, expected ${frameCount * dimension}.`, 'Choose another feature, or copy the shard again.')
    }
    return feature.values
  }

  async readText(episode: number, key: string): Promise<string[]> {
    const { frameCount } = this.#find(episode)
    const feature = (await this.#read(episode)).get(key)
    const texts = feature?.kind === 'bytes' ? feature.values.map((bytes) => new TextDecoder().decode(bytes)) : []
    if (texts.length === 1) return new Array<string>(frameCount).fill(texts[0]!)
    if (texts.length !== frameCount) throw new KinoraError('dataset-invalid', `Episode ${episode} of ${this.detail.name} has ${texts.length} texts of ${key}, expected ${frameCount}.`, 'Leave the episode out, or copy the shard again.')
    return texts
  }

  async readFrame(episode: number, camera: string, frame: number): Promise<RgbImage> {
    const { frameCount, file } = this.#find(episode)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frameCount)) throw new KinoraError('not-found', `Episode ${episode} of ${this.detail.name} has no frame ${frame}.`, `Its frames are 0 to ${frameCount - 1}.`)
    return await decodeImage((await this.#pictures(episode, camera))[frame]!, `frame ${frame} of ${camera} in episode ${episode} (${displayPath(this.#root, join(this.#root, file))})`)
  }

  async readStored(episode: number, camera: string): Promise<StoredPictures> {
    const pictures = await this.#pictures(episode, camera)
    return { kind: 'encoded', read: async (first, count) => pictures.slice(first, first + count) }
  }

  async readFrames(episode: number, camera: string): Promise<EpisodeFrames> {
    const { frameCount } = this.#find(episode)
    return await stackFrames(frameCount, (frame) => this.readFrame(episode, camera, frame), `camera ${camera} in episode ${episode}`)
  }

  readFlow(): Promise<null> {
    return Promise.resolve(null)
  }

  dispose(): void {
    this.#parsed.clear()
  }

  #find(episode: number): RldsEpisode {
    const entry = this.#episodes[episode]
    if (entry === undefined) throw new KinoraError('not-found', `${this.detail.name} has no readable episode ${episode}.`, `Its episodes are 0 to ${this.#episodes.length - 1}.`)
    return entry
  }

  async #pictures(episode: number, camera: string): Promise<Uint8Array[]> {
    const key = this.#layout.cameras.get(camera)
    if (key === undefined) throw new KinoraError('not-found', `${this.detail.name} has no camera "${camera}".`, `Its cameras: ${this.detail.cameras.join(', ') || 'none'}.`)
    const feature = (await this.#read(episode)).get(key)
    return feature?.kind === 'bytes' ? feature.values : []
  }

  async #read(episode: number): Promise<Map<string, ExampleFeature>> {
    const cached = this.#parsed.get(episode)
    if (cached !== undefined) return cached
    const { file, offset, bytes } = this.#find(episode)
    const path = await resolveInside(this.#root, file)
    if (path === null) throw new KinoraError('dataset-invalid', `${file} is not there any more.`, 'Copy it from the source of the dataset.')
    await using source = await RandomAccessFile.open(path)
    const example = parseExample(await readTfRecord(source, offset, bytes))
    this.#parsed.set(episode, example, bytes)
    return example
  }
}
