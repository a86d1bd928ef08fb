import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodeParquet, float32Column } from '../../electron/formats/parquet-write.ts'

/** Whether videos can be written: only ffmpeg encodes here. */
export async function hasFfmpeg(): Promise<boolean> {
  return await promisify(execFile)('ffmpeg', ['-version']).then(() => true, () => false)
}

/**
 * 40 frames of 64 x 48 px, H.264 with B-frames or HEVC, made by ffmpeg -f lavfi -i testsrc2=size=64x48:rate=30 -frames:v 40
 * -pix_fmt yuv420p -g 40 and `-c:v libx264 -bf 3` or `-c:v libx265 -tag:v hvc1`.
 */
export const goldenVideo = (codec: 'h264' | 'hevc'): URL => new URL(`../golden/video/${codec}.mp4`, import.meta.url)

export interface VideoRecording {
  readonly width: number
  readonly height: number
  readonly framesPerEpisode: number
}

/** Writes the video of one camera and episode to a path. */
export type WriteVideo = (path: string, recording: VideoRecording) => Promise<unknown>

/**
 * A moving picture at 30 Hz.
 * @param source of ffmpeg's lavfi, such as `testsrc2`
 * @param encoding what ffmpeg is told of the codec, such as `['-c:v', 'libx264', '-g', '15']`
 */
export function encoded(source: string, encoding: readonly string[]): WriteVideo {
  return (path, { width, height, framesPerEpisode }) =>
    promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', `${source}=size=${width}x${height}:rate=30`, '-frames:v', String(framesPerEpisode), '-pix_fmt', 'yuv420p', ...encoding, path])
}

/** A dataset of videos at 30 Hz in the layout of LeRobot v2.1; its action counts the frames. */
export async function writeVideoDataset(root: string, recording: VideoRecording, cameras: Readonly<Record<string, WriteVideo>>, episodes = 1): Promise<void> {
  const { width, height, framesPerEpisode } = recording
  const features: Record<string, unknown> = { action: { dtype: 'float32', shape: [1], names: null } }
  await mkdir(join(root, 'meta'), { recursive: true })
  await mkdir(join(root, 'data/chunk-000'), { recursive: true })
  const rows = encodeParquet([{ name: 'action', kind: float32Column }], [{ action: Array.from({ length: framesPerEpisode }, (_, row) => row) }])
  for (const camera of Object.keys(cameras)) {
    features[`observation.images.${camera}`] = { dtype: 'video', shape: [height, width, 3], names: ['height', 'width', 'channels'] }
    await mkdir(join(root, `videos/chunk-000/observation.images.${camera}`), { recursive: true })
  }
  for (let episode = 0; episode < episodes; episode++) {
    const name = `episode_${String(episode).padStart(6, '0')}`
    await writeFile(join(root, `data/chunk-000/${name}.parquet`), rows)
    for (const [camera, write] of Object.entries(cameras)) await write(join(root, `videos/chunk-000/observation.images.${camera}/${name}.mp4`), recording)
  }
  await writeFile(join(root, 'meta/episodes.jsonl'), Array.from({ length: episodes }, (_, index) => JSON.stringify({ episode_index: index, tasks: ['look'], length: framesPerEpisode })).join('\n'))
  await writeFile(join(root, 'meta/info.json'), JSON.stringify({ codebase_version: 'v2.1', total_episodes: episodes, fps: 30, data_path: 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet', video_path: 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4', features }))
}
