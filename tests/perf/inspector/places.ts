import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LeRobotV3Writer } from '../../../electron/dataset/writer/lerobot-v3.ts'
import { hasSharedData, sharedData } from '../../support/shared-data.ts'
import { syntheticEpisode, syntheticShape } from '../../support/synthetic-episode.ts'
import { encoded, hasFfmpeg, writeVideoDataset } from '../../support/video-dataset.ts'

/** A dataset to look at. */
export interface Place {
  readonly id: string
  readonly note: string
  readonly episodes: readonly number[]
}

const cameras = ['agentview', 'left', 'right', 'wrist']
const recordedFrames = 240

/** Four cameras of 256 px at 30 Hz, noise pictures: nothing compresses. */
export async function recordNoise(home: string): Promise<Place> {
  const shape = { ...syntheticShape, cameras, sizePx: 256, fps: 30 }
  const writer = await LeRobotV3Writer.create(join(home, 'datasets', 'four-cameras'), shape)
  for (let seed = 0; seed < 2; seed++) {
    const episode = syntheticEpisode(seed, 2, shape)
    // The generator of random pixels is slow: one picture, turned a little for each frame.
    const frames = Object.fromEntries(cameras.map((camera) => [camera, turned(episode.frames[camera]!, 256 * 256 * 3, recordedFrames)]))
    const rows = (values: Float32Array) => Float32Array.from({ length: (values.length / 2) * recordedFrames }, (_, at) => values[at % values.length]!)
    await writer.append({ ...episode, frameCount: recordedFrames, frames, flow: {}, state: rows(episode.state), action: rows(episode.action), executedAction: rows(episode.executedAction!) })
  }
  await writer.finish()
  return { id: 'four-cameras', note: '4 cameras of 256 px, recorded, PNG', episodes: [0, 1] }
}

function turned(picture: Uint8Array, bytes: number, count: number): Uint8Array {
  const all = new Uint8Array(bytes * count)
  for (let frame = 0; frame < count; frame++) {
    const by = frame * 3
    all.set(picture.subarray(by, by + bytes), frame * bytes)
  }
  return all
}

/** Videos whose key frames are 250 frames apart, as encoders leave them; none without ffmpeg. */
export async function encodeFarKeyFrames(home: string): Promise<Place[]> {
  if (!(await hasFfmpeg())) return []
  const recording = { width: 640, height: 480, framesPerEpisode: 750 }
  const write = (id: string, encoding: readonly string[]) => writeVideoDataset(join(home, 'datasets', id), recording, { front: encoded('testsrc2', encoding), wrist: encoded('mandelbrot', encoding) })
  await write('far-h264', ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '250', '-keyint_min', '250', '-sc_threshold', '0'])
  await write('far-av1', ['-c:v', 'libsvtav1', '-preset', '10', '-g', '250'])
  const note = '2 cameras of 640 x 480, key frames 250 apart'
  return [
    { id: 'far-h264', note: `H.264 with B-frames, ${note}`, episodes: [0] },
    { id: 'far-av1', note: `AV1, ${note}`, episodes: [0] },
  ]
}

/** The real samples, where they are. */
export async function registerSamples(home: string): Promise<Place[]> {
  const samples = [
    { id: 'g1', folder: 'lerobot-v21-g1', note: 'G1, 640 x 480 AV1 video', episodes: [1, 2, 4] },
    { id: 'bridge', folder: 'bridge-rlds', note: 'Bridge, 64 px JPEG in RLDS', episodes: [0, 3, 7] },
  ].filter(({ folder }) => hasSharedData(folder))
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'datasets.json'), JSON.stringify({ datasets: samples.map(({ id, folder }) => ({ id, path: sharedData(folder) })) }))
  return samples
}
