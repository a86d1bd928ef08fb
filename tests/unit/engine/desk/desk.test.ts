import { rmSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Replay } from '../../../../electron/contract/replay.ts'
import { Desk } from '../../../../electron/engine/desk/desk.ts'
import { createRun, type RunFolder } from '../../../../electron/engine/runs/run-folder.ts'
import { runTrainingJob } from '../../../../electron/engine/training/training-job.ts'
import { presetSchema } from '../../../../electron/contract/run.ts'
import type { Home } from '../../../../electron/platform/paths.ts'
import { movingSquares } from '../../../support/moving-squares.ts'
import { recordSquares } from '../../../support/recorded-squares.ts'
import { temporaryHome, until } from '../../../support/run-fixtures.ts'
import { smallConfig } from '../../../support/small-config.ts'

let home: Home
let desk: Desk
let place: { id: string; path: string }
const progress: [string, number][] = []
const squares = movingSquares()

beforeAll(async () => {
  home = temporaryHome()
  place = { id: 'squares', path: await recordSquares(home) }
  desk = new Desk(home, { onReplayProgress: (id, frames) => progress.push([id, frames]), onWarning: () => {} })
})
afterAll(() => desk.dispose())

describe('data', () => {
  test('a dataset is described under the id and path of its place', async () => {
    const detail = await desk.dataset(place)
    expect(detail).toMatchObject({ ...place, episodeCount: 6, frameCount: 72, cameras: ['front', 'mirrored'], problems: [] })
    expect(detail.episodes.map(({ frameCount }) => frameCount)).toEqual([12, 12, 12, 12, 12, 12])
  })

  test('an episode comes as rows', async () => {
    const episode = await desk.episode({ ...place, episode: 1 })
    const { state, action } = await squares.readEpisode(1)
    expect(episode.state.length).toBe(12)
    expect(episode.state[3]).toEqual([...state.subarray(9, 12)])
    expect(episode.action[11]).toEqual([...action.subarray(22, 24)])
    expect(episode.stateNames).toEqual(['x', 'y', 'side'])
  })

  test('a frame is the same pixels as RGBA and as PNG', async () => {
    const source = await squares.readFrame(2, 'mirrored', 5)
    const rgba = await desk.frame({ ...place, episode: 2, camera: 'mirrored', frame: 5, format: 'rgba' })
    expect([rgba.width, rgba.height]).toEqual([16, 16])
    for (let pixel = 0; pixel < 256; pixel++) expect([...rgba.bytes.subarray(4 * pixel, 4 * pixel + 4)]).toEqual([...source.data.subarray(3 * pixel, 3 * pixel + 3), 255])
    const png = await desk.frame({ ...place, episode: 2, camera: 'mirrored', frame: 5, format: 'png' })
    expect(new Uint8Array(await sharp(png.bytes).raw().toBuffer())).toEqual(source.data)
  })

  test.each([
    ['an episode', { episode: 99 }, /no episode 99/],
    ['a camera', { camera: 'roof' }, /no camera "roof"[^]*|front, mirrored/],
    ['a frame', { frame: 12 }, /no frame 12/],
  ])('%s that is not there is told', async (_, change, message) => {
    await expect(desk.frame({ ...place, episode: 0, camera: 'front', frame: 0, format: 'rgba', ...change })).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(message) as string })
  })

  test('a folder that is no dataset is told and can be mended', async () => {
    const bare = { id: 'cups', path: join(home.datasets, 'cups') }
    await expect(desk.dataset(bare)).rejects.toMatchObject({ code: 'dataset-invalid' })
    rmSync(bare.path, { recursive: true })
    await recordSquares(home, 'cups')
    expect((await desk.dataset(bare)).episodeCount).toBe(6)
  })

  test('presets come with what they would weigh', async () => {
    const presets = await desk.presets()
    expect(presets.map(({ name }) => name)).toContain('nano')
    for (const preset of presets) {
      presetSchema.parse(preset)
      expect(preset.parameterCounts.backbone).toBeGreaterThan(10_000)
    }
  })
})

