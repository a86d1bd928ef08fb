import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { decodeMotionImage } from '../../../electron/flow/motion-image.ts'
import { motionWords } from '../../../electron/flow/motion-words.ts'
import { normalise, vectorStatistics } from '../../../electron/model/normalisation.ts'
import { motionPicture } from '../../../electron/model/motion-picture.ts'
import { Tokenizer } from '../../../electron/model/tokenizer.ts'
import { BatchBuilder } from '../../../electron/sampler/batch.ts'
import { splitEpisodes } from '../../../electron/sampler/episodes.ts'
import { loadEpisodes, type EpisodeMemory } from '../../../electron/sampler/memory.ts'
import { SampleOrder } from '../../../electron/sampler/order.ts'
import { checkMirrored, mirrorOf } from '../../../electron/sampler/mirror.ts'
import { measureFlowScale, TargetWriter } from '../../../electron/sampler/motion-targets.ts'
import { plainViews, viewSize, ViewSource, type ViewOptions } from '../../../electron/sampler/views.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'

/** Instructions that a mirror does not belie. */
function sideless(dataset: Dataset): Dataset {
  const { detail } = dataset
  return { ...dataset, detail: { ...detail, tasks: ['move'], episodes: detail.episodes.map((episode) => ({ ...episode, instruction: 'move' })) } }
}

async function load(dataset: Dataset, episodes: readonly number[], config = smallConfig()): Promise<EpisodeMemory> {
  const reader = loadEpisodes(dataset, episodes, config)
  for (;;) {
    const next = await reader.next()
    if (next.done) return next.value
  }
}

describe('splitEpisodes', () => {
  const episodes = Array.from({ length: 20 }, (_, index) => ({ index, frameCount: 5, instruction: index < 10 ? 'a' : 'b', seed: null }))

  it('holds out the last share of every task and never trains on it', () => {
    const { training, heldOut } = splitEpisodes(episodes, { validationFraction: 0.2, episodesPerTask: 0 })
    expect(heldOut).toEqual([8, 9, 18, 19])
    expect(training.filter((index) => heldOut.includes(index))).toEqual([])
    expect(training).toHaveLength(16)
  })

  it('keeps the first episodes of each task, with the same held-out ones', () => {
    const split = splitEpisodes(episodes, { validationFraction: 0.2, episodesPerTask: 3 })
    expect(split).toEqual({ training: [0, 1, 2, 10, 11, 12], heldOut: [8, 9, 18, 19] })
  })

  it('holds out at least one of two, none of one, none when asked, and refuses an empty dataset', () => {
    expect(splitEpisodes(episodes.slice(0, 2), { validationFraction: 0.1, episodesPerTask: 0 })).toEqual({ training: [0], heldOut: [1] })
    expect(splitEpisodes(episodes.slice(0, 1), { validationFraction: 0.5, episodesPerTask: 0 }).heldOut).toEqual([])
    expect(splitEpisodes(episodes, { validationFraction: 0, episodesPerTask: 0 }).heldOut).toEqual([])
    expect(() => splitEpisodes([], { validationFraction: 0.1, episodesPerTask: 0 })).toThrow(expect.objectContaining({ code: 'dataset-invalid' }))
  })
})

describe('SampleOrder', () => {
  it('shows every sample once an epoch, in another order each epoch', () => {
    const order = new SampleOrder(3, 10)
    const first = [...order.batch(0, 10)]
    const second = [...order.batch(10, 10)]
    expect([...first].sort((a, b) => a - b)).toEqual([...Array(10).keys()])
    expect([...second].sort((a, b) => a - b)).toEqual([...Array(10).keys()])
    expect(second).not.toEqual(first)
  })

  it('is a pure function of the position, across epochs and in any order of asking', () => {
    const whole = [...new SampleOrder(3, 7).batch(0, 40)]
    const other = new SampleOrder(3, 7)
    expect([...other.batch(25, 15)]).toEqual(whole.slice(25))
    expect([...other.batch(3, 9)]).toEqual(whole.slice(3, 12))
    expect([...new SampleOrder(4, 7).batch(0, 40)]).not.toEqual(whole)
  })
})

