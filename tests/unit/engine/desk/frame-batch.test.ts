import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePieces, type FramePiece } from '../../../../electron/contract/frame-stream.ts'
import type { Dataset } from '../../../../electron/dataset/dataset.ts'
import { openDataset } from '../../../../electron/dataset/open.ts'
import { readFrameBatch, type FrameBatchRequest } from '../../../../electron/engine/desk/frame-batch.ts'
import { toRgba } from '../../../../electron/engine/desk/picture.ts'
import { decodeImage } from '../../../../electron/formats/image.ts'
import { sampleFormats, writeSampleDataset } from '../../../support/sample-datasets.ts'
import { hasSharedData, sharedData, whereShared } from '../../../support/shared-data.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-batch-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

/** All that is asked for, batch after batch as the host does it. */
async function readAll(dataset: Dataset, request: Omit<FrameBatchRequest, 'sent'>): Promise<FramePiece[]> {
  const pieces: FramePiece[] = []
  let sent: readonly (number | null)[] = []
  for (let start = 0; start < request.frames.length;) {
    const batch = await readFrameBatch(dataset, { ...request, frames: request.frames.slice(start), sent })
    expect(batch.count).toBeGreaterThan(0)
    for await (const piece of decodePieces((async function* () { yield batch.bytes })())) pieces.push(piece)
    start += batch.count
    sent = batch.sent
  }
  return pieces
}

describe.each(sampleFormats)('%s', (format) => {
  test.each([true, false])('frames in the order asked for are the pixels that the dataset gives (encoded: %s)', async (takesEncoded) => {
    const dataset = await openDataset(await writeSampleDataset(folder, format).catch(() => join(folder, format)))
    const [episode] = dataset.detail.episodes
    const last = episode!.frameCount - 1
    const frames = [1, last, 0]
    const { cameras } = dataset.detail
    const pieces = await readAll(dataset, { episode: episode!.index, cameras, frames, takesEncoded })
    expect(pieces.map(({ frame, camera }) => [frame, camera])).toEqual(frames.flatMap((frame) => cameras.map((_, camera) => [frame, camera])))
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

describe.skipIf(!hasSharedData('lerobot-v21-g1'))(`packets of video ${whereShared}`, () => {
  test('begin with the codec and a key frame, and hold every frame asked for once', async () => {
    const dataset = await openDataset(sharedData('lerobot-v21-g1'))
    const frames = [7, ...Array.from({ length: 30 }, (_, at) => 8 + at), 6, 5]
    const pieces = await readAll(dataset, { episode: 1, cameras: ['cam_high'], frames, takesEncoded: true })
    expect(pieces[0]).toMatchObject({ kind: 'codec', codec: { codec: expect.stringMatching(/^av01/) as string, codedWidth: 640, codedHeight: 480 } })
    const packets = pieces.slice(1) as Extract<FramePiece, { kind: 'packet' }>[]
    expect(packets[0]).toMatchObject({ kind: 'packet', isKey: true, frame: 6, isAsked: false })
    expect(packets.filter(({ isAsked }) => isAsked).map(({ frame }) => frame).sort((a, b) => a - b)).toEqual([...frames].sort((a, b) => a - b))
    // A decoder that goes on is not sent the same again: of key frames every second, none but the first needs one more.
    expect(packets.filter(({ frame, isAsked }) => !isAsked && frame > 6)).toEqual([])
    dataset.dispose()
  })
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
