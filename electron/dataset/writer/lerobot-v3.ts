import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FlowField } from '../../base/image.ts'
import { KinoraError } from '../../contract/errors.ts'
import { isRecord } from '../../contract/raw-config.ts'
import { encodeFlowArchive } from '../../formats/flow-archive.ts'
import { createFolderAtomic, temporarySuffix, writeFileAtomic } from '../../platform/fs-atomic.ts'
import { flowFile, recordingPaths, stagingFolder } from '../recording-layout.ts'
import { addToHistogram } from '../statistics.ts'
import { encodeEpisodeRows } from './episode-rows.ts'
import type { RecordingShape } from './features.ts'
import { mergeStaged } from './merge.ts'
import { readEpisodeEntries, readStaged, type EpisodeEntry } from './entries.ts'

/** One recorded episode. The simulator's EpisodeRecording is one. */
export interface RecordedEpisode {
  /** The built-in task it was recorded in, or null; with the seed it can be rendered again. */
  readonly taskId: string | null
  readonly seed: number | null
  readonly instruction: string
  readonly success: boolean
  readonly frameCount: number
  /** [frameCount, state names] */
  readonly state: Float32Array
  /** [frameCount, action names]: what a policy learns. */
  readonly action: Float32Array
  /** [frameCount, action names]: what was executed; `action` where left out. */
  readonly executedAction?: Float32Array
  /** By camera: [frameCount, size, size, 3]. */
  readonly frames: Readonly<Record<string, Uint8Array>>
  /** By camera: one field per frame, or none. */
  readonly flow?: Readonly<Record<string, readonly FlowField[]>>
  readonly horizonSteps?: number
}

export interface WriterOptions extends RecordingShape {
  /** Continue what is there. Without it an existing folder is an error. */
  readonly resume?: boolean
  /** How the episodes are made (noise, seeds ...): a resumed recording must say the same. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export interface WrittenEpisode {
  readonly index: number
  readonly taskId: string | null
  readonly seed: number | null
  readonly instruction: string
  readonly success: boolean
  readonly frameCount: number
}

/**
 * Writes a LeRobot v3.0 dataset with embedded PNG pictures. Every `append` leaves one whole episode on disk, in a
 * staging folder that appears by rename; `finish` merges them into data files and writes `meta/info.json` last. Killed
 * at any moment, the next `create` with `resume` finds exactly the episodes whose `append` had returned (or one more).
 * One process at a time may write a dataset.
 */
export class LeRobotV3Writer {
  readonly path: string
  readonly shape: RecordingShape
  #entries: EpisodeEntry[]

  private constructor(path: string, shape: RecordingShape, entries: EpisodeEntry[]) {
    this.path = path
    this.shape = shape
    this.#entries = entries
  }

