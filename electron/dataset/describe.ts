import { setImmediate } from 'node:timers/promises'
import type { DatasetStatistics, FeatureStatisticsSummary, TaskStatistics } from '../contract/dataset-statistics.ts'
import type { EpisodeSummary } from '../contract/dataset.ts'
import { KinoraError } from '../contract/errors.ts'
import { checkActions, checkColumns, checkSpikes, type EpisodeMatrix } from './check-columns.ts'
import type { Dataset } from './dataset.ts'
import { Distribution } from './distribution.ts'
import { episodeQuality, findOutliers } from './episode-quality.ts'
import { ProblemLog } from './problems.ts'

/** Of a larger dataset an even share of episodes is read: statistics settle long before, and memory stays bounded. */
const maxFrames = 1_000_000
/** Tasks described one by one, those with the most episodes. */
const maxTasks = 64

interface Spread {
  readonly lengths: Distribution
  readonly state: readonly Distribution[]
  readonly action: readonly Distribution[]
  episodeCount: number
  frameCount: number
}

/**
 * Reads a dataset's numbers (no picture) and says how they are spread, which episodes stand out, and what is wrong.
 * Memory: the read frames' state and action, 4 bytes a number.
 */
export async function describeDataset(dataset: Dataset, { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {}): Promise<DatasetStatistics> {
  const { detail, stateNames, actionNames } = dataset
  const problems = new ProblemLog()
  const chosen = evenShare(detail.episodes)
  const newSpread = (): Spread => ({ lengths: new Distribution(), state: stateNames.map(() => new Distribution()), action: actionNames.map(() => new Distribution()), episodeCount: 0, frameCount: 0 })
  const all = newSpread()
  const tasks = new Map(mostFrequent(detail.episodes).map((task) => [task, newSpread()]))
  const signals: { summary: EpisodeSummary; signal: Float32Array; frameCount: number }[] = []
  const matrices = { state: [] as EpisodeMatrix[], action: [] as EpisodeMatrix[] }
  for (const [index, summary] of chosen.entries()) {
    signal?.throwIfAborted()
    // Lets the process answer something else in between.
    if (index % 16 === 0) await setImmediate()
    try {
      const columns = await dataset.readEpisode(summary.index)
      const where = { episode: summary.index, ...(summary.file === undefined ? {} : { file: summary.file }) }
      for (const problem of checkColumns(columns, { state: stateNames, action: actionNames }, detail.fps, where)) problems.add(problem)
      for (const spread of [all, tasks.get(summary.instruction)]) {
        if (spread === undefined) continue
        spread.episodeCount++
        spread.frameCount += columns.frameCount
        spread.lengths.add(columns.frameCount)
        addRows(spread.state, columns.state)
        addRows(spread.action, columns.action)
      }
      signals.push({ summary, signal: stateNames.length > 0 ? columns.state : columns.action, frameCount: columns.frameCount })
      for (const key of ['state', 'action'] as const) matrices[key].push({ ...where, values: columns[key] })
    } catch (error) {
      if (!(error instanceof KinoraError)) throw error
      problems.caught(error, { episode: summary.index, ...(summary.file === undefined ? {} : { file: summary.file }) })
    }
    onProgress?.(index + 1, chosen.length)
  }
  for (const problem of checkActions(actionNames, actionNames.map((_, dimension) => column(matrices.action.map(({ values }) => values), actionNames.length, dimension)))) problems.add(problem)
  const whole = summarise(null, all, stateNames, actionNames)
  for (const { key, names, dimensions } of whole.features) for (const problem of checkSpikes(key, names, dimensions, matrices[key])) problems.add(problem)
  const moving = whole.features.find(({ key, dimensions }) => dimensions.length > 0 && key === (stateNames.length > 0 ? 'state' : 'action'))
  const ranges = moving?.dimensions.map(({ q01, q99 }) => q99 - q01) ?? []
  const quality = signals.map(({ summary, signal: own, frameCount }) => episodeQuality(summary.index, own, frameCount, ranges, detail.fps))
  const instructions = new Map(detail.episodes.map(({ index, instruction }) => [index, instruction]))
  return {
    episodeCount: detail.episodes.length,
    episodesRead: signals.length,
    framesRead: all.frameCount,
    all: whole,
    tasks: [...tasks].map(([task, spread]) => summarise(task, spread, stateNames, actionNames)),
    quality,
    outliers: findOutliers(quality, (episode) => instructions.get(episode)!),
    problems: problems.list(),
  }
}

function evenShare(episodes: readonly EpisodeSummary[]): readonly EpisodeSummary[] {
  const frames = episodes.reduce((sum, { frameCount }) => sum + frameCount, 0)
  if (frames <= maxFrames) return episodes
  const step = frames / maxFrames
  return Array.from({ length: Math.floor(episodes.length / step) }, (_, index) => episodes[Math.floor(index * step)]!)
}

function mostFrequent(episodes: readonly EpisodeSummary[]): string[] {
  const counts = new Map<string, number>()
  for (const { instruction } of episodes) counts.set(instruction, (counts.get(instruction) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, maxTasks).map(([task]) => task)
}

function addRows(spreads: readonly Distribution[], matrix: Float32Array): void {
  for (let index = 0; index < matrix.length; index++) spreads[index % spreads.length]?.add(matrix[index]!)
}

function column(matrices: readonly Float32Array[], dimension: number, index: number): Float32Array {
  const values = new Float32Array(matrices.reduce((sum, matrix) => sum + matrix.length / dimension, 0))
  let row = 0
  for (const matrix of matrices) for (let at = index; at < matrix.length; at += dimension) values[row++] = matrix[at]!
  return values
}

function summarise(task: string | null, spread: Spread, stateNames: readonly string[], actionNames: readonly string[]): TaskStatistics {
  const feature = (key: 'state' | 'action', names: readonly string[]): FeatureStatisticsSummary => ({ key, names: [...names], dimensions: spread[key].map((own) => own.summary()) })
  return { task, episodeCount: spread.episodeCount, frameCount: spread.frameCount, lengths: spread.lengths.summary(), features: [feature('state', stateNames), feature('action', actionNames)] }
}
