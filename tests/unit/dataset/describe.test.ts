import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../../../electron/base/rng.ts'
import { datasetStatisticsSchema } from '../../../electron/contract/dataset-statistics.ts'
import { KinoraError } from '../../../electron/contract/errors.ts'
import { checkActions, checkColumns, checkSpikes } from '../../../electron/dataset/check-columns.ts'
import { describeDataset } from '../../../electron/dataset/describe.ts'
import { Distribution } from '../../../electron/dataset/distribution.ts'
import { episodeQuality, findOutliers } from '../../../electron/dataset/episode-quality.ts'
import { openDataset } from '../../../electron/dataset/open.ts'
import { matrixStatistics } from '../../../electron/dataset/statistics.ts'
import { movingSquares } from '../../support/moving-squares.ts'
import { hasSharedData, sharedData, whereShared } from '../../support/shared-data.ts'

function distributionOf(values: Iterable<number>): Distribution {
  const distribution = new Distribution()
  for (const value of values) distribution.add(value)
  return distribution
}

describe('Distribution', () => {
  it('agrees with the exact statistics of a small sample', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }), (values) => {
      const exact = matrixStatistics(values, 1)
      const found = distributionOf(values).summary()
      for (const name of ['min', 'max', 'q01', 'q50', 'q99'] as const) expect(found[name]).toBe(exact[name][0])
      expect(found.mean).toBeCloseTo(exact.mean[0]!, 6)
      expect(found.std).toBeCloseTo(exact.std[0]!, 6)
      expect(found.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
    }))
  })

  it('keeps quantiles of a large sample to a thousandth of its range, however it grows', () => {
    const rng = new Rng(5)
    // The range doubles many times after the bins were laid, up and down.
    const values = Array.from({ length: 60_000 }, (_, index) => rng.normal() * (1 + index / 500))
    const exact = matrixStatistics(values, 1)
    const found = distributionOf(values).summary()
    const range = exact.max[0]! - exact.min[0]!
    for (const name of ['q01', 'q10', 'q50', 'q90', 'q99'] as const) expect(Math.abs(found[name] - exact[name][0]!)).toBeLessThan(range / 1000)
    expect(found.mean).toBeCloseTo(exact.mean[0]!, 8)
    expect(found.std).toBeCloseTo(exact.std[0]!, 8)
    expect(found.histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
  })

  it('counts what is not finite and describes a constant', () => {
    const found = distributionOf([...new Array<number>(5000).fill(3), NaN, Infinity]).summary()
    expect(found).toMatchObject({ count: 5000, nonFinite: 2, min: 3, max: 3, mean: 3, std: 0, q50: 3, histogram: { from: 3, to: 3, counts: [5000] } })
    expect(new Distribution().summary()).toMatchObject({ count: 0, min: 0, max: 0, histogram: { counts: [] } })
  })
})

describe('spikes', () => {
  const rng = new Rng(3)
  const episodes = [0, 4].map((episode) => ({ episode, values: Float32Array.from({ length: 400 }, () => rng.normal()) }))
  const spreadsOf = (all: readonly { values: Float32Array }[]) => [0, 1].map((dimension) => distributionOf(all.flatMap(({ values }) => [...values.filter((_, at) => at % 2 === dimension)])).summary())

  it('are told with episode, frame and what is usual', () => {
    const broken = [episodes[0]!, { episode: 4, values: episodes[1]!.values.slice() }]
    broken[1]!.values[2 * 31 + 1] = 3e38
    const [problem, ...others] = checkSpikes('action', ['x', 'z'], spreadsOf(broken), broken)
    expect(others).toEqual([])
    expect(problem).toMatchObject({ episode: 4, what: expect.stringMatching(/^The action "z" of episode 4 is 3e\+38 in frame 31, where 98 % of all frames lie from -2\.\d+ to 2\.\d+\.$/) as string })
    broken[1]!.values[2 * 31 + 1] = -500
    expect(checkSpikes('state', ['x', 'z'], spreadsOf(broken), broken)[0]!.what).toContain('is -500 in frame 31')
  })

  it('are no far ends, flags or constants', () => {
    expect(checkSpikes('action', ['x', 'z'], spreadsOf(episodes), episodes)).toEqual([])
    const flags = [{ episode: 0, values: Float32Array.from({ length: 400 }, (_, at) => (at === 10 ? 1 : 0)) }]
    expect(checkSpikes('action', ['a', 'b'], spreadsOf(flags), flags)).toEqual([])
  })
})