describe('ViewSource', () => {
  const samples = Int32Array.from({ length: 200 }, (_, index) => index)
  const source = (options: Partial<ViewOptions>, seed = 1): ViewSource => new ViewSource(seed, { ...plainViews, ...options }, 2)
  const column = (views: Float32Array, at: number): number[] => Array.from({ length: views.length / viewSize }, (_, index) => views[index * viewSize + at]!)

  it.each([0, 4])('stays within its limits, reaches them, and depends on (seed, step, samples) alone: %i variants', (shiftVariants) => {
    const options = { randomShiftPx: 2, randomCropFraction: 0.8, flipProbability: 0.5, shiftVariants }
    const { views } = source(options).draw(9, samples)
    expect(views).toHaveLength(200 * 2 * viewSize)
    for (const axis of [0, 1]) expect(new Set(column(views, axis))).toEqual(new Set([-2, -1, 0, 1, 2]))
    const sides = column(views, 4)
    expect(Math.min(...sides)).toBeGreaterThanOrEqual(0.8)
    expect(Math.min(...sides)).toBeLessThan(0.82)
    expect(Math.max(...sides)).toBeLessThanOrEqual(1)
    for (const axis of [2, 3]) column(views, axis).forEach((start, index) => expect(start + sides[index]!).toBeLessThanOrEqual(1 + 1e-6))
    const flips = column(views, 5)
    flips.forEach((flip, index) => expect(flip).toBe(flips[index - (index % 2)]))
    expect(flips.filter((flip) => flip === 1).length).toBeGreaterThan(120)
    expect(flips.filter((flip) => flip === 0).length).toBeGreaterThan(120)
    expect(source(options).draw(9, samples).views).toEqual(views)
    expect(source(options).draw(10, samples).views).not.toEqual(views)
    expect(source(options, 2).draw(9, samples).views).not.toEqual(views)
  })

  it('draws the same shifts whether or not it crops and mirrors, and leaves all as it is when nothing is asked for', () => {
    const plain = source({ randomShiftPx: 2, shiftVariants: 3 }).draw(4, samples)
    const all = source({ randomShiftPx: 2, shiftVariants: 3, randomCropFraction: 0.9, flipProbability: 0.5 }).draw(4, samples)
    for (const axis of [0, 1]) expect(column(all.views, axis)).toEqual(column(plain.views, axis))
    expect(new Set(column(source({}).draw(4, samples).views, 0))).toEqual(new Set([0]))
    expect(source({ shiftVariants: 0 }).variants).toBe(1)
  })

  it('gives a picture no other views than those of its variants', () => {
    const own = source({ randomShiftPx: 3, randomCropFraction: 0.9, shiftVariants: 3 })
    const known = own.variantsOf(17)
    const seen = new Set<string>()
    for (let step = 1; step <= 60; step++) {
      const { views, variants } = own.draw(step, Int32Array.of(17))
      expect([...views]).toEqual([...known.subarray(variants[0]! * 2 * viewSize, (variants[0]! + 1) * 2 * viewSize)])
      seen.add(views.join())
    }
    expect(seen.size).toBe(3)
  })
})

