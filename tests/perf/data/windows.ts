import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Rng } from '../../../electron/base/rng.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { readWindow } from '../../../electron/dataset/frames.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { encodeParquet, float32Column } from '../../../electron/formats/parquet-write.ts'
import { rowOf } from '../../support/bench-row.ts'

const sizePx = 224
const cameras = ['front', 'wrist'] as const
const episodes = 4
const framesPerEpisode = 300
const windowFrames = 16

/** Two cameras as H.264 in the layout of LeRobot v2.1. Needs ffmpeg, as only it encodes here. */
async function writeVideos(root: string): Promise<void> {
  const features: Record<string, unknown> = { action: { dtype: 'float32', shape: [1], names: null } }
  await mkdir(join(root, 'meta'), { recursive: true })
  await mkdir(join(root, 'data/chunk-000'), { recursive: true })
  const rows = encodeParquet([{ name: 'action', kind: float32Column }], [{ action: Array.from({ length: framesPerEpisode }, (_, row) => row) }])
  for (const camera of cameras) {
    features[`observation.images.${camera}`] = { dtype: 'video', shape: [sizePx, sizePx, 3], names: ['height', 'width', 'channels'] }
    await mkdir(join(root, `videos/chunk-000/observation.images.${camera}`), { recursive: true })
  }
  for (let episode = 0; episode < episodes; episode++) {
    const name = `episode_${String(episode).padStart(6, '0')}`
    await writeFile(join(root, `data/chunk-000/${name}.parquet`), rows)
    for (const camera of cameras) {
      const source = `${camera === 'front' ? 'testsrc2' : 'mandelbrot'}=size=${sizePx}x${sizePx}:rate=30`
      await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, '-frames:v', String(framesPerEpisode), '-g', '15', '-pix_fmt', 'yuv420p', join(root, `videos/chunk-000/observation.images.${camera}/${name}.mp4`)])
    }
  }
  await writeFile(join(root, 'meta/episodes.jsonl'), Array.from({ length: episodes }, (_, index) => JSON.stringify({ episode_index: index, tasks: ['look'], length: framesPerEpisode })).join('\n'))
  await writeFile(join(root, 'meta/info.json'), JSON.stringify({ codebase_version: 'v2.1', total_episodes: episodes, fps: 30, data_path: 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet', video_path: 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4', features }))
}

/** Random windows of both cameras, once every frame has been decoded into the cache. */
export async function windowRows(folder: string): Promise<BenchRow[]> {
  const root = join(folder, 'videos')
  try {
    await promisify(execFile)('ffmpeg', ['-version'])
  } catch {
    return []
  }
  await writeVideos(root)
  const dataset = await openDataset(root, { cacheDir: join(folder, 'window-cache') })
  for (const { index } of dataset.detail.episodes) for (const camera of cameras) await dataset.readFrames(index, camera)
  // Four windows at once into memory that is used again, as a loader asks that fills a batch.
  const batch = Array.from({ length: 4 }, () => cameras.map(() => new Uint8Array(windowFrames * sizePx * sizePx * 3)))
  const rng = new Rng(3)
  const before = process.memoryUsage().rss
  let peak = 0
  const rounds: number[] = []
  for (let round = 0; round < 4; round++) {
    const startedAt = performance.now()
    let frames = 0
    while (performance.now() - startedAt < 1500) {
      await Promise.all(batch.map(async (window) => {
        const episode = rng.integer(episodes)
        const first = rng.integer(framesPerEpisode - windowFrames)
        for (const [index, camera] of cameras.entries()) frames += (await readWindow(dataset, episode, camera, first, windowFrames, window[index])).frameCount
      }))
      peak = Math.max(peak, process.memoryUsage().rss)
    }
    rounds.push((frames * 1000) / (performance.now() - startedAt))
  }
  dataset.dispose()
  const note = `windows of ${windowFrames} frames, ${cameras.length} cameras of ${sizePx} px`
  return [
    rowOf('cached_frames_per_s', 'frames/s', 'higher', rounds, { target: 2000, note }),
    rowOf('cached_memory_mib', 'MiB', 'lower', [(peak - before) / 2 ** 20], { note: 'growth of the process while it reads windows, the batch of 18 MiB not counted' }),
  ]
}
