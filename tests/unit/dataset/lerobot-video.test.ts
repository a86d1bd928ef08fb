import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { mapDataset } from '../../../electron/dataset/mapping.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { encodeParquet, float32Column, float64Column, int64Column, listColumn, stringColumn } from '../../../electron/formats/parquet-write.ts'
import { chooseDecoder } from '../../../electron/formats/video-decoder.ts'
import { VideoFile } from '../../../electron/formats/video-file.ts'
import { Dav1dDecoder } from '../../../electron/formats/decoder-dav1d.ts'
import { resizeToSquare } from '../../../electron/model/pixels.ts'
import { readSquareFrames } from '../../../electron/sampler/motion-images.ts'
import { hasSharedData, sharedData, whereShared } from '../../support/shared-data.ts'

const sample = sharedData('lerobot-v21-g1')
const video = join(sample, 'videos/chunk-000/observation.images.cam_high/episode_000010.mp4')
let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-video-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

describe.skipIf(!hasSharedData('lerobot-v21-g1'))(`LeRobot v2.1 with AV1 video ${whereShared}`, () => {
  it('opens a real dataset of which most files are missing, and says so episode by episode', async () => {
    const dataset = await openDataset(sample)
    expect(dataset.detail).toMatchObject({ format: 'lerobot-v2.1', fps: 30, episodeCount: 4, frameCount: 393 + 343 + 357 + 290, cameras: ['cam_high'], tasks: ['Pick up the yellow bottle on the table.'] })
    expect(dataset.detail.episodes.map(({ index, frameCount }) => [index, frameCount])).toEqual([[1, 393], [2, 343], [4, 357], [10, 290]])
    // 95 of 100 have no data, and episode 0 has no video.
    const errors = dataset.detail.problems.filter(({ severity }) => severity === 'error')
    expect(errors.length).toBe(96)
    expect(new Set(errors.map(({ episode }) => episode)).size).toBe(96)
    expect(errors.find(({ episode }) => episode === 0)!.file).toBe('videos/chunk-000/observation.images.cam_high/episode_000000.mp4')
    // Its names are a list within a list.
    expect(dataset.stateNames.length).toBe(26)
    expect(dataset.stateNames[0]).toBe('kLeftShoulderPitch')
    const episode = await dataset.readEpisode(4)
    expect([episode.state.length, episode.action.length, episode.timestamps.length]).toEqual([357 * 26, 357 * 26, 357])
    const last = episode.timestamps.at(-1)!
    expect(last).toBeCloseTo(356 / 30, 4)
    await expect(dataset.readEpisode(3)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('episode_000003.parquet') })
    dataset.dispose()
  })

  it('decodes the same frame alone and in a row, cached and not', async () => {
    const dataset = await openDataset(sample, { cacheDir: join(folder, 'cache') })
    const alone = await dataset.readFrame(10, 'cam_high', 17)
    expect([alone.width, alone.height]).toEqual([640, 480])
    const file = await VideoFile.open(video)
    const row = []
    for await (const image of (await chooseDecoder('av1', video)).decode(file, 15, 18)) row.push(image)
    file.close()
    expect(row.length).toBe(4)
    expect(Buffer.compare(row[2]!.data, alone.data)).toBe(0)
    expect(Buffer.compare(row[1]!.data, alone.data)).not.toBe(0)
    dataset.dispose()
  })

  it('gives a run its pictures without decoding them twice', async () => {
    const cacheDir = join(folder, 'squares')
    const [dataset, again] = await Promise.all([openDataset(sample, { cacheDir }), openDataset(sample, { cacheDir })])
    const squares = await readSquareFrames(dataset, 10, 'cam_high', 32)
    const mapped = mapDataset(again, { state: [], action: [], cameras: ['cam_high'], instruction: 'move' })
    const kept = await readSquareFrames({ ...mapped, readWindow: () => Promise.reject(new Error('decoded')) }, 10, 'cam_high', 32)
    expect(Buffer.compare(kept, squares)).toBe(0)
    const { width, height, data } = await again.readFrame(10, 'cam_high', 7)
    expect(squares.subarray(7 * 32 * 32 * 3, 8 * 32 * 32 * 3)).toEqual(resizeToSquare({ width, height, data }, 32).data)
    for (const each of [dataset, again]) each.dispose()
  })

  it('refuses or decodes a damaged video, and never gives fewer frames in silence', async () => {
    const whole = await readFile(video)
    const path = join(folder, 'damaged.mp4')
    let state = 7
    const random = (bound: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % bound
    let refused = 0
    for (let variant = 0; variant < 20; variant++) {
      const bytes = Uint8Array.from(variant % 4 === 0 ? whole.subarray(0, random(whole.length)) : whole)
      // The index lies in the last bytes, the first frames in the first.
      const at = variant % 2 === 0 ? 0 : Math.max(0, bytes.length - 8000)
      if (variant % 4 !== 0) for (let flips = 0; flips < 6; flips++) bytes[at + random(Math.min(bytes.length - at, 8000))]! ^= 1 << random(8)
      await writeFile(path, bytes)
      try {
        const file = await VideoFile.open(path)
        try {
          const last = Math.min(1, file.frameCount - 1)
          let frames = 0
          for await (const image of new Dav1dDecoder().decode(file, 0, last)) frames += image.data.length > 0 ? 1 : 0
          expect(frames).toBe(last + 1)
        } finally {
          file.close()
        }
      } catch (error) {
        expect(error, `variant ${variant}: ${String(error)}`).toBeInstanceOf(KinoraError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(3)
  })

  it('finds the episodes of a v3.0 dataset inside a shared video by time', async () => {
    const root = join(folder, 'v3')
    await mkdir(join(root, 'meta/episodes/chunk-000'), { recursive: true })
    await mkdir(join(root, 'data/chunk-000'), { recursive: true })
    await mkdir(join(root, 'videos/observation.images.front/chunk-000'), { recursive: true })
    await cp(video, join(root, 'videos/observation.images.front/chunk-000/file-000.mp4'))
    const lengths = [40, 20, 300]
    const starts = [0, 40, 60]
    await writeFile(join(root, 'meta/info.json'), JSON.stringify({
      codebase_version: 'v3.0', robot_type: null, total_episodes: 3, total_frames: 360, fps: 30, chunks_size: 1000,
      data_path: 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet', video_path: 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4',
      features: { 'action': { dtype: 'float32', shape: [2], names: { motors: ['left', 'right'] } }, 'observation.images.front': { dtype: 'video', shape: [480, 640, 3], names: ['height', 'width', 'channels'] }, 'timestamp': { dtype: 'float32', shape: [1], names: null } },
    }))
    const key = 'videos/observation.images.front'
    const columns = ['episode_index', 'length', 'data/chunk_index', 'data/file_index', 'dataset_from_index', 'dataset_to_index', `${key}/chunk_index`, `${key}/file_index`].map((name) => ({ name, kind: int64Column }))
    await writeFile(join(root, 'meta/episodes/chunk-000/file-000.parquet'), encodeParquet([...columns, { name: `${key}/from_timestamp`, kind: float64Column }, { name: 'tasks', kind: listColumn(stringColumn) }], [{
      'episode_index': [0n, 1n, 2n], 'length': lengths.map(BigInt), 'data/chunk_index': [0n, 0n, 0n], 'data/file_index': [0n, 0n, 0n], 'dataset_from_index': starts.map(BigInt), 'dataset_to_index': [40n, 60n, 360n],
      [`${key}/chunk_index`]: [0n, 0n, 0n], [`${key}/file_index`]: [0n, 0n, 0n], [`${key}/from_timestamp`]: starts.map((frame) => frame / 30), 'tasks': [['a'], ['b'], ['a']],
    }]))
    const rows = Array.from({ length: 360 }, (_, row) => row)
    await writeFile(join(root, 'data/chunk-000/file-000.parquet'), encodeParquet([{ name: 'action', kind: listColumn(float32Column) }, { name: 'timestamp', kind: float32Column }], [{ action: rows.map((row) => [row, -row]), timestamp: rows.map((row) => row / 30) }]))
    const dataset = await openDataset(root)
    expect(dataset.detail).toMatchObject({ format: 'lerobot-v3.0', episodeCount: 2, tasks: ['a', 'b'] })
    expect(dataset.actionNames).toEqual(['left', 'right'])
    expect((await dataset.readEpisode(1)).action.subarray(0, 2)).toEqual(Float32Array.of(40, -40))
    const file = await VideoFile.open(video)
    const expected = []
    for await (const image of (await chooseDecoder('av1', video)).decode(file, 43, 43)) expected.push(image)
    file.close()
    expect(Buffer.compare((await dataset.readFrame(1, 'front', 3)).data, expected[0]!.data)).toBe(0)
    // The metadata claim more frames than the video has.
    expect(dataset.detail.problems.filter(({ episode }) => episode === 2)).toEqual([expect.objectContaining({ severity: 'error', what: expect.stringMatching(/ends at 9\.63 s \(290 frames\)/) })])
    await expect(dataset.readFrame(2, 'front', 0)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('290 frames') })
    dataset.dispose()
  })
})
