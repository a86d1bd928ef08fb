import { join } from 'node:path'
import { Rng } from '../../../electron/base/rng.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { readWindow } from '../../../electron/dataset/frames.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { rowOf } from '../../support/bench-row.ts'
import { encoded, hasFfmpeg, writeVideoDataset } from '../../support/video-dataset.ts'

const sizePx = 224
const cameras = ['front', 'wrist'] as const
const episodes = 4
const framesPerEpisode = 300
const windowFrames = 16

/** Random windows of both cameras, once every frame has been decoded into the cache. */
export async function windowRows(folder: string): Promise<BenchRow[]> {
  if (!(await hasFfmpeg())) return []
  const root = join(folder, 'videos')
  const encoding = ['-c:v', 'libx264', '-g', '15']
  await writeVideoDataset(root, { width: sizePx, height: sizePx, framesPerEpisode }, { front: encoded('testsrc2', encoding), wrist: encoded('mandelbrot', encoding) }, episodes)
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
