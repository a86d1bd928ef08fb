import { createHash } from 'node:crypto'
import type { FlowField, RgbImage } from '../base/image.ts'
import type { FlowEstimatorName, FlowSource } from '../contract/flow.ts'
import { KinoraError } from '../contract/errors.ts'
import { consistencyMask } from '../flow/consistency.ts'
import { createFlowEstimator } from '../flow/estimator.ts'
import type { FlowEstimator } from '../flow/port.ts'
import { flowThreadCount } from '../flow/threads.ts'
import { decodeFlowArchive, encodeFlowArchive } from '../formats/flow-archive.ts'
import { resizeFlowToSquare, resizeToFit } from '../model/pixels.ts'
import type { Dataset } from './dataset.ts'
import { eachWindow } from './frames.ts'
import { FrameCache } from './frame-cache.ts'
import { Lru } from '../base/lru.ts'
import { picturesKey } from './pictures-key.ts'

/** Larger frames are shrunk before flow is estimated: motion images are small, and time grows with the area. */
const maxSidePx = 256
const exactEpisodes = 4
/** An episode's flow in a run's size is kept up to 256 MiB before it is packed: that is packed in one go. */
const keptPixels = 2 ** 26

export interface DatasetFlowOptions {
  readonly source: FlowSource
  /** RAFT-like model for the source `onnx`. */
  readonly model?: string
  /** Also estimate the way back: `valid` then marks the pixels where both agree. */
  readonly withMask?: boolean
}

/**
 * Optical flow of a dataset's frames, exact or estimated. A field may be smaller than the frame (its longer side has at
 * most 256 pixels); its vectors are in its own pixels. What was estimated is kept in the dataset's cache, by the bytes
 * of the two pictures and the estimator, so that the same frames in another dataset are not computed again.
 */
export class DatasetFlow {
  readonly #dataset: Dataset
  readonly #options: DatasetFlowOptions
  readonly #cache: FrameCache | null
  readonly #exact = new Lru<string, Promise<readonly FlowField[] | null>>(exactEpisodes)
  #estimator: Promise<FlowEstimator> | undefined

  constructor(dataset: Dataset, options: DatasetFlowOptions) {
    this.#dataset = dataset
    this.#options = options
    this.#cache = dataset.cacheDir === undefined ? null : FrameCache.in(dataset.cacheDir)
  }

