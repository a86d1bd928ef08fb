import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlowField, RgbImage } from '../../../electron/base/image.ts'
import { motionHealthSchema } from '../../../electron/contract/flow.ts'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { DatasetFlow } from '../../../electron/dataset/dataset-flow.ts'
import { checkFlow, checkMotion } from '../../../electron/dataset/motion-health.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { endPointErrorPx } from '../../../electron/flow/metrics.ts'
import type { VideoFile } from '../../../electron/formats/video-file.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { hasSharedData, sharedData, whereShared } from '../../support/shared-data.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-dataset-flow-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

describe('DatasetFlow', () => {
  const exact = movingSquares({ sizePx: 48, frames: 10 })
  const bare = movingSquares({ sizePx: 48, frames: 10, hasFlow: false })

  it('takes exact flow where there is some and estimates it elsewhere', async () => {
    const [known, estimated] = [new DatasetFlow(exact, { source: 'auto' }), new DatasetFlow(bare, { source: 'auto' })]
    expect([await known.sourceOf(0, 'front', 3), await estimated.sourceOf(0, 'front', 3)]).toEqual(['exact', 'dis'])
    const truth = (await known.read(0, 'front', 2, 3))!
    expect(endPointErrorPx((await estimated.read(0, 'front', 2, 3))!, truth)).toBeLessThan(0.4)
    expect(await new DatasetFlow(bare, { source: 'exact' }).read(0, 'front', 2, 3)).toBeNull()
    await expect(known.read(0, 'front', 10, 3)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('gives an episode in order, its end clamped, the same as frame by frame and from the cache', async () => {
    const cacheDir = join(folder, 'cache')
    const flows = new DatasetFlow({ ...bare, cacheDir }, { source: 'dis' })
    const read = async (from: DatasetFlow): Promise<FlowField[]> => {
      const fields: FlowField[] = []
      for await (const flow of (await from.readEpisode(1, 'front', 4))!) fields.push(flow)
      return fields
    }
    const all = await read(flows)
    expect(all).toHaveLength(10)
    expect(all[9]!.uv.every((component) => Math.abs(component) < 1e-3)).toBe(true)
    expect((await flows.read(1, 'front', 3, 4))!.uv).toEqual(all[3]!.uv)
    expect((await readdir(join(cacheDir, 'frames'), { recursive: true })).filter((name) => name.endsWith('.block')).length).toBeGreaterThan(5)
    const again = await read(new DatasetFlow({ ...bare, cacheDir, readFlow: () => Promise.reject(new Error('not asked for')) }, { source: 'dis' }))
    expect(again.map(({ uv }) => uv)).toEqual(all.map(({ uv }) => uv))
  })

  it('keeps the flow of video in the size that a run asks for, and decodes nothing for it again', async () => {
    const cacheDir = join(folder, 'of-video')
    const video = { codec: 'av1', path: 'front.mp4', hash: async () => 'of its bytes' } as VideoFile
    let reads = 0
    const dataset: Dataset = {
      ...bare,
      cacheDir,
      readStored: async () => ({ kind: 'video', video, fromSeconds: 0, firstFrame: 0 }),
      readFrame: (...place) => (reads++, bare.readFrame(...place)),
    }
    const read = async (from: Dataset, sizePx = 20): Promise<Float32Array[]> => (await new DatasetFlow(from, { source: 'dis' }).readSquare(0, 'front', 4, sizePx))!.map(({ uv }) => uv)
    const first = await read(dataset)
    expect(reads).toBe(10)
    expect(await read(dataset)).toEqual(first)
    expect(reads).toBe(10)
    // The numbers do not depend on whether it is kept; another size or another file is another flow.
    expect(await read(bare)).toEqual(first)
    expect((await read(dataset, 24))[0]).toHaveLength(24 * 24 * 2)
    await read({ ...dataset, readStored: async () => ({ kind: 'video', video: { ...video, hash: async () => 'of others' } as VideoFile, fromSeconds: 0, firstFrame: 0 }) })
    expect(reads).toBe(30)
    for (const block of (await readdir(join(cacheDir, 'frames'), { recursive: true })).filter((name) => name.endsWith('.block'))) await rm(join(cacheDir, 'frames', block))
    expect(await read(dataset)).toEqual(first)
    expect(reads).toBe(40)
  })

  it.skipIf(!hasSharedData('bridge-rlds'))(`marks the pixels of real frames on which both directions agree ${whereShared}`, async () => {
    const dataset = await openDataset(sharedData('bridge-rlds'))
    const { valid } = (await new DatasetFlow(dataset, { source: 'auto', withMask: true }).read(3, 'image_0', 2, 2))!
    const agreeing = valid!.reduce((sum, value) => sum + value, 0) / valid!.length
    expect(agreeing).toBeGreaterThan(0.5)
    dataset.dispose()
  })
})

describe('the health of motion images', () => {
  const squares = movingSquares({ sizePx: 48, frames: 20, episodes: 4 })
  const at = async (frame: number): Promise<RgbImage> => squares.readFrame(0, 'front', frame)
  const scaled = ({ width, height, uv }: FlowField, factor: number): FlowField => ({ width, height, uv: uv.map((component) => component * factor) })

  it('finds nothing wrong with exact flow', async () => {
    const health = await checkMotion(squares, 'front', { source: 'auto', horizonSteps: 4 })
    expect(motionHealthSchema.parse(health)).toEqual(health)
    expect(health).toMatchObject({ source: 'exact', counts: { 'static': 0, 'clipped': 0, 'degenerate': 0, 'wrong-sign': 0 }, consistentShare: null, problems: [] })
    expect(health.framesChecked).toBe(24)
  })

  it('tells flow of the wrong sign, with the frame to look at', async () => {
    const reversed = { ...squares, readFlow: async (episode: number, camera: string, horizon: number) => (await squares.readFlow(episode, camera, horizon))!.map((flow) => scaled(flow, -1)) }
    const health = await checkMotion(reversed, 'front', { source: 'exact', horizonSteps: 4 })
    expect(health.counts['wrong-sign']).toBeGreaterThan(20)
    expect(health.problems).toEqual([expect.objectContaining({ what: expect.stringMatching(/wrong sign/), episode: health.examples[0]!.episode, hint: expect.stringContaining('motion.sign') })])
  })

  it('tells static, clipped and degenerate pictures apart', async () => {
    const [flow] = (await squares.readFlow(0, 'front', 4))!
    const [from, to] = [await at(0), await at(4)]
    const kinds = (field: FlowField, options = {}, isEstimated = false): string[] => checkFlow(field, from, to, isEstimated, options).map(({ fault }) => fault)
    expect(kinds(flow!)).toEqual([])
    expect(kinds(scaled(flow!, 0.05))).toEqual(['static'])
    expect(kinds(flow!, { normalisation: 'fixed', fixedPx: 2 })).toEqual(['clipped'])
    const spike = scaled(flow!, 1)
    spike.uv[5] = 60
    expect(kinds(spike)).toEqual(['degenerate'])
    expect(kinds({ ...flow!, valid: new Uint8Array(48 * 48).map((_, pixel) => (pixel % 4 === 0 ? 1 : 0)) }, {}, true)).toEqual(['degenerate'])
  })

  it('refuses a source that there is none of', async () => {
    await expect(checkMotion(movingSquares({ hasFlow: false }), 'front', { source: 'exact', horizonSteps: 2 })).rejects.toMatchObject({ code: 'dataset-invalid' })
  })
})
