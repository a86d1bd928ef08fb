import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportLeRobotV3 } from '../../../electron/dataset/convert/export.ts'
import { leftOutProblem, lostFlowProblem, planExports, type ExportPlan } from '../../../electron/dataset/convert/plan.ts'
import { chooseEpisodes, parseEpisodes, splitByShares } from '../../../electron/dataset/convert/selection.ts'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { LeRobotV3Writer } from '../../../electron/dataset/writer/lerobot-v3.ts'
import { peerPython, readWithLeRobot, wherePeer } from '../../support/peers.ts'
import { hasSharedData, sharedData, whereShared } from '../../support/shared-data.ts'
import { syntheticEpisode, syntheticShape } from '../../support/synthetic-episode.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'kinora-convert-')) })
afterAll(async () => { await rm(folder, { recursive: true, force: true }) })

async function recording(name: string, seeds: readonly number[]): Promise<Dataset> {
  const writer = await LeRobotV3Writer.create(join(folder, name), syntheticShape)
  for (const seed of seeds) await writer.append(syntheticEpisode(seed))
  await writer.finish()
  return openDataset(join(folder, name))
}

async function expectSameEpisode(a: Dataset, episodeA: number, b: Dataset, episodeB: number, cameras: readonly (readonly [string, string])[]): Promise<void> {
  const [left, right] = [await a.readEpisode(episodeA), await b.readEpisode(episodeB)]
  expect([right.state, right.action]).toEqual([left.state, left.action])
  for (const [from, to] of cameras) {
    const [own, other] = [await a.readFrames(episodeA, from), await b.readFrames(episodeB, to)]
    expect([other.width, other.height, other.frameCount]).toEqual([own.width, own.height, own.frameCount])
    expect(Buffer.compare(own.data, other.data)).toBe(0)
  }
}

/** A recording with whole numbers and flags beside it, converted. */
async function convertIntegers(name: string) {
  const dataset = await recording(name, [1])
  const { frameCount } = dataset.detail.episodes[0]!
  const stamps = BigInt64Array.from({ length: frameCount }, (_, frame) => 1_700_000_000_000_000_001n + BigInt(frame))
  const pairs = BigInt64Array.from({ length: 2 * frameCount }, (_, at) => BigInt(at) - 3n)
  const flags = Float32Array.from({ length: 3 * frameCount }, (_, at) => at % 2)
  const extra = [['stamp_ns', 'int64', 1], ['cells', 'int32', 2], ['touches', 'bool', 3]] as const
  const features = [...dataset.detail.features, ...extra.map(([key, dtype, length]) => ({ key, dtype, shape: [length], names: null }))]
  const source: Dataset = {
    detail: { ...dataset.detail, features },
    stateNames: dataset.stateNames,
    actionNames: dataset.actionNames,
    readEpisode: (episode) => dataset.readEpisode(episode),
    readVector: async (episode, key) => (key === 'touches' ? flags : dataset.readVector(episode, key)),
    readIntegers: async (_, key) => (key === 'stamp_ns' ? stamps : pairs),
    readFrame: (episode, camera, frame) => dataset.readFrame(episode, camera, frame),
    readFrames: (episode, camera) => dataset.readFrames(episode, camera),
    readFlow: async () => null,
    dispose: () => dataset.dispose(),
  }
  const path = join(folder, `${name}-converted`)
  await exportLeRobotV3({ path, sources: [{ dataset: source, episodes: [0] }] })
  source.dispose()
  return { path, stamps, pairs, flags }
}

