import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Rng } from '../../../electron/base/rng.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { LeRobotV3Writer, type RecordedEpisode } from '../../../electron/dataset/writer/lerobot-v3.ts'
import { decodeFlowArchive, encodeFlowArchive } from '../../../electron/formats/flow-archive.ts'
import { actionNames } from '../../../electron/sim/controller.ts'
import { renderEpisode, type EpisodePictures } from '../../../electron/sim/record.ts'
import { listTasks } from '../../../electron/sim/suites.ts'
import { stateNames } from '../../../electron/sim/world.ts'

let folder: string
type Recording = RecordedEpisode & EpisodePictures
const recordings: Recording[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinora-flow-'))
  const [task] = listTasks()
  const frameCount = 8
  const rng = new Rng(3)
  const actions = Float32Array.from({ length: frameCount * 7 }, () => rng.uniform() * 2 - 1)
  // The same episode with flow at two horizons: what is rendered again must be what would have been recorded.
  for (const horizonSteps of [2, 4]) {
    const pictures = await renderEpisode({ taskId: task!.id, seed: 5, actions, sizePx: 24, horizonSteps })
    recordings.push({ ...pictures, taskId: task!.id, seed: 5, instruction: task!.instruction, success: true, action: actions.map((value) => value / 2), executedAction: actions })
  }
})
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

it('reads stored flow, and renders other horizons again from seed and executed actions', async () => {
  const path = join(folder, 'set')
  const [recording, longer] = recordings as [Recording, Recording]
  const writer = await LeRobotV3Writer.create(path, { fps: 20, cameras: ['agentview', 'robot0_eye_in_hand'], sizePx: 24, stateNames, actionNames, robotType: 'tabletop' })
  await writer.append(recording)
  await writer.finish()
  const cacheDir = join(folder, 'cache')
  const dataset = await openDataset(path, { cacheDir })
  expect((await dataset.readEpisode(0)).action).toEqual(recording.action)
  for (const camera of ['agentview', 'robot0_eye_in_hand'] as const) {
    expect(await dataset.readFlow(0, camera, 2)).toEqual(decodeFlowArchive(encodeFlowArchive(recording.flow[camera])))
    const expected = decodeFlowArchive(encodeFlowArchive(longer.flow[camera]))
    expect(await dataset.readFlow(0, camera, 4)).toEqual(expected)
    // From the cache, and again where the cache is damaged.
    expect(await dataset.readFlow(0, camera, 4)).toEqual(expected)
  }
  for (const name of await readdir(join(cacheDir, 'flow'), { recursive: true })) if (name.endsWith('.kflow')) await writeFile(join(cacheDir, 'flow', name), 'damaged')
  expect(await dataset.readFlow(0, 'agentview', 4)).toEqual(decodeFlowArchive(encodeFlowArchive(longer.flow.agentview)))
  dataset.dispose()
})

it('refuses flow of a rendering that is not what was recorded', async () => {
  const path = join(folder, 'changed')
  const [recording] = recordings as [Recording]
  const frames = { ...recording.frames, agentview: recording.frames.agentview.map((value, index) => (index === 100 ? value ^ 1 : value)) }
  const writer = await LeRobotV3Writer.create(path, { fps: 20, cameras: ['agentview', 'robot0_eye_in_hand'], sizePx: 24, stateNames, actionNames, robotType: 'tabletop' })
  await writer.append({ ...recording, frames, flow: {} })
  await writer.finish()
  const dataset = await openDataset(path)
  await expect(dataset.readFlow(0, 'agentview', 2)).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('renders differently') })
  expect((await dataset.readFlow(0, 'robot0_eye_in_hand', 2))!.length).toBe(recording.frameCount)
  dataset.dispose()
})