  /** @throws KinoraError `usage` if the folder is in use, `config-invalid` if it was recorded otherwise, `io`, `disk-full`. */
  static async create(path: string, { resume = false, settings = {}, ...shape }: WriterOptions): Promise<LeRobotV3Writer> {
    checkShape(shape)
    const paths = recordingPaths(path)
    const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      if (error.code === 'ENOTDIR') throw new KinoraError('usage', `${path} is a file, expected a folder to record into.`, 'Choose another name for the dataset.')
      throw error
    })
    const wanted = JSON.stringify({ version: 1, shape, settings })
    const found = await readText(paths.recording)
    if (names !== null && names.length > 0 && found === null) {
      throw new KinoraError('usage', `${path} is not empty and is no recording of Kinora's.`, 'Choose another name for the dataset, or empty the folder.')
    }
    if (found !== null && !resume) throw new KinoraError('usage', `${path} is a dataset already.`, 'Resume it, choose another name, or delete the folder.')
    if (found === null) {
      await mkdir(paths.staging, { recursive: true })
      await writeFileAtomic(paths.recording, wanted)
    } else {
      const differences = differingFields(parsed(found), JSON.parse(wanted))
      if (differences.length > 0) throw new KinoraError('config-invalid', `${path} was recorded otherwise: ${differences.join('; ')}.`, 'Use the same options, or choose another name for the dataset.')
    }
    const merged = await readEpisodeEntries(path)
    // What a killed process left: half a staging folder, or whole ones that are merged already.
    for (const name of await readdir(paths.staging).catch((): string[] => [])) {
      if (name.endsWith(temporarySuffix) || Number(name) < merged.length) await rm(join(paths.staging, name), { recursive: true, force: true })
    }
    return new LeRobotV3Writer(path, shape, [...merged, ...(await readStaged(path, merged.length))])
  }

  /** What is on disk, in order. */
  get episodes(): readonly WrittenEpisode[] {
    return this.#entries
  }

  /** Adds one episode. When it has returned, the episode survives a crash. @returns its index. */
  async append(episode: RecordedEpisode): Promise<number> {
    this.#check(episode)
    const index = this.#entries.length
    const instructions = [...new Set(this.#entries.map(({ instruction }) => instruction))]
    const known = instructions.indexOf(episode.instruction)
    const entry: EpisodeEntry = {
      index,
      taskId: episode.taskId,
      seed: episode.seed,
      instruction: episode.instruction,
      success: episode.success,
      frameCount: episode.frameCount,
      firstRow: this.#entries.reduce((sum, { frameCount }) => sum + frameCount, 0),
      taskIndex: known >= 0 ? known : instructions.length,
      flow: [],
      histograms: {},
      file: null,
    }
    for (const camera of this.shape.cameras) entry.histograms[camera] = sampleHistogram(episode.frames[camera]!, episode.frameCount)
    for (const [camera, flow] of Object.entries(episode.flow ?? {})) {
      if (flow.length === 0) continue
      const horizonSteps = episode.horizonSteps ?? 0
      await writeFileAtomic(join(this.path, flowFile(camera, index, horizonSteps)), encodeFlowArchive(flow))
      entry.flow.push({ camera, horizonSteps })
    }
    const rows = encodeEpisodeRows(this.shape, entry, episode)
    // The rename of this folder is the moment at which the episode exists.
    await createFolderAtomic(stagingFolder(this.path, index), async (temporary) => {
      await writeFileAtomic(join(temporary, 'rows.parquet'), rows)
      await writeFileAtomic(join(temporary, 'episode.json'), JSON.stringify(entry))
    })
    this.#entries.push(entry)
    return index
  }

  /** Merges what was appended and makes the folder a valid dataset. More can be appended and finished afterwards. */
  async finish(): Promise<void> {
    if (this.#entries.length === 0) throw new KinoraError('usage', `${this.path} has no episode yet.`, 'Record at least one.')
    const info = await readText(recordingPaths(this.path).info)
    const isFinished = this.#entries.every(({ file }) => file !== null) && info !== null && info.includes(`"total_episodes": ${this.#entries.length},`)
    if (!isFinished) this.#entries = await mergeStaged(this.path, this.shape, this.#entries)
  }

  #check({ frameCount, state, action, executedAction = action, frames, flow = {}, horizonSteps, seed }: RecordedEpisode): void {
    const { stateNames, actionNames, cameras, sizePx } = this.shape
    const expect = (what: string, found: number, expected: number): void => {
      if (found !== expected) throw new KinoraError('dataset-invalid', `The episode of ${frameCount} frames has ${found} ${what}, expected ${expected}.`, 'Record the episode again.')
    }
    if (!(Number.isSafeInteger(frameCount) && frameCount > 0)) throw new KinoraError('dataset-invalid', `The episode has ${frameCount} frames, expected at least 1.`, 'Record the episode again.')
    if (seed !== null && !Number.isSafeInteger(seed)) throw new KinoraError('dataset-invalid', `The episode's seed is ${seed}, expected an integer.`, 'Record the episode again.')
    expect('state values', state.length, frameCount * stateNames.length)
    expect('action values', action.length, frameCount * actionNames.length)
    expect('executed action values', executedAction.length, frameCount * actionNames.length)
    for (const camera of cameras) expect(`bytes of camera ${camera}`, frames[camera]?.length ?? 0, frameCount * sizePx * sizePx * 3)
    for (const [camera, fields] of Object.entries(flow)) {
      if (fields.length === 0) continue
      expect(`flow fields of camera ${camera}`, fields.length, frameCount)
      if (!(horizonSteps! >= 1)) throw new KinoraError('dataset-invalid', `The flow of camera ${camera} has no horizon.`, 'Give horizonSteps with the flow.')
    }
    for (const [name, values] of Object.entries({ state, action, executedAction })) {
      const index = values.findIndex((value) => !Number.isFinite(value))
      if (index >= 0) throw new KinoraError('dataset-invalid', `The episode's ${name} has ${values[index]} in frame ${Math.floor(index / (values.length / frameCount))}.`, 'Record the episode again; data that are not finite would poison training.')
    }
  }
}

/** At most about 100 frames of an episode stand for its colours, spread evenly, as LeRobot does. */
function sampleHistogram(frames: Uint8Array, frameCount: number): number[] {
  const histogram = new Float64Array(768)
  const bytes = frames.length / frameCount
  const step = Math.max(1, Math.floor(frameCount / 100))
  for (let frame = 0; frame < frameCount; frame += step) addToHistogram(histogram, frames.subarray(frame * bytes, (frame + 1) * bytes))
  return [...histogram]
}

function checkShape({ cameras, stateNames, actionNames, fps, sizePx }: RecordingShape): void {
  for (const camera of cameras) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(camera)) throw new KinoraError('config-invalid', `"${camera}" is no name for a camera.`, 'Use letters, digits, "_", "-" and ".".')
  }
  if (new Set(cameras).size !== cameras.length) throw new KinoraError('config-invalid', `A camera is named twice: ${cameras.join(', ')}.`, 'Name each camera once.')
  if (!(fps > 0) || !(sizePx > 0) || stateNames.length === 0 || actionNames.length === 0) {
    throw new KinoraError('config-invalid', `A recording of ${stateNames.length} state and ${actionNames.length} action values at ${fps} Hz with ${sizePx} px pictures is not possible.`, 'All of these must be positive.')
  }
}

async function readText(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** What text says; text that is no JSON stands for itself. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A sentence for each field that is not the same, whatever the order of keys. */
function differingFields(recorded: unknown, wanted: unknown, path: readonly string[] = []): string[] {
  if (isRecord(recorded) && isRecord(wanted)) {
    return [...new Set([...Object.keys(recorded), ...Object.keys(wanted)])].sort().flatMap((key) => differingFields(recorded[key], wanted[key], [...path, key]))
  }
  const [had, has] = [JSON.stringify(recorded) ?? 'nothing', JSON.stringify(wanted) ?? 'nothing']
  return had === has ? [] : [`${path.join('.') || 'the whole'} was ${had}, now ${has} is asked for`]
}
