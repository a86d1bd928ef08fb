import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDataset } from '../../../electron/dataset/open.ts'
import { encodePng } from '../../../electron/formats/png.ts'
import { encodeTfRecord } from '../../../electron/formats/tfrecord.ts'
import { hasSharedData, sharedData, whereShared } from '../../support/shared-data.ts'
import { encodeExample } from '../../support/tf-example.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-rlds-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

const shard = 'bridge_dataset-train.tfrecord-00000-of-00001'

describe.skipIf(!hasSharedData('bridge-rlds'))(`RLDS: the real Bridge sample ${whereShared}`, () => {
  it('is opened by its folder or the version folder, with what its metadata get wrong', async () => {
    for (const path of [sharedData('bridge-rlds'), sharedData('bridge-rlds/1.0.0')]) {
      const dataset = await openDataset(path, { cacheDir: join(folder, 'cache') })
      expect(dataset.detail).toMatchObject({ format: 'rlds', fps: 5, episodeCount: 25, frameCount: 250, cameras: ['image_0', 'image_1', 'image_2', 'image_3'] })
      expect(dataset.detail.tasks).toContain('flip pot upright which is in sink')
      expect(dataset.detail.problems.map(({ what }) => what)).toEqual([
        expect.stringContaining('The split "val" has 1 shard by its metadata, none of which is here'),
        expect.stringMatching(/In \d+ of 25 episodes camera image_3 shows one and the same picture/),
      ])
      const columns = await dataset.readEpisode(24)
      expect([columns.frameCount, columns.action.length, columns.state.length]).toEqual([10, 70, 70])
      expect(columns.action.every(Number.isFinite)).toBe(true)
      const frames = await dataset.readFrames(24, 'image_0')
      expect([frames.frameCount, frames.width, frames.height]).toEqual([10, 64, 64])
      expect(Buffer.compare((await dataset.readFrame(24, 'image_0', 9)).data, frames.data.subarray(-64 * 64 * 3))).toBe(0)
      expect(await dataset.readFlow(24, 'image_0', 5)).toBeNull()
      await expect(dataset.readEpisode(25)).rejects.toMatchObject({ code: 'not-found' })
      dataset.dispose()
    }
  })

  it('keeps the records before a damage and says where it is', async () => {
    const root = join(folder, 'damaged')
    await cp(sharedData('bridge-rlds/1.0.0'), root, { recursive: true, mode: 0 })
    const whole = await readFile(join(root, shard))
    await rm(join(root, shard))
    await writeFile(join(root, shard), whole)
    await truncate(join(root, shard), 1_000_000)
    const dataset = await openDataset(root)
    expect(dataset.detail.episodeCount).toBe(7)
    expect(dataset.detail.problems).toContainEqual(expect.objectContaining({ severity: 'error', file: shard, what: expect.stringContaining('The 7 records before are used') }))
    expect((await dataset.readFrames(6, 'image_1')).frameCount).toBe(10)
    dataset.dispose()
  })
})

describe('RLDS', () => {
  const tensor = (dimension: number) => ({ tensor: { shape: { dimensions: [String(dimension)] }, dtype: 'float32' } })
  const features = { featuresDict: { features: { steps: { sequence: { feature: { featuresDict: { features: { action: tensor(2), is_first: { tensor: { shape: {}, dtype: 'bool' } }, language_instruction: { text: {} }, observation: { featuresDict: { features: { state: tensor(1), image: { image: { shape: { dimensions: ['2', '2', '3'] } } } } } } } } } } } } } }

  function episode(steps: number, action = Float32Array.from({ length: steps * 2 }, (_, index) => index)): Uint8Array {
    return encodeExample({
      'steps/action': action,
      'steps/observation/state': Float32Array.from({ length: steps }, (_, index) => -index),
      'steps/observation/image': Array.from({ length: steps }, (_, frame) => encodePng({ width: 2, height: 2, data: new Uint8Array(12).fill(frame) })),
      'steps/language_instruction': Array.from({ length: steps }, () => new TextEncoder().encode('do it')),
      'steps/is_first': Array.from({ length: steps }, (_, step) => (step === 0 ? 1n : 0n)),
    })
  }

  it('leaves out records that contradict themselves, and warns of values that are not finite', async () => {
    const root = join(folder, 'own')
    await mkdir(root)
    await writeFile(join(root, 'features.json'), JSON.stringify(features))
    await writeFile(join(root, 'dataset_info.json'), JSON.stringify({ name: 'mine', splits: [{ name: 'train', shardLengths: ['4'] }] }))
    await writeFile(join(root, 'mine-train.tfrecord-00000-of-00001'), Buffer.concat([
      episode(3),
      episode(3, new Float32Array(5)),
      new TextEncoder().encode('no example'),
      episode(4, Float32Array.of(0, 1, 2, NaN, 4, 5, 6, 7)),
    ].map(encodeTfRecord)))
    const dataset = await openDataset(root)
    expect(dataset.detail).toMatchObject({ name: 'mine', fps: 10, tasks: ['do it'], cameras: ['image'] })
    expect(dataset.detail.episodes.map(({ index, frameCount }) => [index, frameCount])).toEqual([[0, 3], [1, 4]])
    expect(dataset.detail.problems.map(({ severity, what }) => [severity, what])).toEqual([
      ['warning', expect.stringContaining('10 Hz is assumed')],
      ['error', expect.stringContaining('steps/action has 5 values, expected 6 for 3 steps')],
      ['error', expect.stringContaining('no tf.train.Example')],
      ['warning', expect.stringContaining('steps/action has NaN')],
    ])
    expect((await dataset.readEpisode(0)).action).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5))
    expect((await dataset.readFrame(1, 'image', 3)).data).toEqual(new Uint8Array(12).fill(3))
    dataset.dispose()
  })
})
