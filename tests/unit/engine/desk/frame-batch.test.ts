import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePieces, type FramePiece } from '../../../../electron/contract/frame-stream.ts'
import type { Dataset } from '../../../../electron/dataset/dataset.ts'
import { openDataset } from '../../../../electron/dataset/open.ts'
import { readFrameBatch, type FrameBatchRequest } from '../../../../electron/engine/desk/frame-batch.ts'
import { toRgba } from '../../../../electron/engine/desk/picture.ts'
import { decodeImage } from '../../../../electron/formats/image.ts'
import { LeRobotV3Writer } from '../../../../electron/dataset/writer/lerobot-v3.ts'
import { syntheticEpisode, syntheticShape } from '../../../support/synthetic-episode.ts'
import { sampleFormats, writeSampleDataset } from '../../../support/sample-datasets.ts'
import { hasSharedData, sharedData, whereShared } from '../../../support/shared-data.ts'
import { goldenVideo, writeVideoDataset } from '../../../support/video-dataset.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-batch-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

/** All that is asked for, batch after batch as the host does it. */
async function readAll(dataset: Dataset, request: Omit<FrameBatchRequest, 'sent'>): Promise<FramePiece[]> {
  const pieces: FramePiece[] = []
  let sent: readonly (number | null)[] = []
  for (let { frames } = request; frames.length > 0;) {
    const batch = await readFrameBatch(dataset, { ...request, frames, sent })
    expect(batch.rest.length).toBeLessThan(frames.length)
    for await (const piece of decodePieces((async function* () { yield batch.bytes })())) pieces.push(piece)
    frames = batch.rest
    sent = batch.sent
  }
  return pieces
}

describe.each(sampleFormats)('%s', (format) => {
  test.each([true, false])('every frame asked for has the pixels that the dataset gives (encoded: %s)', async (takesEncoded) => {
    const dataset = await openDataset(await writeSampleDataset(folder, format).catch(() => join(folder, format)))
    const [episode] = dataset.detail.episodes
    const last = episode!.frameCount - 1
    const frames = [1, last, 0]
    const { cameras } = dataset.detail
    const pieces = await readAll(dataset, { episode: episode!.index, cameras, frames, takesEncoded })
    // The first one comes first; those that lie in a row come together, whichever way they are asked for.
    expect(pieces.slice(0, cameras.length).map(({ frame, camera }) => [frame, camera])).toEqual(cameras.map((_, camera) => [1, camera]))
    expect(pieces.map(({ frame, camera }) => `${frame} ${camera}`).sort()).toEqual([...new Set(frames)].flatMap((frame) => cameras.map((_, camera) => `${frame} ${camera}`)).sort())
    for (const piece of pieces) {
      const truth = toRgba(await dataset.readFrame(episode!.index, cameras[piece.camera]!, piece.frame))
      if (!takesEncoded) expect(piece.kind).toBe('rgba')
      const shown = piece.kind === 'rgba' ? piece : toRgba(await decodeImage((piece as { bytes: Uint8Array }).bytes))
      expect([shown.width, shown.height]).toEqual([truth.width, truth.height])
      expect(Buffer.compare(shown.bytes, truth.bytes)).toBe(0)
    }
    dataset.dispose()
  })
})

test('of video with frames that lie in another order than they are shown, each packet is sent once', async () => {
  const root = join(folder, 'reordered')
  await writeVideoDataset(root, { width: 64, height: 48, framesPerEpisode: 40 }, { front: (path) => cp(goldenVideo('h264'), path) })
  const dataset = await openDataset(root)
  const frames = Array.from({ length: 40 }, (_, at) => at)
  const packets = (await readAll(dataset, { episode: 0, cameras: ['front'], frames, takesEncoded: true })).slice(1) as Extract<FramePiece, { kind: 'packet' }>[]
  expect(packets.map(({ frame }) => frame)).not.toEqual(frames)
  expect(packets.map(({ frame }) => frame).sort((a, b) => a - b)).toEqual(frames)
  expect(packets.every(({ isAsked }) => isAsked)).toBe(true)
  dataset.dispose()
})

describe.skipIf(!hasSharedData('lerobot-v21-g1'))(`packets of video ${whereShared}`, () => {
  test('begin with the codec and a key frame, and hold every frame asked for once', async () => {
    const dataset = await openDataset(sharedData('lerobot-v21-g1'))
    const frames = [7, ...Array.from({ length: 30 }, (_, at) => 8 + at), 6, 5]
    const pieces = await readAll(dataset, { episode: 1, cameras: ['cam_high'], frames, takesEncoded: true })
    expect(pieces[0]).toMatchObject({ kind: 'codec', codec: { codec: expect.stringMatching(/^av01/) as string, codedWidth: 640, codedHeight: 480 } })
    const packets = pieces.slice(1) as Extract<FramePiece, { kind: 'packet' }>[]
    // Frame 6 is a key frame that 7 needs: asked for last, it is given on the way.
    expect(packets.slice(0, 2)).toMatchObject([{ kind: 'packet', isKey: true, frame: 6, isAsked: true }, { isKey: false, frame: 7, isAsked: true }])
    expect(packets.filter(({ isAsked }) => isAsked).map(({ frame }) => frame).sort((a, b) => a - b)).toEqual([...frames].sort((a, b) => a - b))
    // A decoder that goes on is not sent the same again: of key frames every second, none but that of 5 needs one more.
    expect(packets.filter(({ isAsked }) => !isAsked).map(({ frame }) => frame)).toEqual([4])
    dataset.dispose()
  })
})

test('the first frame of a stream comes alone, what is read ahead in messages of bounded size', async () => {
  const shape = { ...syntheticShape, sizePx: 256 }
  const writer = await LeRobotV3Writer.create(join(folder, 'noise'), shape)
  await writer.append(syntheticEpisode(1, 4, shape))
  await writer.finish()
  const dataset = await openDataset(join(folder, 'noise'))
  const request = { episode: 0, cameras: shape.cameras, frames: [0, 1, 2, 3], takesEncoded: true }
  const first = await readFrameBatch(dataset, { ...request, sent: [] })
  expect(first.rest).toEqual([1, 2, 3])
  // Two noise pictures have 400 kB: a message ends with the frame that fills it.
  const second = await readFrameBatch(dataset, { ...request, frames: first.rest, sent: first.sent })
  expect(second.rest).toEqual([3])
  expect(second.bytes.length).toBeLessThan(2 ** 20)
  dataset.dispose()
})

test('a camera that cannot be read is told in its place, beside the others', async () => {
  const dataset = await openDataset(await writeSampleDataset(folder, 'robomimic').catch(() => join(folder, 'robomimic')))
  const { cameras } = dataset.detail
  const broken: Dataset = Object.assign(Object.create(dataset) as Dataset, {
    readFrame: (episode: number, camera: string, frame: number) => (camera === cameras[0] ? Promise.reject(new Error('torn')) : dataset.readFrame(episode, camera, frame)),
  })
  const pieces = await readAll(broken, { episode: 0, cameras, frames: [0], takesEncoded: true })
  expect(pieces.map(({ kind }) => kind)).toEqual(['failure', ...cameras.slice(1).map(() => 'rgba')])
  dataset.dispose()
})
