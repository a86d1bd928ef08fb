import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Rng } from '../../electron/base/rng.ts'
import type { BenchRow } from '../../electron/commands/bench.ts'
import { openDataset } from '../../electron/dataset/open.ts'
import { LeRobotV3Writer } from '../../electron/dataset/writer/lerobot-v3.ts'
import { encodeParquet, float32Column, int64Column, listColumn, stringColumn, type ParquetRows } from '../../electron/formats/parquet-write.ts'
import { rowOf, timeMs } from '../support/bench-row.ts'
import { hasSharedData, sharedData } from '../support/shared-data.ts'
import { syntheticEpisode, syntheticShape } from '../support/synthetic-episode.ts'
import { flowRows } from './data/flow.ts'
import { peerRows } from './data/peers.ts'
import { windowRows } from './data/windows.ts'

const episodes = 10_000
const framesPerEpisode = 500
const episodesPerFile = 100

/** 10,000 episodes in 100 files as LeRobot v3.0 lays them out; one action per frame, no pictures. */
async function writeLarge(root: string): Promise<void> {
  await mkdir(join(root, 'meta/episodes/chunk-000'), { recursive: true })
  await mkdir(join(root, 'data/chunk-000'), { recursive: true })
  const rows = episodesPerFile * framesPerEpisode
  const file = encodeParquet([{ name: 'action', kind: float32Column }], [{ action: Array.from({ length: rows }, (_, row) => row % 100) } as ParquetRows])
  for (let index = 0; index < episodes / episodesPerFile; index++) await writeFile(join(root, `data/chunk-000/file-${String(index).padStart(3, '0')}.parquet`), file)
  const indices = Array.from({ length: episodes }, (_, index) => index)
  const columns: Record<string, bigint[]> = {
    'episode_index': indices.map(BigInt),
    'length': indices.map(() => BigInt(framesPerEpisode)),
    'data/chunk_index': indices.map(() => 0n),
    'data/file_index': indices.map((index) => BigInt(Math.floor(index / episodesPerFile))),
    'dataset_from_index': indices.map((index) => BigInt(index * framesPerEpisode)),
    'dataset_to_index': indices.map((index) => BigInt((index + 1) * framesPerEpisode)),
  }
  await writeFile(join(root, 'meta/episodes/chunk-000/file-000.parquet'), encodeParquet([...Object.keys(columns).map((name) => ({ name, kind: int64Column })), { name: 'tasks', kind: listColumn(stringColumn) }], [{ ...columns, tasks: indices.map((index) => [`task ${index % 40}`]) }]))
  const feature = { dtype: 'float32', shape: [1], names: null }
  await writeFile(join(root, 'meta/info.json'), JSON.stringify({ codebase_version: 'v3.0', total_episodes: episodes, total_frames: episodes * framesPerEpisode, fps: 30, data_path: 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet', features: { action: feature } }))
}

async function indexRows(folder: string): Promise<BenchRow[]> {
  const root = join(folder, 'large')
  await writeLarge(root)
  const times: number[] = []
  for (let round = 0; round < 4; round++) {
    times.push((await timeMs(async () => {
      const dataset = await openDataset(root)
      if (dataset.detail.episodeCount !== episodes || dataset.detail.problems.length > 0) throw new Error(`${dataset.detail.episodeCount} of ${episodes} episodes are readable`)
      dataset.dispose()
    })) / 1000)
  }
  const [first, ...again] = times as [number, ...number[]]
  return [
    rowOf('index_10k_s', 's', 'lower', [first], { target: 2, note: `${episodes} episodes, ${episodes * framesPerEpisode} frames, first open in this process` }),
    rowOf('reopen_s', 's', 'lower', again, { target: 0.3, note: 'no index is kept for LeRobot: the same work again' }),
  ]
}

async function videoRows(folder: string): Promise<BenchRow[]> {
  if (!hasSharedData('lerobot-v21-g1')) return []
  const root = sharedData('lerobot-v21-g1')
  const opens: number[] = []
  for (let round = 0; round < 5; round++) opens.push((await timeMs(async () => (await openDataset(root)).dispose())) / 1000)
  const rng = new Rng(1)
  const first: number[] = []
  const cold: number[] = []
  const cached: number[] = []
  for (let round = 0; round < 5; round++) {
    const dataset = await openDataset(root, { cacheDir: join(folder, `cache-${round}`) })
    first.push(await timeMs(() => dataset.readFrame(4, 'cam_high', 0)))
    const frames = Array.from({ length: 6 }, () => rng.integer(350))
    for (const frame of frames) cold.push(await timeMs(() => dataset.readFrame(4, 'cam_high', frame)))
    for (const frame of frames) cached.push(await timeMs(() => dataset.readFrame(4, 'cam_high', frame)))
    dataset.dispose()
  }
  const note = '640 x 480 AV1 video'
  return [
    rowOf('open_g1_s', 's', 'lower', opens, { target: 1, note: '100 episodes listed, 4 readable' }),
    rowOf('first_frame_ms', 'ms', 'lower', first, { target: 300, note }),
    rowOf('scrub_cold_ms', 'ms', 'lower', cold, { target: 150, note }),
    rowOf('scrub_cached_ms', 'ms', 'lower', cached, { target: 33, note }),
  ]
}

/** Own recordings: what a training run's start costs. */
async function recordingRows(folder: string): Promise<BenchRow[]> {
  const shape = { ...syntheticShape, sizePx: 64 }
  const path = join(folder, 'recording')
  const writer = await LeRobotV3Writer.create(path, shape)
  const appends: number[] = []
  for (let seed = 0; seed < 6; seed++) {
    const episode = syntheticEpisode(seed, 60, shape)
    appends.push(60_000 / (await timeMs(() => writer.append(episode))))
  }
  await writer.finish()
  const dataset = await openDataset(path)
  const reads: number[] = []
  for (const { index } of dataset.detail.episodes) reads.push(60_000 / (await timeMs(() => dataset.readFrames(index, 'agentview'))))
  dataset.dispose()
  const note = '64 px; noise pictures, the worst case for PNG'
  return [
    rowOf('append_frames_per_s', 'frames/s', 'higher', appends, { note: `${note}; two cameras and one flow` }),
    rowOf('read_frames_per_s', 'frames/s', 'higher', reads, { note: `${note}; one camera` }),
  ]
}

type Part = (folder: string, options: { signal: AbortSignal; note: (text: string) => void }) => Promise<BenchRow[]>

const measured: Readonly<Record<string, Part>> = {
  index: indexRows,
  video: videoRows,
  windows: windowRows,
  recording: recordingRows,
  flow: (_folder, { signal }) => flowRows(signal),
  peers: (folder, { note }) => peerRows(folder, note),
}
export const parts = Object.keys(measured)

/** Opening, scrubbing, recording, flow. Needs no network; rows of real samples and of peers are left out where those are absent. */
export default async function bench({ signal, note, only }: { signal: AbortSignal; note: (text: string) => void; only: readonly string[] }): Promise<readonly BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-bench-data-'))
  const rows: BenchRow[] = []
  try {
    for (const [name, part] of Object.entries(measured)) {
      if (only.length > 0 && !only.includes(name)) continue
      signal.throwIfAborted()
      note(name)
      rows.push(...(await part(folder, { signal, note })))
    }
    return rows
  } finally {
    if (existsSync(folder)) await rm(folder, { recursive: true, force: true })
  }
}