  /** What the flow of an episode comes from; null where exact flow is wanted and there is none. */
  async sourceOf(episode: number, camera: string, horizonSteps: number): Promise<FlowEstimatorName | null> {
    const { source } = this.#options
    if (source !== 'auto' && source !== 'exact') return source
    if ((await this.#readExact(episode, camera, horizonSteps)) !== null) return 'exact'
    return source === 'auto' ? 'dis' : null
  }

  /** Flow from a frame to the one `horizonSteps` later, or to the last; null as {@link sourceOf}. */
  async read(episode: number, camera: string, frame: number, horizonSteps: number): Promise<FlowField | null> {
    const source = await this.sourceOf(episode, camera, horizonSteps)
    if (source === null) return null
    const { frameCount } = this.#summary(episode)
    if (!(Number.isInteger(frame) && frame >= 0 && frame < frameCount)) throw new KinoraError('not-found', `Episode ${episode} of ${this.#dataset.detail.name} has no frame ${frame}.`, `Its frames are 0 to ${frameCount - 1}.`)
    if (source === 'exact') return (await this.#readExact(episode, camera, horizonSteps))![frame]!
    const at = async (index: number): Promise<RgbImage> => resizeToFit(await this.#dataset.readFrame(episode, camera, index), maxSidePx)
    return await this.#estimate(source, await at(frame), await at(Math.min(frame + horizonSteps, frameCount - 1)))
  }

  /** The flow of every frame of an episode in order; null as {@link sourceOf}. Holds the episode's small frames. */
  async readEpisode(episode: number, camera: string, horizonSteps: number, signal?: AbortSignal): Promise<AsyncGenerator<FlowField, void, undefined> | null> {
    const source = await this.sourceOf(episode, camera, horizonSteps)
    if (source === null) return null
    if (source === 'exact') {
      const exact = (await this.#readExact(episode, camera, horizonSteps))!
      return (async function* () { yield* exact })()
    }
    const frames: RgbImage[] = []
    for await (const { frameCount, width, height, data } of eachWindow(this.#dataset, episode, camera, this.#summary(episode).frameCount)) {
      const bytes = width * height * 3
      for (let frame = 0; frame < frameCount; frame++) frames.push(resizeToFit({ width, height, data: data.subarray(frame * bytes, (frame + 1) * bytes) }, maxSidePx))
    }
    return this.#inOrder(source, frames, horizonSteps, signal)
  }

  /**
   * As {@link readEpisode}, in the model's square. Estimated flow of video is kept in that size, too, an episode in one
   * piece: then no picture need be decoded.
   */
  async readSquare(episode: number, camera: string, horizonSteps: number, sizePx: number): Promise<readonly FlowField[] | null> {
    const source = await this.sourceOf(episode, camera, horizonSteps)
    if (source === null) return null
    const { name, version } = source === 'exact' ? { name: source, version: '' } : await this.#estimatorOf(source)
    const pictures = this.#cache === null || source === 'exact' || this.#options.withMask === true ? null : await picturesKey(this.#dataset, episode, camera)
    const key = pictures === null ? null : FrameCache.key('square-flow-1', name, version, pictures, this.#summary(episode).frameCount, horizonSteps, sizePx)
    const kept = key === null ? null : await this.#kept(key)
    if (kept !== null) return kept
    const fields: FlowField[] = []
    for await (const flow of (await this.readEpisode(episode, camera, horizonSteps))!) {
      const field = resizeFlowToSquare(flow, sizePx)
      // Through the archive in any case, so that flow is the same numbers whether it was computed now or read back.
      fields.push(source === 'exact' ? field : decodeFlowArchive(encodeFlowArchive([field]))[0]!)
    }
    if (key !== null && fields.length * sizePx ** 2 <= keptPixels) await this.#cache!.set(key, encodeFlowArchive(fields))
    return fields
  }

  /** As many at once as there are threads, yielded in order. */
  async *#inOrder(source: FlowEstimator['name'], frames: readonly RgbImage[], horizonSteps: number, signal: AbortSignal | undefined): AsyncGenerator<FlowField, void, undefined> {
    const ahead = 2 * flowThreadCount()
    const pending: Promise<FlowField>[] = []
    for (let frame = 0; frame < frames.length + ahead; frame++) {
      signal?.throwIfAborted()
      if (frame < frames.length) {
        const flow = this.#estimate(source, frames[frame]!, frames[Math.min(frame + horizonSteps, frames.length - 1)]!)
        // Met when its turn comes.
        flow.catch(() => {})
        pending.push(flow)
      }
      if (frame >= ahead && pending.length > 0) yield await pending.shift()!
    }
    while (pending.length > 0) yield await pending.shift()!
  }

  async #estimate(source: FlowEstimator['name'], from: RgbImage, to: RgbImage): Promise<FlowField> {
    const estimator = await this.#estimatorOf(source)
    const forward = await this.#cached(estimator, from, to)
    if (this.#options.withMask !== true) return forward
    return { ...forward, valid: consistencyMask(forward, await this.#cached(estimator, to, from)) }
  }

  #estimatorOf(source: FlowEstimator['name']): Promise<FlowEstimator> {
    this.#estimator ??= createFlowEstimator(source, this.#options.model)
    return this.#estimator
  }

  async #cached(estimator: FlowEstimator, from: RgbImage, to: RgbImage): Promise<FlowField> {
    const key = this.#cache === null ? null : FrameCache.key('flow-1', estimator.name, estimator.version, from.width, hash(from), hash(to))
    const kept = key === null ? null : await this.#kept(key)
    if (kept !== null) return kept[0]!
    // Through the archive in any case, as above.
    const archive = encodeFlowArchive([await estimator.estimate(from, to)])
    if (key !== null) await this.#cache!.set(key, archive)
    return decodeFlowArchive(archive)[0]!
  }

  async #kept(key: string): Promise<FlowField[] | null> {
    const found = await this.#cache!.get(key)
    if (found === null) return null
    try {
      return decodeFlowArchive(found)
    } catch {
      // Damaged: it is made again.
      return null
    }
  }

  #readExact(episode: number, camera: string, horizonSteps: number): Promise<readonly FlowField[] | null> {
    const name = `${episode} ${camera} ${horizonSteps}`
    let found = this.#exact.get(name)
    if (found === undefined) {
      found = this.#dataset.readFlow(episode, camera, horizonSteps)
      found.catch(() => this.#exact.delete(name))
      this.#exact.set(name, found, 1)
    }
    return found
  }

  #summary(episode: number): { frameCount: number } {
    const found = this.#dataset.detail.episodes.find(({ index }) => index === episode)
    if (found === undefined) throw new KinoraError('not-found', `${this.#dataset.detail.name} has no readable episode ${episode}.`, `It has ${this.#dataset.detail.episodes.length} episodes.`)
    return found
  }
}

const hash = ({ data }: RgbImage): string => createHash('sha256').update(data).digest('hex')
