import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { nearest } from '../base/nearest.ts'
import type { DatasetStatistics, TaskStatistics } from '../contract/dataset-statistics.ts'
import { exitCodes, KinoraError } from '../contract/errors.ts'
import { flowEstimators, type FlowSource, type MotionHealth } from '../contract/flow.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { datasetFormats, type DatasetFormat } from '../contract/dataset.ts'
import type { DatasetPlace } from '../engine/dataset-places.ts'
import { counted, integer, percent, significant } from '../report/numbers.ts'
import { wholeNumber, type CommonOptions, type Context } from './context.ts'
import { problemLines } from './problem-lines.ts'
import { formatTable } from './table.ts'

export interface InspectOptions extends CommonOptions {
  readonly as?: DatasetFormat
  readonly stats?: boolean
  readonly flow?: boolean
  readonly camera?: string
  readonly horizon: number
  readonly flowSource: FlowSource
  readonly flowModel?: string
  readonly normStats?: string
}

export function withDatasetOptions(command: Command): Command {
  return command
    .addOption(new Option('--as <format>', 'what the dataset is, where the guess is wrong').choices([...datasetFormats]))
    .option('--stats', 'read every number: how state and action are spread, outliers, what is odd')
    .option('--flow', 'look at a sample of the motion images: are they fit to learn from?')
    .option('--camera <name>', 'camera for --flow (default: the first)')
    .option('--horizon <steps>', 'steps that the flow for --flow spans', wholeNumber(1, 1000), 5)
    .addOption(new Option('--flow-source <name>', 'where the flow for --flow comes from').choices(['auto', ...flowEstimators]).default('auto'))
    .option('--flow-model <file>', 'RAFT-like model for --flow-source onnx')
    .option('--norm-stats <file>', "write openpi's norm_stats.json of state and action to this file")
}

/** @returns an exit code where the dataset has errors. */
export async function inspectDataset(context: Context, place: DatasetPlace, options: InspectOptions): Promise<number | void> {
  const { openPlace } = await import('../engine/dataset-places.ts')
  const dataset = await openPlace(context.home, { ...place, format: options.as ?? place.format }, context.signal)
  try {
    const detail = { ...dataset.detail, id: place.id, path: place.path }
    const statistics = options.stats === true ? await describe(context, dataset) : null
    const motion = options.flow === true ? await checkFlow(context, dataset, options) : null
    const written = options.normStats === undefined ? null : await writeNormStatistics(context, dataset, options.normStats)
    const problems = [...detail.problems, ...(statistics?.problems ?? []), ...(motion?.problems ?? [])]
    const text = [
      ...summaryLines(dataset),
      ...(statistics === null ? [] : statisticsLines(statistics)),
      ...(motion === null ? [] : motionLines(motion)),
      ...(written === null ? [] : [`Wrote ${written}.`, '']),
      ...problemLines(problems, detail.problemCount),
    ]
    context.print({ kind: 'dataset', ...detail, ...(statistics === null ? {} : { statistics }), ...(motion === null ? {} : { motion }) }, text.join('\n'))
    return problems.some(({ severity }) => severity === 'error') ? exitCodes['dataset-invalid'] : undefined
  } finally {
    dataset.dispose()
  }
}

async function describe(context: Context, dataset: Dataset): Promise<DatasetStatistics> {
  const { describeDataset } = await import('../dataset/describe.ts')
  context.progress.start('Reading numbers', dataset.detail.episodeCount, 'episodes')
  const statistics = await describeDataset(dataset, { signal: context.signal, onProgress: (done) => context.progress.update(done) })
  context.progress.finish('done')
  return statistics
}

async function checkFlow(context: Context, dataset: Dataset, { camera = dataset.detail.cameras[0], horizon, flowSource, flowModel }: InspectOptions): Promise<MotionHealth> {
  if (camera === undefined) throw new KinoraError('dataset-invalid', `${dataset.detail.name} has no camera.`, 'Flow needs pictures.')
  if (!dataset.detail.cameras.includes(camera)) {
    const guess = nearest(camera, dataset.detail.cameras)
    throw new KinoraError('usage', `${dataset.detail.name} has no camera "${camera}".`, `${guess === undefined ? '' : `Did you mean "${guess}"? `}Its cameras: ${dataset.detail.cameras.join(', ')}.`)
  }
  if (flowSource === 'onnx') {
    // A model that is not there is no fault of the data, in which it would be told for every episode.
    const { createFlowEstimator } = await import('../flow/estimator.ts')
    await createFlowEstimator(flowSource, flowModel === undefined ? '' : resolve(flowModel))
  }
  const { checkMotion } = await import('../dataset/motion-health.ts')
  context.note(`Looking at motion images of ${camera} over ${horizon} steps`)
  return await checkMotion(dataset, camera, { source: flowSource, horizonSteps: horizon }, { signal: context.signal, ...(flowModel === undefined ? {} : { model: resolve(flowModel) }) })
}

