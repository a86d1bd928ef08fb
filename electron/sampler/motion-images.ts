import type { FlowField } from '../base/image.ts'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Dataset, EpisodeFrames } from '../dataset/dataset.ts'
import { DatasetFlow } from '../dataset/dataset-flow.ts'
import { FrameCache } from '../dataset/frame-cache.ts'
import { eachWindow } from '../dataset/frames.ts'
import { picturesKey } from '../dataset/pictures-key.ts'
import { largestFlowPx, motionImage, type MotionImageOptions } from '../flow/motion-image.ts'
import { resizeFlowToSquare, resizeToSquare } from '../model/pixels.ts'

export type MotionDataConfig = Pick<TrainConfig, 'motion' | 'data'>

/** @param scalePx flow length at full saturation, measured on the training data under normalisation `quantile` */
export function drawingOptions({ motion: { normalisation, fixedPx, staticPx, sign } }: MotionDataConfig, scalePx: number | null): MotionImageOptions {
  return { normalisation: normalisation === 'image-max' ? 'image-max' : 'fixed', fixedPx: scalePx ?? fixedPx, staticPx, sign }
}

/** A flow as the picture that the motion head learns, in the model's size: the wheel comes after the resize, as the policy's own pictures. */
export function motionImageOf(flow: FlowField, config: MotionDataConfig, scalePx: number | null = null): Uint8Array {
  return motionImage(resizeFlowToSquare(flow, config.data.imageSizePx), drawingOptions(config, scalePx)).data
}

/**
 * The flow of every frame of an episode as one camera sees it, in the model's square: exact, or estimated between the dataset's own frames.
 * @throws KinoraError `dataset-invalid` where exact flow is asked for and there is none
 */
export async function readFlow(dataset: Dataset, episode: number, camera: string, { motion, data }: MotionDataConfig): Promise<readonly FlowField[]> {
  const { horizonSteps, flow: source, flowModel } = motion
  const flows = await new DatasetFlow(dataset, { source, model: flowModel }).readSquare(episode, camera, horizonSteps, data.imageSizePx)
  if (flows !== null) return flows
  throw new KinoraError(
    'dataset-invalid',
    `The dataset "${dataset.detail.name}" has no exact optical flow for camera "${camera}" over ${horizonSteps} steps.`,
    'Have it estimated (motion.flow "auto"), train the action head alone with motion.target "none", or learn the pictures themselves with "future-frame".',
  )
}

/** Pixels that full colour stands for in a flow's motion image; null where that is white. `scalePx` as in {@link drawingOptions}. */
export function fullColourPxOf(flow: FlowField, config: MotionDataConfig, scalePx: number | null = null): number | null {
  const { normalisation, fixedPx, staticPx } = drawingOptions(config, scalePx)
  const largest = largestFlowPx(resizeFlowToSquare(flow, config.data.imageSizePx))
  if (largest < staticPx || largest === 0) return null
  return normalisation === 'fixed' ? fixedPx : largest
}

/**
 * The true motion images of one camera of an episode, one per frame, as people see them beside predictions, [frameCount, S, S, 3]
 * bytes; for target `future-frame` the pictures `horizonSteps` later.
 * @throws KinoraError `dataset-invalid` where the dataset has no flow
 */
export async function readMotionImages(dataset: Dataset, episode: number, camera: string, config: MotionDataConfig, scalePx: number | null = null): Promise<Uint8Array> {
  if (config.motion.target === 'future-frame') {
    return await readFutureFrames(dataset, episode, camera, config)
  }
  const flows = await readFlow(dataset, episode, camera, config)
  const bytes = config.data.imageSizePx ** 2 * 3
  const images = new Uint8Array(flows.length * bytes)
  flows.forEach((flow, frame) => images.set(motionImageOf(flow, config, scalePx), frame * bytes))
  return images
}

/** Every frame of an episode in the model's square, [frameCount, S, S, 3]; of video, kept in the dataset's cache. */
export async function readSquareFrames(dataset: Dataset, episode: number, camera: string, sizePx: number): Promise<Uint8Array> {
  const frameCount = dataset.detail.episodes.find(({ index }) => index === episode)?.frameCount ?? 0
  const bytes = sizePx * sizePx * 3
  const pictures = new Uint8Array(frameCount * bytes)
  const source = dataset.cacheDir === undefined ? null : await picturesKey(dataset, episode, camera)
  const cache = source === null ? null : FrameCache.in(dataset.cacheDir!)
  const key = FrameCache.key('square-1', source ?? '', frameCount, sizePx)
  if (cache !== null && (await cache.read(key, bytes, 0, pictures))) return pictures
  for await (const window of eachWindow(dataset, episode, camera, frameCount)) pictures.set(squareFrames(window, sizePx), window.first * bytes)
  await cache?.set(key, pictures, bytes)
  return pictures
}

/** For each frame the picture `horizonSteps` after it, [frameCount, S, S, 3]. */
export async function readFutureFrames(dataset: Dataset, episode: number, camera: string, { data, motion }: MotionDataConfig): Promise<Uint8Array> {
  const pictures = await readSquareFrames(dataset, episode, camera, data.imageSizePx)
  return futureFrames(pictures, pictures.length / (data.imageSizePx ** 2 * 3), motion.horizonSteps)
}

/** All frames in the model's square, [frameCount, S, S, 3]. */
function squareFrames({ frameCount, width, height, data }: EpisodeFrames, sizePx: number): Uint8Array {
  if (width === sizePx && height === sizePx) return data
  const bytes = width * height * 3
  const resized = new Uint8Array(frameCount * sizePx * sizePx * 3)
  for (let frame = 0; frame < frameCount; frame++) {
    resized.set(resizeToSquare({ width, height, data: data.subarray(frame * bytes, (frame + 1) * bytes) }, sizePx).data, frame * sizePx * sizePx * 3)
  }
  return resized
}

/** The picture `horizonSteps` after each, the last one at the episode's end. */
function futureFrames(pictures: Uint8Array, frameCount: number, horizonSteps: number): Uint8Array {
  const bytes = pictures.length / frameCount
  const future = new Uint8Array(pictures.length)
  for (let frame = 0; frame < frameCount; frame++) {
    const later = Math.min(frameCount - 1, frame + horizonSteps)
    future.set(pictures.subarray(later * bytes, (later + 1) * bytes), frame * bytes)
  }
  return future
}
