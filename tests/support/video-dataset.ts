import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodeParquet, float32Column } from '../../electron/formats/parquet-write.ts'

/** Whether videos can be written: only ffmpeg encodes here. */
export async function hasFfmpeg(): Promise<boolean> {
  return await promisify(execFile)('ffmpeg', ['-version']).then(() => true, () => false)
}

export interface VideoRecording {
  readonly width: number
  readonly height: number
  /** Cameras with the moving picture that each shows, as sources of ffmpeg's lavfi. */
  readonly cameras: Readonly<Record<string, string>>
  readonly episodes: number
  readonly framesPerEpisode: number
  /** What ffmpeg is told of the codec, such as `['-c:v', 'libx264', '-g', '15']`. */
  readonly encoding: readonly string[]
}

/** A dataset of videos at 30 Hz in the layout of LeRobot v2.1; its action counts the frames. */
export async function writeVideoDataset(root: string, { width, height, cameras, episodes, framesPerEpisode, encoding }: VideoRecording): Promise<void> {
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
    for (const [camera, source] of Object.entries(cameras)) {
      const picture = ['-v', 'error', '-f', 'lavfi', '-i', `${source}=size=${width}x${height}:rate=30`, '-frames:v', String(framesPerEpisode), '-pix_fmt', 'yuv420p']
      await promisify(execFile)('ffmpeg', [...picture, ...encoding, join(root, `videos/chunk-000/observation.images.${camera}/${name}.mp4`)])
    }
  }
  await writeFile(join(root, 'meta/episodes.jsonl'), Array.from({ length: episodes }, (_, index) => JSON.stringify({ episode_index: index, tasks: ['look'], length: framesPerEpisode })).join('\n'))
  await writeFile(join(root, 'meta/info.json'), JSON.stringify({ codebase_version: 'v2.1', total_episodes: episodes, fps: 30, data_path: 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet', video_path: 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4', features }))
}