async function writeNormStatistics(context: Context, dataset: Dataset, file: string): Promise<string> {
  const { normStatistics } = await import('../dataset/norm-statistics.ts')
  const { normStatisticsJson } = await import('../model/normalisation.ts')
  const { writeFileAtomic } = await import('../platform/fs-atomic.ts')
  const path = resolve(file)
  await writeFileAtomic(path, normStatisticsJson(await normStatistics(dataset, context.signal)))
  return path
}

function summaryLines({ detail }: Dataset): string[] {
  const lengths = detail.episodes.map(({ frameCount }) => frameCount)
  const [shortest, longest] = [lengths.reduce((a, b) => Math.min(a, b), Infinity), lengths.reduce((a, b) => Math.max(a, b), 0)]
  const length = lengths.length === 0 ? '' : `, ${shortest === longest ? longest : `${integer(shortest)} to ${integer(longest)}`} frames each`
  return [
    `Dataset ${detail.name} (${detail.format})`,
    `  ${detail.path}`,
    `  ${counted(detail.episodeCount, 'episodes')}, ${counted(detail.frameCount, 'frames')} at ${detail.fps} Hz${length}`,
    `  cameras: ${detail.cameras.join(', ') || 'none'}`,
    `  tasks: ${detail.tasks.join('; ') || 'none'}`,
    '',
    formatTable(['feature', 'type', 'shape', 'names'], detail.features.map(({ key, dtype, shape, names }) => [key, dtype, shape.join(' x '), shortened(names ?? [])])),
  ]
}

/** As many names as fit into a line, whole. */
function shortened(names: readonly string[], width = 60): string {
  const all = names.join(' ')
  return all.length <= width ? all : `${all.slice(0, all.lastIndexOf(' ', width - 4))} ...`
}

function statisticsLines({ all, tasks, outliers, episodesRead, episodeCount }: DatasetStatistics): string[] {
  const rows = (own: TaskStatistics): string[][] =>
    own.features.flatMap(({ key, names, dimensions }) => dimensions.map(({ min, q01, mean, std, q99, max }, index) => [`${key} ${names[index]}`, ...[min, q01, mean, std, q99, max].map((value) => significant(value, 3))]))
  return [
    ...(episodesRead < episodeCount ? [`Numbers of ${integer(episodesRead)} of ${integer(episodeCount)} episodes:`] : []),
    formatTable(['', 'min', '1 %', 'mean', 'std', '99 %', 'max'], rows(all), [1, 2, 3, 4, 5, 6]),
    ...(tasks.length > 1 ? [formatTable(['task', 'episodes', 'frames', 'median length'], tasks.map((own) => [own.task ?? '', integer(own.episodeCount), integer(own.frameCount), integer(own.lengths.q50)]), [1, 2, 3])] : []),
    outliers.length === 0 ? 'No episode stands out.' : `${outliers.length} outliers:`,
    ...outliers.slice(0, 50).map(({ kind, episode, frame, what }) => `  episode ${episode}, frame ${frame}: ${kind}: ${what}`),
    '',
  ]
}

function motionLines({ camera, source, horizonSteps, framesChecked, counts, consistentShare, meanLargestPx, examples }: MotionHealth): string[] {
  return [
    `Motion images of ${camera} over ${horizonSteps} steps (${source}), ${framesChecked} looked at:`,
    `  ${Object.entries(counts).map(([fault, count]) => `${fault} ${count}`).join(', ')}; largest motion ${significant(meanLargestPx, 3)} px on average${consistentShare === null ? '' : `; forward and backward flow agree in ${percent(consistentShare)} of the picture`}`,
    ...examples.slice(0, 12).map(({ fault, episode, frame, what }) => `  ${fault}: episode ${episode}, frame ${frame}: ${what}`),
    '',
  ]
}
