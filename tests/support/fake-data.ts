import sharp from 'sharp'
import type { FramesQuery } from '../../electron/contract/blob.ts'
import { encodePiece } from '../../electron/contract/frame-stream.ts'
import { KinoraError } from '../../electron/contract/errors.ts'
import type { DatasetDetail, EpisodeDetail } from '../../electron/contract/dataset.ts'
import type { Dataset } from '../../electron/dataset/dataset.ts'
import type { Picture } from '../../electron/engine/protocol.ts'
import { paintFlow } from '../../electron/base/colour-wheel.ts'

export const sizePx = 64
/** A replay shows so many frames of an episode, whichever its length. */
export const replayedFrames = 120
export const cameras = ['agentview', 'robot0_eye_in_hand'] as const
const instructions = ['push the red button', 'put the red block on the plate', 'open the drawer and put the green block in it, then close the drawer again']

export function fakeDatasets(): DatasetDetail[] {
  const make = (id: string, name: string, episodeCount: number, problems: DatasetDetail['problems']): DatasetDetail => {
    const episodes = Array.from({ length: episodeCount }, (_, index) => ({ index, frameCount: 60 + ((index * 37) % 90), instruction: instructions[index % instructions.length]!, seed: index }))
    return {
      id, name, path: `/home/ada/.kinora/datasets/${name}`, format: 'LeRobot v3.0', fps: 20, episodeCount, frameCount: episodes.reduce((sum, one) => sum + one.frameCount, 0),
      cameras: [...cameras], tasks: instructions, problemCount: problems.length, episodes, problems,
      features: [
        { key: 'observation.images.agentview', dtype: 'image', shape: [sizePx, sizePx, 3], names: ['height', 'width', 'channel'] },
        { key: 'observation.state', dtype: 'float32', shape: [8], names: ['x', 'y', 'z', 'rx', 'ry', 'rz', 'left', 'right'] },
        { key: 'action', dtype: 'float32', shape: [7], names: ['dx', 'dy', 'dz', 'drx', 'dry', 'drz', 'gripper'] },
      ],
    }
  }
  return [
    make('tabletop-demo-8f21', 'tabletop-demo', 40, []),
    make('kitchen-3c77', 'a-dataset-with-a-very-long-name-that-somebody-made-from-a-template-2026-11-22-final-v2', 3000, [
      { severity: 'error', what: 'Episode 17 says 120 frames, its table has 118.', file: 'data/chunk-000/file-000.parquet', episode: 17, hint: 'Record the episode again or delete it; it is left out.' },
      { severity: 'warning', what: 'Timestamps of episode 31 jump by 0.4 s at frame 12.', episode: 31, hint: 'Frames are taken in order, the gap is not filled.' },
    ]),
  ]
}

export function fakeEpisode(dataset: DatasetDetail, index: number): EpisodeDetail {
  const episode = dataset.episodes.find((one) => one.index === index)
  if (episode === undefined) throw new KinoraError('not-found', `Episode ${index} is not in ${dataset.name}.`, 'Choose one of its episodes.')
  const rows = (dimensions: number, offset: number) => Array.from({ length: episode.frameCount }, (_, frame) => Array.from({ length: dimensions }, (_unused, at) => Math.sin(frame / (9 + at * 3) + at + offset + index) * (at < 3 ? 0.4 : 0.1)))
  return { ...episode, fps: dataset.fps, cameras: dataset.cameras, stateNames: ['x', 'y', 'z', 'rx', 'ry', 'rz', 'left', 'right'], actionNames: ['dx', 'dy', 'dz', 'drx', 'dry', 'drz', 'gripper'], state: rows(8, 0), action: rows(7, 1) }
}

/** The generated numbers as a dataset without pictures. */
export function fakeNumbers(detail: DatasetDetail): Dataset {
  return {
    detail,
    stateNames: ['x', 'y', 'z', 'rx', 'ry', 'rz', 'left', 'right'],
    actionNames: ['dx', 'dy', 'dz', 'drx', 'dry', 'drz', 'gripper'],
    readEpisode: async (index) => {
      const { frameCount, state, action, fps } = fakeEpisode(detail, index)
      return { frameCount, state: Float32Array.from(state.flat()), action: Float32Array.from(action.flat()), timestamps: Float64Array.from({ length: frameCount }, (_, frame) => frame / fps) }
    },
    readVector: () => Promise.reject(new KinoraError('not-found', 'There are no other vectors.', 'Read the episode.')),
    readFrame: () => Promise.reject(new KinoraError('not-found', 'There are no pictures.', 'Ask for frames by their address.')),
    readFrames: () => Promise.reject(new KinoraError('not-found', 'There are no pictures.', 'Ask for frames by their address.')),
    readFlow: () => Promise.resolve(null),
    dispose() {},
  }
}