describe('mirrorOf', () => {
  const libero = ['x', 'y', 'z', 'axis_angle_x', 'axis_angle_y', 'axis_angle_z', 'gripper']
  const stateNames = ['robot0_eef_pos.x', 'robot0_eef_pos.y', 'robot0_eef_pos.z', 'robot0_eef_axis_angle.x', 'robot0_eef_axis_angle.y', 'robot0_eef_axis_angle.z', 'robot0_gripper_qpos.left', 'robot0_gripper_qpos.right']

  it('negates what lies to the side, and the rotations that turn with it', () => {
    const { action, state } = mirrorOf({ mirror: null }, stateNames, libero)
    expect([...action(Float32Array.of(1, 2, 3, 4, 5, 6, -1))]).toEqual([1, -2, 3, -4, 5, -6, -1])
    const turned = state(Float32Array.of(1, 2, 3, 0.5, 0.25, 0, 0.5, -0.5))
    expect([...turned]).toEqual([1, -2, 3, -0.5, 0.25, -0, 0.5, -0.5])
    expect([...action(action(Float32Array.of(1, 2, 3, 4, 5, 6, -1)))]).toEqual([1, 2, 3, 4, 5, 6, -1])
  })

  it('keeps a gripper that points down near pi: the same turn, written the nearer way', () => {
    const { state } = mirrorOf({ mirror: null }, stateNames, libero)
    const mirrored = state(Float32Array.of(0, 0, 0, 3.1, 0.1, 0.05, 0, 0))
    const [x, y, z] = [mirrored[3]!, mirrored[4]!, mirrored[5]!]
    expect(Math.hypot(x - 3.1, y - 0.1, z - 0.05)).toBeLessThan(0.5)
    // As rotation matrices: M R M with M = diag(1, -1, 1) is what the axial vector (-x, y, -z) turns by.
    const length = Math.hypot(x, y, z)
    const plain = Math.hypot(3.1, 0.1, 0.05)
    expect(Math.cos(length)).toBeCloseTo(Math.cos(plain), 5)
    for (const [axis, value] of [[x, -3.1], [y, 0.1], [z, -0.05]] as const) expect((axis / length) * Math.sin(length)).toBeCloseTo((value / plain) * Math.sin(plain), 5)
  })

  it('refuses what it does not know, and instructions that speak of sides', () => {
    expect(() => mirrorOf({ mirror: null }, ['x'], ['joint_0'])).toThrow(expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining('"joint_0" of the action') as string }))
    expect(() => mirrorOf({ mirror: { state: [1], action: [1, 1] } }, ['x'], ['joint_0'])).toThrow(/has 2 signs, and the action has 1/)
    expect([...mirrorOf({ mirror: { state: [1], action: [-1] } }, ['x'], ['joint_0']).action(Float32Array.of(2))]).toEqual([-2])
    expect(() => checkMirrored(['open the drawer', 'put it left of the plate'])).toThrow(expect.objectContaining({ code: 'dataset-invalid' }))
  })
})

