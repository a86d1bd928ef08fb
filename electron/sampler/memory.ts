import { freemem } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { resizeToSquare } from '../model/pixels.ts'
import { readMotionImages } from './motion-images.ts'

type MemoryConfig = Pick<TrainConfig, 'data' | 'motion'>

/**
 * Episodes held in memory as bytes: one sample per frame. Pictures are [S, S, 3] at the model's size; a sample's chunk
 * is read from `action` and clamped at its episode's end.
 */
export interface EpisodeMemory {
  readonly sampleCount: number
  readonly sizePx: number
  readonly stateDimension: number
  readonly actionDimension: number
  /** One per camera in the configuration's order, [N, S, S, 3]. */
  readonly pictures: readonly Uint8Array[]
  /** [N, S, S, 3], or null for a run without a motion head. */
  readonly motion: Uint8Array | null
  /** [N, stateDimension] and [N, actionDimension] as in the dataset. */
  readonly state: Float32Array
  readonly action: Float32Array
  /** Sample index of the last frame of the sample's episode, [N]. */
  readonly episodeEnd: Int32Array
  /** Index into `instructions`, [N]. */
  readonly instruction: Uint16Array
  readonly instructions: readonly string[]
}

/** Refuses a dataset that lacks what the configuration asks for, naming what it has. */
export function checkDataset(dataset: Dataset, config: MemoryConfig): void {
  const { cameras, name } = dataset.detail
  const missing = config.data.cameras.filter((camera) => !cameras.includes(camera))
  if (missing.length > 0) {
    throw new KinoraError('dataset-invalid', `The dataset "${name}" has no camera ${missing.map((camera) => `"${camera}"`).join(', ')}; it has ${cameras.map((camera) => `"${camera}"`).join(', ') || 'none'}.`, 'Set data.cameras (and motion.camera) to cameras of this dataset.')
  }
  if (dataset.actionNames.length === 0) throw new KinoraError('dataset-invalid', `The dataset "${name}" has no actions.`, 'Choose a dataset with an action column.')
  if (dataset.stateNames.length === 0) throw new KinoraError('dataset-invalid', `The dataset "${name}" has no proprioceptive state.`, 'Choose a dataset with a state column.')
}

function checkMemory(frames: number, config: MemoryConfig): void {
  const pictures = config.data.cameras.length + (config.motion.target === 'none' ? 0 : 1)
  const bytes = frames * pictures * config.data.imageSizePx ** 2 * 3
  const free = freemem()
  if (bytes < free * 0.9) return
  const gib = (count: number): string => (count / 2 ** 30).toFixed(1)
  throw new KinoraError('out-of-memory', `The pictures of ${frames} frames take ${gib(bytes)} GiB, and ${gib(free)} GiB of memory are free.`, 'Lower data.imageSizePx, data.episodesPerTask or the number of cameras, or use a machine with more memory.')
}

/**
 * Reads whole episodes. Yields how many are done, and lets the event loop run between two.
 * @throws KinoraError `dataset-invalid`, `out-of-memory`; the signal's reason when aborted
 */
export async function* loadEpisodes(dataset: Dataset, episodes: readonly number[], config: MemoryConfig, signal?: AbortSignal): AsyncGenerator<number, EpisodeMemory> {
  checkDataset(dataset, config)
  const summaries = new Map(dataset.detail.episodes.map((episode) => [episode.index, episode]))
  const frames = episodes.reduce((sum, episode) => sum + (summaries.get(episode)?.frameCount ?? 0), 0)
  checkMemory(frames, config)
  const sizePx = config.data.imageSizePx
  const pictureBytes = sizePx * sizePx * 3
  const stateDimension = dataset.stateNames.length
  const actionDimension = dataset.actionNames.length
  const hasMotion = config.motion.target !== 'none'
  const memory = {
    sampleCount: frames,
    sizePx,
    stateDimension,
    actionDimension,
    pictures: config.data.cameras.map(() => new Uint8Array(frames * pictureBytes)),
    motion: hasMotion ? new Uint8Array(frames * pictureBytes) : null,
    state: new Float32Array(frames * stateDimension),
    action: new Float32Array(frames * actionDimension),
    episodeEnd: new Int32Array(frames),
    instruction: new Uint16Array(frames),
    instructions: [] as string[],
  }
  let start = 0
  for (const [index, episode] of episodes.entries()) {
    signal?.throwIfAborted()
    const summary = summaries.get(episode)
    if (!summary) throw new KinoraError('dataset-invalid', `Episode ${episode} is not in the index of "${dataset.detail.name}".`, 'The dataset changed since it was opened; open it again.')
    const columns = await dataset.readEpisode(episode)
    const count = columns.frameCount
    if (count !== summary.frameCount) throw new KinoraError('dataset-invalid', `Episode ${episode} has ${count} rows, and its index says ${summary.frameCount}.`, 'Check the dataset (kinora inspect).')
    memory.state.set(columns.state, start * stateDimension)
    memory.action.set(columns.action, start * actionDimension)
    memory.episodeEnd.fill(start + count - 1, start, start + count)
    let instruction = memory.instructions.indexOf(summary.instruction)
    if (instruction < 0) instruction = memory.instructions.push(summary.instruction) - 1
    memory.instruction.fill(instruction, start, start + count)
    for (const [camera, name] of config.data.cameras.entries()) {
      memory.pictures[camera]!.set(await readPictures(dataset, episode, name, sizePx, count), start * pictureBytes)
    }
    if (memory.motion) {
      const images = await readMotionImages(dataset, episode, config)
      if (images.length !== count * pictureBytes) throw new KinoraError('dataset-invalid', `Episode ${episode} has flow for ${images.length / pictureBytes} of ${count} frames.`, 'Record the dataset again, or train with motion.target "none".')
      memory.motion.set(images, start * pictureBytes)
    }
    start += count
    yield index + 1
    await setImmediate()
  }
  checkFinite(memory.state, stateDimension, dataset.stateNames, 'state')
  checkFinite(memory.action, actionDimension, dataset.actionNames, 'action')
  return memory
}

async function readPictures(dataset: Dataset, episode: number, camera: string, sizePx: number, count: number): Promise<Uint8Array> {
  const frames = await dataset.readFrames(episode, camera)
  if (frames.frameCount !== count) throw new KinoraError('dataset-invalid', `Episode ${episode} has ${frames.frameCount} pictures of "${camera}" for ${count} rows.`, 'Check the dataset (kinora inspect).')
  if (frames.width === sizePx && frames.height === sizePx) return frames.data
  const bytes = frames.width * frames.height * 3
  const resized = new Uint8Array(count * sizePx * sizePx * 3)
  for (let frame = 0; frame < count; frame++) {
    const data = frames.data.subarray(frame * bytes, (frame + 1) * bytes)
    resized.set(resizeToSquare({ width: frames.width, height: frames.height, data }, sizePx).data, frame * sizePx * sizePx * 3)
  }
  return resized
}

function checkFinite(values: Float32Array, dimension: number, names: readonly string[], what: string): void {
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index < 0) return
  throw new KinoraError('dataset-invalid', `The ${what} "${names[index % dimension]}" of sample ${Math.floor(index / dimension)} is ${values[index]}.`, 'Remove the episode with non-finite values.')
}