describe('episode quality', () => {
  const smooth = Float32Array.from({ length: 100 }, (_, frame) => Math.sin(frame / 15))

  it('finds the frame of a jerk and the longest rest', () => {
    const jerky = smooth.slice()
    jerky[60]! += 0.5
    const calm = episodeQuality(0, smooth, 100, [2], 10)
    const found = episodeQuality(1, jerky, 100, [2], 10)
    expect(found.jerk).toBeGreaterThan(10 * calm.jerk)
    expect(Math.abs(found.jerkFrame - 60)).toBeLessThanOrEqual(2)
    const resting = Float32Array.from(smooth, (value, frame) => (frame >= 30 && frame < 70 ? smooth[30]! : value))
    const rest = episodeQuality(2, resting, 100, [2], 10)
    expect([rest.stillFrame, rest.stillSteps]).toEqual([30, 39])
    expect(calm.stillSteps).toBeLessThan(5)
  })

  it('names episodes outside of the fences of their task, with the frame to look at', () => {
    const quality = Array.from({ length: 20 }, (_, episode) => ({ ...episodeQuality(episode, smooth, 100, [2], 10), frameCount: 95 + (episode % 10) }))
    quality[3] = { ...quality[3]!, frameCount: 20 }
    quality[4] = { ...quality[4]!, frameCount: 300 }
    quality[5] = { ...quality[5]!, jerk: quality[5]!.jerk * 9, jerkFrame: 41 }
    quality[6] = { ...quality[6]!, stillShare: 0.7, stillFrame: 12, stillSteps: 50 }
    expect(findOutliers(quality, () => 'one task').map(({ kind, episode, frame }) => [kind, episode, frame])).toEqual([['short', 3, 19], ['long', 4, 299], ['jerky', 5, 41], ['still', 6, 12]])
    expect(findOutliers(quality.slice(0, 7), () => 'too few')).toEqual([])
  })
})

describe('what only the numbers show', () => {
  const names = { state: ['x'], action: ['a', 'b'] }
  const good = { frameCount: 4, state: Float32Array.of(0, 1, 2, 3), action: Float32Array.of(0, 0, 1, 0, 2, 0, 3, 0), timestamps: Float64Array.of(5, 5.1, 5.2, 5.3) }

  it('passes clean columns, whatever time they begin at', () => {
    expect(checkColumns(good, names, 10, { episode: 0 })).toEqual([])
  })

  it.each([
    ['a value that is not finite', { ...good, state: Float32Array.of(0, 1, NaN, 3) }, /state "x" of episode 7 is NaN in frame 2/],
    ['an action that never changes', { ...good, action: new Float32Array(8) }, /action of episode 7 never changes/],
    ['time that drifts', { ...good, timestamps: Float64Array.of(0, 0.11, 0.24, 0.37) }, /off by 70 ms in frame 3: 0.370 s, where 10 Hz gives 0.300 s/],
    ['time that does not rise', { ...good, timestamps: Float64Array.of(0, 0.1, 0.1, 0.3) }, /do not rise: frame 2/],
  ])('tells %s, with episode, file and what to do', (_, columns, what) => {
    const problems = checkColumns(columns, names, 10, { episode: 7, file: 'data/seven.parquet' })
    expect(problems).toEqual([{ severity: 'warning', episode: 7, file: 'data/seven.parquet', what: expect.stringMatching(what), hint: expect.stringMatching(/\w/) }])
  })

  it('tells a constant and a clipped dimension, and lets a gripper be', () => {
    const clipped = Float32Array.from({ length: 100 }, (_, index) => Math.min(0.5, Math.sin(index)))
    const gripper = Float32Array.from({ length: 100 }, (_, index) => (index % 7 < 3 ? 1 : -1))
    const free = Float32Array.from({ length: 100 }, (_, index) => Math.sin(index))
    expect(checkActions(['still', 'clipped', 'gripper', 'free'], [new Float32Array(100).fill(2), clipped, gripper, free]).map(({ what }) => what)).toEqual([
      expect.stringContaining('"still" is 2 in every frame'),
      expect.stringMatching(/"clipped" is exactly 0.5 in \d+ % of the frames/),
    ])
  })
})

describe('describeDataset', () => {
  it('gives the whole dataset and each task, and keeps what reads when an episode does not', async () => {
    const squares = movingSquares({ episodes: 10, frames: 12 })
    const broken = await describeDataset({ ...squares, readEpisode: (episode) => (episode === 3 ? Promise.reject(new KinoraError('dataset-invalid', 'Row 5 is cut.', 'Copy it again.')) : squares.readEpisode(episode)) })
    expect([broken.episodesRead, broken.problems.filter(({ severity }) => severity === 'error')]).toEqual([9, [{ severity: 'error', what: 'Row 5 is cut.', hint: 'Copy it again.', episode: 3 }]])
    const statistics = await describeDataset(squares)
    expect(datasetStatisticsSchema.parse(statistics)).toEqual(statistics)
    expect(statistics.all).toMatchObject({ task: null, episodeCount: 10, frameCount: 120, lengths: { min: 12, max: 12 } })
    expect(statistics.tasks.map(({ task, episodeCount }) => [task, episodeCount])).toEqual(squares.detail.tasks.map((task) => [task, 5]))
    const [right, down] = statistics.tasks.map(({ features }) => features.find(({ key }) => key === 'action')!.dimensions.map(({ max }) => max))
    expect([right, down]).toEqual([[1, 0], [0, 1]])
  })

  it.skipIf(!hasSharedData('bridge-rlds'))(`reads the real Bridge sample ${whereShared}`, async () => {
    const dataset = await openDataset(sharedData('bridge-rlds'))
    const statistics = await describeDataset(dataset)
    expect([statistics.episodesRead, statistics.framesRead]).toEqual([25, 250])
    expect(statistics.all.features.map(({ key, dimensions }) => [key, dimensions.length])).toEqual([['state', 7], ['action', 7]])
    expect(statistics.quality.every(({ jerk }) => Number.isFinite(jerk))).toBe(true)
    dataset.dispose()
  })
})