describe('batches of moving squares', () => {
  const config = smallConfig({ backbone: { stem: 'conv' }, motion: { maskEpisodeEnd: true } })
  const frames = 12

  async function builder(): Promise<{ memory: EpisodeMemory; build: BatchBuilder; statistics: ReturnType<typeof statisticsOf> }> {
    const memory = await load(movingSquares({ frames }), [0, 1], config)
    const statistics = statisticsOf(memory)
    return { memory, statistics, build: new BatchBuilder(memory, config, statistics, Tokenizer.train(memory.instructions, 300)) }
  }
  const statisticsOf = (memory: EpisodeMemory) => ({ norm_stats: { state: vectorStatistics(memory.state, memory.stateDimension), actions: vectorStatistics(memory.action, memory.actionDimension) } })

  it('has the shapes that the model reads', async () => {
    const { build } = await builder()
    const batch = build.build(Int32Array.of(0, 13, 5))
    expect(Object.fromEntries(Object.entries(batch).map(([name, tensor]) => [name, tensor.shape]))).toEqual({
      'images': [6, 3, 16, 16],
      'text-ids': [3, 8],
      'text-mask': [3, 8],
      'state': [3, 3],
      'actions': [3, 4, 2],
      'action-mask': [3, 4],
      'motion-weight': [3],
    })
  })

  it('clamps a chunk at its episode\'s end, masks what lies past it, and never reads the next episode', async () => {
    const { build, memory, statistics } = await builder()
    const batch = build.build(Int32Array.of(frames - 2, frames))
    expect([...(batch['action-mask']!.data as Float32Array)]).toEqual([1, 1, 0, 0, 1, 1, 1, 1])
    const actions = normalise(memory.action, statistics.norm_stats.actions, 'z-score')
    const row = [...(batch['actions']!.data as Float32Array).subarray(0, 8)]
    const last = [...actions.subarray((frames - 1) * 2, frames * 2)]
    expect(row).toEqual([...actions.subarray((frames - 2) * 2, frames * 2), ...last, ...last])
  })

  it('leaves frames whose flow would pass the episode\'s end out of the motion loss when asked', async () => {
    const { build } = await builder()
    expect([...(build.build(Int32Array.of(0, 8, 9, 11, 12))['motion-weight']!.data as Float32Array)]).toEqual([1, 1, 0, 0, 1])
  })

  /** One view for both cameras. */
  const view = (x: number, y: number, left = 0, top = 0, side = 1, flip = 0): Float32Array => Float32Array.of(x, y, left, top, side, flip, x, y, left, top, side, flip)
  const mirror = { state: [-1, 1, 1] as (1 | -1)[], action: [-1, 1] as (1 | -1)[] }
  const plane = 16 * 16
  const squareIn = (image: Float32Array): boolean[] => Array.from({ length: plane }, (_, pixel) => image[pixel]! > 0.3 && image[pixel + plane]! < -0.3)
  const motionOf = async (target: 'motion-image' | 'raw-flow', views: Float32Array, overrides: Parameters<typeof smallConfig>[0] = {}) => {
    const own = smallConfig({ ...overrides, backbone: { stem: 'conv' }, motion: { target, ...(overrides.motion as object) }, data: { flipProbability: 0.5, mirror } })
    const memory = await load(sideless(movingSquares({ frames })), [0, 1], own)
    const images = new BatchBuilder(memory, own, statisticsOf(memory), Tokenizer.train(memory.instructions, 300)).build(Int32Array.of(2), views)['images']!.data as Float32Array
    const picture = motionPicture(own, new TargetWriter(memory, own).planes(Int32Array.of(2), views).data, 0)
    return { isSquare: squareIn(images), flow: decodeMotionImage(picture) }
  }
  const views: [string, Float32Array][] = [['as it is', view(0, 0)], ['moved', view(2, -1)], ['moved the other way', view(-1, 2)], ['mirrored', view(0, 0, 0, 0, 1, 1)], ['mirrored and moved', view(1, 1, 0, 0, 1, 1)], ['cropped', view(0, 0, 0.05, 0.1, 0.85)], ['cropped, mirrored and moved', view(-1, 0, 0.1, 0, 0.9, 1)]]

  it.each((['motion-image', 'raw-flow'] as const).flatMap((target) => views.map(([name, given]) => [target, name, given] as const)))('shows picture and %s alike, %s: the square and its motion stay on one another', async (target, _name, given) => {
    const { isSquare, flow } = await motionOf(target, given)
    const isMirrored = given[5] === 1
    const common = isSquare.filter((is, pixel) => is && flow.moving[pixel] === 1).length
    const either = isSquare.filter((is, pixel) => is || flow.moving[pixel] === 1).length
    // A crop samples the picture between pixels and flow at the nearest: their outlines may differ by one.
    expect(common).toBeGreaterThan(8)
    expect(common / either).toBeGreaterThan(given[4] === 1 ? 0.999 : 0.6)
    isSquare.forEach((is, pixel) => {
      if (!is || flow.moving[pixel] !== 1) return
      expect(flow.uv[pixel * 2]! * (isMirrored ? -1 : 1)).toBeGreaterThan(0.9)
      expect(Math.abs(flow.uv[pixel * 2 + 1]!)).toBeLessThan(0.1)
    })
  })

  it.each(['motion-image', 'raw-flow'] as const)('enlarges %s with its crop where lengths are absolute', async (target) => {
    const lengthUnder = async (given: Float32Array): Promise<number> => Math.max(...(await motionOf(target, given, { motion: { normalisation: 'fixed', fixedPx: 6 } })).flow.uv.map(Math.abs))
    expect(await lengthUnder(view(0, 0))).toBeCloseTo(0.5, 1)
    expect(await lengthUnder(view(0, 0, 0.1, 0.1, 0.8))).toBeCloseTo(0.5 / 0.8, 1)
  })

  it('mirrors state and actions with the pictures', async () => {
    const own = smallConfig({ backbone: { stem: 'conv' }, data: { flipProbability: 0.5, mirror } })
    const memory = await load(sideless(movingSquares({ frames })), [0, 1], own)
    const build = new BatchBuilder(memory, own, statisticsOf(memory), Tokenizer.train(memory.instructions, 300))
    const plain = build.build(Int32Array.of(2), view(0, 0))
    const mirrored = build.build(Int32Array.of(2), view(0, 0, 0, 0, 1, 1))
    const { mean, std } = statisticsOf(memory).norm_stats.actions
    const raw = (batch: typeof plain): number[] => Array.from((batch['actions']!.data as Float32Array).subarray(0, 2), (value, axis) => value * (std[axis]! + 1e-6) + mean[axis]!)
    expect(raw(plain).map((value) => Math.round(value * 1e4) / 1e4 + 0)).toEqual([1, 0])
    expect(raw(mirrored).map((value) => Math.round(value * 1e4) / 1e4 + 0)).toEqual([-1, 0])
    // The second camera sees the first one's picture mirrored.
    const pixels = plane * 3
    expect(mirrored['images']!.data.slice(0, pixels)).toEqual(plain['images']!.data.slice(pixels, 2 * pixels))
  })

  it('describes motion in words that follow the mirror, and shows a future frame and a static target as they should be', async () => {
    const own = smallConfig({ motion: { target: 'words', wordGrid: 2 }, data: { flipProbability: 0.5, mirror } })
    const memory = await load(sideless(movingSquares({ frames })), [0, 1], own)
    const words = (given: Float32Array): string[] => Array.from(new TargetWriter(memory, own).words(Int32Array.of(2), given).data, (word) => motionWords[word]!)
    expect(words(view(0, 0))).toContain('fast right')
    expect(words(view(0, 0, 0, 0, 1, 1))).toContain('fast left')
    expect(words(view(0, 0)).some((word) => word.includes('left'))).toBe(false)
    const future = smallConfig({ motion: { target: 'future-frame' } })
    const seen = await load(movingSquares({ frames, hasFlow: false }), [0], future)
    const planes = (control: 'none' | 'static', sample: number): number[] => [...(new TargetWriter(seen, smallConfig({ motion: { target: 'future-frame', control } })).planes(Int32Array.of(sample), view(1, 1)).data as Float32Array)]
    expect(planes('none', 2)).toEqual(planes('static', 5))
    expect(planes('none', 11)).toEqual(planes('static', 11))
    expect(planes('none', 2)).not.toEqual(planes('static', 2))
  })

  it('measures the scale of flow that a quantile asks for', async () => {
    const scale = measureFlowScale(movingSquares({ frames }), [0, 1], smallConfig({ motion: { normalisation: 'quantile', quantile: 0.99 } }))
    let next = await scale.next()
    while (!next.done) next = await scale.next()
    expect(next.value).toBe(3)
  })

  it('gives each sample its own instruction', async () => {
    const { build } = await builder()
    const batch = build.build(Int32Array.of(0, frames, 1))
    const ids = batch['text-ids']!.data
    const row = (index: number): string => ids.slice(index * 8, index * 8 + 8).join()
    expect(row(0)).toBe(row(2))
    expect(row(0)).not.toBe(row(1))
  })
})

