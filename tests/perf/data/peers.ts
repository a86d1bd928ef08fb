import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Rng } from '../../../electron/base/rng.ts'
import { median } from '../../../electron/base/statistics.ts'
import type { BenchRow } from '../../../electron/commands/bench.ts'
import { exportLeRobotV3 } from '../../../electron/dataset/convert/export.ts'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { readWindow } from '../../../electron/dataset/frames.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { rowOf, timeMs } from '../../support/bench-row.ts'
import { peerPython, runPeer } from '../../support/peers.ts'
import { hasSharedData, sharedData } from '../../support/shared-data.ts'

const windowFrames = 16
const seconds = 1.5
const rounds = 3

/** Frames a second of random windows through all cameras, one after the other as the peers read them. */
async function windowRates(dataset: Dataset, longest = Infinity): Promise<number[]> {
  const rng = new Rng(3)
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now()
    let frames = 0
    for (let window = 0; window < longest && performance.now() - startedAt < seconds * 1000; window++) {
      const { index, frameCount } = dataset.detail.episodes[rng.integer(dataset.detail.episodes.length)]!
      const first = rng.integer(frameCount - windowFrames)
      for (const camera of dataset.detail.cameras) frames += (await readWindow(dataset, index, camera, first, windowFrames)).frameCount
    }
    rates.push((frames * 1000) / (performance.now() - startedAt))
  }
  return rates
}

/** Both numbers and how many times as fast, or as slow, ours is. */
function beside(name: string, unit: string, better: BenchRow['better'], ours: readonly number[], peer: string, theirs: readonly number[], note: string): BenchRow[] {
  return [
    rowOf(name, unit, better, ours, { note }),
    rowOf(`${peer}_${name}`, unit, better, theirs, { note }),
    rowOf(`${peer}_${name}_ratio`, 'x', better, [median(ours) / median(theirs)], { target: 1, note: `ours over ${peer}'s` }),
  ]
}

async function besideH5py(folder: string): Promise<BenchRow[]> {
  const root = join(folder, 'h5py')
  await mkdir(root)
  await runPeer('h5py', 'h5py_layouts', root, 100, 128, 8)
  const dataset = await openDataset(join(root, 'libero'))
  const ours = await windowRates(dataset)
  dataset.dispose()
  const file = join(root, 'libero', 'open_the_middle_drawer_of_the_cabinet_demo.hdf5')
  const theirs = (await runPeer('h5py', 'h5py_windows', file, windowFrames, seconds, rounds)) as { version: string; rates: number[] }
  return beside('hdf5_frames_per_s', 'frames/s', 'higher', ours, 'h5py', theirs.rates, `random windows of ${windowFrames} frames, LIBERO layout, 2 cameras of 128 px, h5py ${theirs.version}`)
}

/** The real sample as v3.0, which is what lerobot reads. */
async function besideLeRobot(folder: string): Promise<BenchRow[]> {
  if (!hasSharedData('lerobot-v21-g1')) return []
  const path = join(folder, 'g1-v3')
  const source = await openDataset(sharedData('lerobot-v21-g1'))
  await exportLeRobotV3({ path, sources: [{ dataset: source, episodes: source.detail.episodes.map(({ index }) => index) }] })
  source.dispose()
  const opens: number[] = []
  for (let round = 0; round < 5; round++) opens.push((await timeMs(async () => (await openDataset(path)).dispose())) / 1000)
  const undecoded = await openDataset(path)
  const cold = await windowRates(undecoded)
  undecoded.dispose()
  const dataset = await openDataset(path, { cacheDir: join(folder, 'g1-cache') })
  for (const { index } of dataset.detail.episodes) for (const camera of dataset.detail.cameras) await dataset.readFrames(index, camera)
  const cached = await windowRates(dataset)
  dataset.dispose()
  const theirs = (await runPeer('lerobot', 'lerobot_windows', path, windowFrames, seconds, rounds)) as { backend: string; opens: number[]; rates: number[] }
  const note = `G1, 640 x 480 AV1, windows of ${windowFrames} frames, lerobot with ${theirs.backend}`
  return [
    ...beside('lerobot_v3_open_s', 's', 'lower', opens, 'lerobot', theirs.opens, '4 episodes of G1'),
    ...beside('video_frames_per_s', 'frames/s', 'higher', cold, 'lerobot', theirs.rates, `${note}; both decode`),
    ...beside('training_frames_per_s', 'frames/s', 'higher', cached, 'lerobot', theirs.rates, `${note}; ours from the cache, as training reads, which lerobot has not`),
  ]
}

async function besideTensorFlow(): Promise<BenchRow[]> {
  if (!hasSharedData('bridge-rlds')) return []
  const root = sharedData('bridge-rlds/1.0.0')
  const ours: number[] = []
  for (let round = 0; round < rounds + 1; round++) {
    const startedAt = performance.now()
    const dataset = await openDataset(root)
    let pictures = 0
    for (const { index } of dataset.detail.episodes) for (const camera of dataset.detail.cameras) pictures += (await dataset.readFrames(index, camera)).frameCount
    dataset.dispose()
    ours.push((pictures * 1000) / (performance.now() - startedAt))
  }
  const theirs = (await runPeer('tensorflow', 'tensorflow_records', root, rounds)) as { version: string; rates: number[] }
  return beside('rlds_pictures_per_s', 'pictures/s', 'higher', ours.slice(1), 'tensorflow', theirs.rates, `Bridge: opened, every record parsed, every picture decoded, TensorFlow ${theirs.version}`)
}

/** The same work by the programs that made the formats, each where its Python is named; else a note says which is missing. */
export async function peerRows(folder: string, note: (text: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const [peer, compare] of [['h5py', besideH5py], ['lerobot', besideLeRobot], ['tensorflow', besideTensorFlow]] as const) {
    if (peerPython(peer) === undefined) note(`${peer} is not installed here: no comparison with it`)
    else rows.push(...(await compare(folder)))
  }
  return rows
}