describe('converting', () => {
  it('joins, cuts and renames, and says which episode came from where', async () => {
    const [first, second] = [await recording('first', [1, 2, 3]), await recording('second', [4, 5])]
    const path = join(folder, 'joined')
    const map = await exportLeRobotV3({ path, sources: [{ dataset: first, episodes: [2, 0] }, { dataset: second, episodes: [1] }], changes: { rename: { wrist: 'hand', executed_action: 'sent.action' } } })
    expect(map).toEqual([{ episode: 0, source: first.detail.path, sourceEpisode: 2 }, { episode: 1, source: first.detail.path, sourceEpisode: 0 }, { episode: 2, source: second.detail.path, sourceEpisode: 1 }])
    expect(JSON.parse(await readFile(join(path, 'kinora/episode-map.json'), 'utf8'))).toMatchObject({ episodes: map, renamed: { wrist: 'hand' } })
    const joined = await openDataset(path)
    expect(joined.detail).toMatchObject({ format: 'lerobot-v3.0', episodeCount: 3, cameras: ['agentview', 'hand'], problems: [] })
    expect(joined.detail.features.map(({ key }) => key)).toContain('sent.action')
    expect(joined.detail.episodes.map(({ instruction, seed }) => [instruction, seed])).toEqual([['do thing 1', 3], ['do thing 1', 1], ['do thing 1', 5]])
    const cameras = [['agentview', 'agentview'], ['wrist', 'hand']] as const
    await expectSameEpisode(first, 2, joined, 0, cameras)
    await expectSameEpisode(first, 0, joined, 1, cameras)
    await expectSameEpisode(second, 1, joined, 2, cameras)
    expect(await joined.readVector(0, 'sent.action')).toEqual(await first.readVector(2, 'executed_action'))
    for (const dataset of [first, second, joined]) dataset.dispose()
  })

  it('leaves out features and cameras by name, and says so in the map', async () => {
    const dataset = await recording('whole', [1, 2])
    const path = join(folder, 'less')
    await exportLeRobotV3({ path, sources: [{ dataset, episodes: [1] }], changes: { without: ['wrist', 'executed_action'] } })
    const less = await openDataset(path)
    expect(less.detail).toMatchObject({ cameras: ['agentview'], problems: [] })
    expect(less.detail.features.map(({ key }) => key)).not.toContain('executed_action')
    expect(await readFile(join(path, 'meta/stats.json'), 'utf8')).not.toMatch(/wrist|executed_action/)
    expect(JSON.parse(await readFile(join(path, 'kinora/episode-map.json'), 'utf8'))).toMatchObject({ without: ['wrist', 'executed_action'] })
    await expectSameEpisode(dataset, 1, less, 0, [['agentview', 'agentview']])
    const problemsOf = (source: Dataset, without: readonly string[] = []) => lostFlowProblem(planExports([source], { without })[0]!, source)
    expect(problemsOf(dataset, ['executed_action'])?.what).toContain('exact optical flow is gone')
    // The whole recording, and what never could be played.
    expect([problemsOf(dataset), problemsOf(less)]).toEqual([null, null])
    // The one that has less can be joined with the other once both are alike, and only then.
    const both = { sources: [{ dataset: less, episodes: [0] }, { dataset, episodes: [0] }] }
    await expect(exportLeRobotV3({ path: join(folder, 'unlike'), ...both })).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('it has executed_action, observation.images.wrist, which the first has not') as string, hint: expect.stringContaining('--without') as string })
    expect(await exportLeRobotV3({ path: join(folder, 'alike'), ...both, changes: { without: ['executed_action', 'observation.images.wrist'] } })).toHaveLength(2)
    for (const one of [dataset, less]) one.dispose()
  })

  it.each([
    [{ without: ['wrst'] }, /no feature "wrst" to be left out/],
    [{ without: ['task_index'] }, /"task_index" cannot be left out: every LeRobot dataset has it/],
    [{ rename: { timestamp: 'time' } }, /"timestamp" cannot be renamed/],
    [{ without: ['wrist'], rename: { wrist: 'hand' } }, /"wrist" is to be renamed and left out/],
    [{ without: ['observation.state', 'action', 'executed_action', 'agentview', 'wrist'] }, /No feature would be left/],
  ])('refuses %j', async (changes, message) => {
    const dataset = await recording(`refused-${randomUUID()}`, [1])
    expect(() => planExports([dataset], changes)).toThrow(message)
    dataset.dispose()
  })

  it('writes nothing over what is there and leaves nothing of what fails', async () => {
    const dataset = await recording('source', [1])
    await expect(exportLeRobotV3({ path: join(folder, 'source'), sources: [{ dataset, episodes: [0] }] })).rejects.toMatchObject({ code: 'usage' })
    const path = join(folder, 'failed')
    await expect(exportLeRobotV3({ path, sources: [{ dataset: { ...dataset, detail: dataset.detail, readEpisode: () => Promise.reject(new Error('cut')) } as Dataset, episodes: [0] }] })).rejects.toThrow()
    await expect(openDataset(path)).rejects.toMatchObject({ code: 'not-found' })
    expect(() => planExports([dataset], { rename: { wrst: 'hand' } })).toThrow(/no feature "wrst"/)
    expect(() => planExports([dataset], { rename: { wrist: 'agentview' } })).toThrow(/Two features would be called "observation.images.agentview"/)
    dataset.dispose()
  })

  it('keeps whole numbers whole, beyond what float32 holds, and flags flags', async () => {
    const { path, stamps, pairs, flags } = await convertIntegers('integers')
    const copy = await openDataset(path)
    expect(copy.detail.problems).toEqual([])
    for (const [key, dtype, length] of [['stamp_ns', 'int64', 1], ['cells', 'int64', 2], ['touches', 'bool', 3]] as const) expect(copy.detail.features.find((feature) => feature.key === key)).toMatchObject({ dtype, shape: [length] })
    expect(await copy.readIntegers!(0, 'stamp_ns')).toEqual(stamps)
    expect(await copy.readIntegers!(0, 'cells')).toEqual(pairs)
    expect(await copy.readVector(0, 'touches')).toEqual(flags)
    // And so does a copy of the copy, which reads them from the file.
    const again = join(folder, 'integers-again')
    await exportLeRobotV3({ path: again, sources: [{ dataset: copy, episodes: [0] }] })
    const second = await openDataset(again)
    expect(await second.readIntegers!(0, 'stamp_ns')).toEqual(stamps)
    for (const one of [copy, second]) one.dispose()
  })

  it('tells which features it does not write', async () => {
    const dataset = await recording('text', [1])
    expect(leftOutProblem(planExports([dataset])[0]!, 'text')).toBeNull()
    const extra = [['remark', 'string', []], ['depth_map', 'float32', [4, 4]]] as const
    const features = [...dataset.detail.features, ...extra.map(([key, dtype, shape]) => ({ key, dtype, shape: [...shape], names: null }))]
    const source = { ...dataset, readText: dataset.readText!.bind(dataset), stateNames: dataset.stateNames, actionNames: dataset.actionNames, detail: { ...dataset.detail, features } } as Dataset
    const [plan] = planExports([source]) as [ExportPlan]
    expect(plan.texts.map(({ key }) => key)).toEqual(['remark'])
    expect(plan.leftOut).toEqual(['depth_map'])
    expect(leftOutProblem(plan, 'text')).toMatchObject({ severity: 'warning', what: expect.stringContaining('text: depth_map is not written') })
    // What somebody leaves out by name is no surprise.
    expect(leftOutProblem(planExports([source], { without: ['depth_map'] })[0]!, 'text')).toBeNull()
    dataset.dispose()
  })

  it('chooses and splits episodes', () => {
    const all = Array.from({ length: 20 }, (_, index) => ({ index, frameCount: 5, instruction: index % 2 === 0 ? 'Open the drawer' : 'close it', seed: null }))
    expect(parseEpisodes('0-3, 7')).toEqual([0, 1, 2, 3, 7])
    expect(chooseEpisodes(all, { episodes: [1, 2, 3, 4], leaveOut: [2], task: 'drawer' })).toEqual([4])
    expect(() => chooseEpisodes(all, { episodes: [99] })).toThrow(/no readable episode 99/)
    expect(() => parseEpisodes('3-1')).toThrow(/names no episodes/)
    const split = splitByShares(all.map(({ index }) => index), 'train=0.8,val=0.2')
    expect([split.get('train')!.length, split.get('val')!.length]).toEqual([16, 4])
    expect([...split.values()].flat().sort((a, b) => a - b)).toEqual(all.map(({ index }) => index))
    expect(() => splitByShares([1, 2], 'a=0.5,b=0.6')).toThrow(/add up to 1.1/)
  })

  it.skipIf(!hasSharedData('bridge-rlds'))(`keeps the JPEGs of the real Bridge sample as they are ${whereShared}`, async () => {
    const bridge = await openDataset(sharedData('bridge-rlds'))
    const path = join(folder, 'bridge')
    await exportLeRobotV3({ path, sources: [{ dataset: bridge, episodes: [3, 11] }] })
    const copy = await openDataset(path)
    expect([copy.detail.problems, copy.detail.fps, copy.detail.cameras]).toEqual([[], 5, bridge.detail.cameras])
    await expectSameEpisode(bridge, 3, copy, 0, [['image_0', 'image_0']])
    await expectSameEpisode(bridge, 11, copy, 1, [['image_2', 'image_2']])
    for (const dataset of [bridge, copy]) dataset.dispose()
  })

  it.skipIf(!hasSharedData('lerobot-v21-g1'))(`copies the AV1 videos of the real G1 sample ${whereShared}`, async () => {
    const g1 = await openDataset(sharedData('lerobot-v21-g1'))
    const path = join(folder, 'g1')
    const [a, b] = g1.detail.episodes.slice(-2).map(({ index }) => index) as [number, number]
    await exportLeRobotV3({ path, sources: [{ dataset: g1, episodes: [b, a] }], changes: { rename: { cam_high: 'front' } } })
    const copy = await openDataset(path)
    expect([copy.detail.problems, copy.detail.cameras]).toEqual([[], ['front']])
    const [own, other] = [await g1.readFrame(b, 'cam_high', 20), await copy.readFrame(0, 'front', 20)]
    expect(Buffer.compare(own.data, other.data)).toBe(0)
    for (const dataset of [g1, copy]) dataset.dispose()
  })

  it.skipIf(!peerPython('lerobot'))(`is opened by lerobot itself ${wherePeer('lerobot')}`, { timeout: 900_000 }, async () => {
    const dataset = await recording('for-lerobot', [1, 2, 3])
    const path = join(folder, 'for-lerobot-converted')
    await exportLeRobotV3({ path, sources: [{ dataset, episodes: [2, 1] }], changes: { rename: { wrist: 'hand' } } })
    const { episodes, frames, item } = await readWithLeRobot(path)
    const [two, one] = dataset.detail.episodes.filter(({ index }) => index > 0).reverse()
    const picture = await dataset.readFrame(2, 'wrist', 0)
    const mean = picture.data.reduce((sum, value) => sum + value, 0) / picture.data.length / 255
    expect({ episodes, frames, task: item.task }).toEqual({ episodes: 2, frames: two!.frameCount + one!.frameCount, task: two!.instruction })
    expect(item['observation.images.hand']).toEqual({ shape: [3, 8, 8], mean: expect.closeTo(mean, 5) })
    expect(Float32Array.from(item.action as number[])).toEqual((await dataset.readEpisode(2)).action.slice(0, 2))
    dataset.dispose()
    const integers = await readWithLeRobot((await convertIntegers('integers-for-lerobot')).path, 1)
    expect(integers.item).toMatchObject({ cells: [-1, 0], touches: [true, false, true] })
  })
})