describe('loadEpisodes', () => {
  it('brings pictures of another size to the model\'s, and their motion with them', async () => {
    const config = smallConfig({ data: { imageSizePx: 8 }, vae: { foldPx: 1 } })
    const memory = await load(movingSquares({ sizePx: 16 }), [0], config)
    expect(memory.sizePx).toBe(8)
    expect(memory.pictures[0]!.length).toBe(12 * 8 * 8 * 3)
    expect(memory.motion!.length).toBe(12 * 8 * 8 * 3)
  })

  it('names episode, frame and column of a value that is not finite, and how to go on without it', async () => {
    const dataset = movingSquares()
    const broken: Dataset = { ...dataset, readEpisode: async (index) => {
      const columns = await dataset.readEpisode(index)
      columns.state[4] = NaN
      return columns
    } }
    await expect(load(broken, [0])).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringMatching(/"y" of episode 0 of .* is NaN in frame 1/) as string, hint: expect.stringContaining('--leave-out 0') as string })
  })

  it('says that a camera is missing, and which there are', async () => {
    const timeless = movingSquares()
    await expect(load({ ...timeless, detail: { ...timeless.detail, fps: 0 } }, [0], smallConfig())).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringMatching(/"moving squares" does not say its frame rate \(fps is 0\)/), hint: expect.stringContaining('fps') })
    await expect(load(movingSquares(), [0], smallConfig({ data: { cameras: ['front', 'top'] } }))).rejects.toMatchObject({ message: expect.stringMatching(/no camera "top"; it has "front", "mirrored"/) })
  })
})