describe('replays', () => {
  let run: RunFolder
  let replay: Replay

  const request = (episode: number, checkpointStep: number | null = null): Parameters<Desk['openReplay']>[0] => ({ runPath: run.path, runId: run.identity.id, checkpointStep, frames: { kind: 'episode', dataset: place, episode }, camera: null })
  const finished = (id: string): Promise<unknown> => until(async () => (await desk.replayErrors({ id })).predictedFrames === 12, 60_000)

  beforeAll(async () => {
    run = await createRun(home, { name: 'imagines', config: { ...smallConfig({ data: { dataset: 'squares' }, steps: 1 }), device: 'onnx-cpu', threads: 1 } })
    expect((await runTrainingJob({ runPath: run.path, home })).state).toBe('finished')
    replay = await desk.openReplay(request(1))
  })

  test('a frame that is still to be predicted is none yet, and no failure', async () => {
    const fresh = await desk.openReplay(request(3))
    expect(await desk.replayFrame({ id: fresh.id, pane: 'predicted-motion', frame: 11 })).toBeNull()
    expect(await desk.replayFrame({ id: fresh.id, pane: 'camera', frame: 11 })).not.toBeNull()
    await desk.closeReplay({ id: fresh.id })
  })

  test('describes itself at once; the true motion is there before the prediction', async () => {
    expect(replay).toMatchObject({ runId: run.identity.id, checkpointStep: 1, source: { kind: 'episode', datasetId: 'squares', episode: 1 }, camera: 'front', frameCount: 12, horizonSteps: 3, width: 16, height: 16, isHeldOut: false, outcome: null, panes: ['camera', 'true-motion', 'predicted-motion'] })
    // Its longest flow is full colour; where nothing moves there is none.
    expect(replay.fullColourPx[0]).toBeGreaterThan(1)
    expect(replay.fullColourPx[11]).toBeNull()
    // The square moves down: the picture shows one colour on white, at its place.
    const truth = await desk.replayFrame({ id: replay.id, pane: 'true-motion', frame: 0 })
    const colours = new Set(Array.from({ length: 256 }, (_, pixel) => truth!.bytes.subarray(4 * pixel, 4 * pixel + 3).join()))
    expect(colours.size).toBe(2)
    expect(colours).toContain('255,255,255')
  })

  test('predicts every frame in the background, tells how far, and then gives its pictures and errors', async () => {
    await finished(replay.id)
    expect(progress.filter(([id]) => id === replay.id).map(([, frames]) => frames)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    const errors = await desk.replayErrors({ id: replay.id })
    expect(errors.endPointError.length).toBe(12)
    expect(errors.endPointError[0]).toBeGreaterThan(0)
    // The last frame has no motion ahead: nothing to judge.
    expect(errors.endPointError[11]).toBeNull()
    for (const pane of replay.panes) expect((await desk.replayFrame({ id: replay.id, pane, frame: 3 }))!.bytes.length).toBe(16 * 16 * 4)
  })

  test('one frame is imagined step by step from several seeds; seed 0 ends at the replay\'s own picture', async () => {
    await finished(replay.id)
    const { width, height, bytes } = await desk.imagineFrame({ id: replay.id, frame: 7, seeds: [0, 5], steps: 4 })
    expect([width, height]).toEqual([5 * 16, 2 * 16])
    const cell = (row: number, column: number): Uint8Array => Uint8Array.from({ length: 16 * 16 * 4 }, (_, at) => bytes[((row * 16 + (at >> 6)) * width + column * 16) * 4 + (at & 63)]!)
    const own = (await desk.replayFrame({ id: replay.id, pane: 'predicted-motion', frame: 7 }))!.bytes
    // Other batches of the same numbers round differently by at most one grey level.
    cell(0, 4).forEach((value, at) => expect(Math.abs(value - own[at]!)).toBeLessThanOrEqual(1))
    expect(cell(1, 0)).not.toEqual(cell(0, 0))
    expect(cell(0, 0)).not.toEqual(cell(0, 4))
    await expect(desk.imagineFrame({ id: replay.id, frame: 12, seeds: [0], steps: 4 })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('opened again it is whole at once, with the same pictures; another desk finds them, too', async () => {
    const before = await desk.replayFrame({ id: replay.id, pane: 'predicted-motion', frame: 7 })
    const errors = await desk.replayErrors({ id: replay.id })
    await desk.closeReplay({ id: replay.id })
    await expect(desk.replayErrors({ id: replay.id })).rejects.toMatchObject({ code: 'not-found' })
    const other = new Desk(home, { onReplayProgress: () => {}, onWarning: () => {} })
    const again = await other.openReplay(request(1, 1))
    expect(again).toEqual(replay)
    expect(await other.replayErrors({ id: again.id })).toEqual(errors)
    expect(await other.replayFrame({ id: again.id, pane: 'predicted-motion', frame: 7 })).toEqual(before)
    other.dispose()
  })

  test('an episode that training never saw is marked, and closing ends the prediction', async () => {
    const held = await desk.openReplay(request(5))
    expect(held.isHeldOut).toBe(true)
    await desk.closeReplay({ id: held.id })
    const reopened = await desk.openReplay(request(5))
    await finished(reopened.id)
  })

  test('what cannot be replayed is told', async () => {
    await expect(desk.openReplay(request(77))).rejects.toMatchObject({ code: 'not-found' })
    await expect(desk.openReplay({ ...request(0), runPath: join(home.runs, 'none') })).rejects.toMatchObject({ code: 'not-found' })
    const untrained = await createRun(home, { name: 'no checkpoint', config: run.config })
    await expect(desk.openReplay({ ...request(0), runPath: untrained.path })).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('no checkpoint') as string })
    const missing = await desk.openReplay(request(0, 999))
    await until(() => desk.replayErrors({ id: missing.id }).then(() => false, (error: { code: string }) => error.code === 'not-found'), 20_000)
  })
})