/** A table with a moving hand; the frame's number is coded in the first pixel so that a test can read it back. */
export function scenePixels(seed: number, camera: string, frame: number, withCode = true): Uint8Array {
  const data = new Uint8Array(sizePx * sizePx * 4)
  const handX = 32 + 18 * Math.sin(frame / 14 + seed)
  const handY = 20 + 10 * Math.cos(frame / 19 + seed)
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const isHand = Math.hypot(x - handX, y - handY) < (camera === 'agentview' ? 6 : 11)
      const isBlock = Math.abs(x - 20) < 4 && Math.abs(y - 46) < 4
      const isPlate = Math.hypot(x - 46, (y - 44) * 1.5) < 8
      const wood = 150 + 16 * Math.sin(x / 3 + Math.sin(y / 5))
      data.set(isHand ? [70, 74, 82, 255] : isBlock ? [205, 40, 36, 255] : isPlate ? [222, 226, 232, 255] : y < 22 ? [96, 110, 124, 255] : [wood, wood * 0.78, wood * 0.55, 255], (y * sizePx + x) * 4)
    }
  }
  if (withCode) data.set([frame & 0xff, frame >> 8, 77, 255], 0)
  return data
}

export async function fakeFrame(dataset: DatasetDetail, episode: number, camera: string, frame: number, format: 'png' | 'rgba'): Promise<Picture> {
  const known = dataset.episodes.find((one) => one.index === episode)
  if (known === undefined || frame >= Math.max(known.frameCount, replayedFrames) || !dataset.cameras.includes(camera)) throw new KinoraError('not-found', `There is no frame ${frame} of ${camera} in episode ${episode}.`, 'Ask for one that exists.')
  const pixels = scenePixels(episode, camera, frame, format === 'rgba')
  const bytes = format === 'rgba' ? pixels : await sharp(pixels, { raw: { width: sizePx, height: sizePx, channels: 4 } }).png().toBuffer()
  return { width: sizePx, height: sizePx, bytes: new Uint8Array(bytes) }
}

/** @param factor how many times as large as usual the pictures are */
export async function* fakeFrames(dataset: DatasetDetail, { episode, cameras, frames }: FramesQuery, factor = 1): AsyncGenerator<Uint8Array, void, undefined> {
  for (const frame of frames) {
    for (const [camera, name] of cameras.entries()) {
      const { width, height, bytes } = await fakeFrame(dataset, episode, name, frame, 'rgba')
      yield encodePiece({ kind: 'rgba', camera, frame, width: width * factor, height: height * factor, bytes: enlarged(bytes, factor) })
    }
  }
}

/** The usual picture with every pixel `factor` times as wide and high. */
export function enlarged(bytes: Uint8Array, factor: number): Uint8Array {
  if (factor === 1) return bytes
  const side = sizePx * factor
  const from = new Uint32Array(bytes.buffer, bytes.byteOffset, sizePx * sizePx)
  const large = new Uint32Array(side * side)
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) large[y * side + x] = from[Math.floor(y / factor) * sizePx + Math.floor(x / factor)]!
  return new Uint8Array(large.buffer)
}

/** The motion image of the moving hand: one colour where it is, for the way it goes; white elsewhere. */
export function fakeMotion(episode: number, camera: string, frame: number, horizonSteps: number): Picture {
  const hand = (at: number) => [32 + 18 * Math.sin(at / 14 + episode), 20 + 10 * Math.cos(at / 19 + episode)] as const
  const [x0, y0] = hand(frame)
  const [x1, y1] = hand(frame + horizonSteps)
  const length = Math.hypot(x1 - x0, y1 - y0) || 1
  const bytes = new Uint8Array(sizePx * sizePx * 4).fill(255)
  for (let y = 0; y < sizePx; y++) for (let x = 0; x < sizePx; x++) if (Math.hypot(x - x0, y - y0) < (camera === 'agentview' ? 6 : 11)) paintFlow((x1 - x0) / length, (y1 - y0) / length, bytes, (y * sizePx + x) * 4)
  return { width: sizePx, height: sizePx, bytes }
}
