import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../electron/dataset/dataset.ts'
import { normalise, vectorStatistics } from '../../../electron/model/normalisation.ts'
import { Tokenizer } from '../../../electron/model/tokenizer.ts'
import { BatchBuilder } from '../../../electron/sampler/batch.ts'
import { splitEpisodes } from '../../../electron/sampler/episodes.ts'
import { loadEpisodes, type EpisodeMemory } from '../../../electron/sampler/memory.ts'
import { SampleOrder } from '../../../electron/sampler/order.ts'
import { ShiftSource } from '../../../electron/sampler/shifts.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { smallConfig } from '../../support/small-config.ts'

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

describe('ShiftSource', () => {
  const samples = Int32Array.from({ length: 200 }, (_, index) => index)

  it.each([0, 4])('stays within the limit, reaches it, and depends on (seed, step, samples) alone: %i variants', (variants) => {
    const { shifts } = new ShiftSource(1, 2, variants, 2).draw(9, samples)
    expect(shifts).toHaveLength(800)
    expect(new Set(shifts)).toEqual(new Set([-2, -1, 0, 1, 2]))
    expect(new ShiftSource(1, 2, variants, 2).draw(9, samples).shifts).toEqual(shifts)
    expect(new ShiftSource(1, 2, variants, 2).draw(10, samples).shifts).not.toEqual(shifts)
    expect(new ShiftSource(2, 2, variants, 2).draw(9, samples).shifts).not.toEqual(shifts)
    expect(new ShiftSource(1, 0, variants, 2).draw(9, samples).shifts.every((value) => value === 0)).toBe(true)
  })

  it('gives a picture no other moves than those of its variants', () => {
    const source = new ShiftSource(1, 3, 3, 2)
    const known = source.variantsOf(17)
    const seen = new Set<string>()
    for (let step = 1; step <= 60; step++) {
      const { shifts, variants } = source.draw(step, Int32Array.of(17))
      expect([...shifts]).toEqual([...known.subarray(variants[0]! * 4, variants[0]! * 4 + 4)])
      seen.add(shifts.join())
    }
    expect(seen.size).toBe(3)
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
      'motion-image': [3, 3, 16, 16],
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

  it('moves picture and motion image alike: the square and its motion stay on one another', async () => {
    const { build } = await builder()
    const plane = 16 * 16
    for (const [dx, dy] of [[0, 0], [2, -1], [-1, 2]] as const) {
      const batch = build.build(Int32Array.of(2), Int32Array.of(dx, dy, 0, 0))
      const image = batch['images']!.data as Float32Array
      const motion = batch['motion-image']!.data as Float32Array
      const isSquare = Array.from({ length: plane }, (_, pixel) => image[pixel]! > 0.5 && image[pixel + plane]! < -0.5)
      const isMoving = Array.from({ length: plane }, (_, pixel) => Math.min(motion[pixel]!, motion[pixel + plane]!, motion[pixel + 2 * plane]!) < 0.9)
      expect(isSquare.filter(Boolean).length).toBe(16)
      expect(isMoving).toEqual(isSquare)
    }
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

  it('names the column of a value that is not finite', async () => {
    const dataset = movingSquares()
    const broken: Dataset = { ...dataset, readEpisode: async (index) => {
      const columns = await dataset.readEpisode(index)
      columns.state[4] = NaN
      return columns
    } }
    await expect(load(broken, [0])).rejects.toMatchObject({ code: 'dataset-invalid', message: expect.stringContaining('"y" of sample 1 is NaN') })
  })

  it('says that a camera is missing, and which there are', async () => {
    await expect(load(movingSquares(), [0], smallConfig({ data: { cameras: ['front', 'top'] } }))).rejects.toMatchObject({ message: expect.stringMatching(/no camera "top"; it has "front", "mirrored"/) })
  })
})
