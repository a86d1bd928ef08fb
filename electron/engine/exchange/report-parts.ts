import { cpus, release, totalmem, type as systemName } from 'node:os'
import type { Evaluation } from '../../contract/run.ts'
import type { Dataset } from '../../dataset/dataset.ts'
import { DatasetFlow } from '../../dataset/dataset-flow.ts'
import { errorImage, errorMax, motionErrors, predictEpisode, type MotionErrors, type MotionPolicy, type PredictedFrame } from '../../evaluate/motion.ts'
import { readMetrics } from '../../metrics/reader.ts'
import { parameterCounts } from '../../model/parameter-counts.ts'
import { kinoraVersion } from '../../platform/version.ts'
import type { ReportFrame, ReportMotion, ReportRun } from '../../report/contents.ts'
import type { Chart } from '../../report/line-chart.ts'
import { bytes } from '../../report/numbers.ts'
import { splitEpisodes } from '../../sampler/episodes.ts'
import type { Provider } from '../../tensor/provider.ts'
import { readAnnotations } from '../runs/annotations.ts'
import { readStatus, runFile, type RunFolder } from '../runs/run-folder.ts'

/** The parts of a report, gathered from run folders, datasets and policies. */

export async function reportRun(run: RunFolder, evaluation: Evaluation | null, checkpointStep: number): Promise<ReportRun> {
  const { name, id } = run.identity
  const [status, { notes }, metrics] = await Promise.all([readStatus(run.path), readAnnotations(run.path), readMetrics(runFile.metrics(run.path))])
  const seconds = metrics.loggedSeconds > 0 ? metrics.loggedSeconds : null
  return { id, name, path: run.path, config: run.config, provider: status.provider ?? 'unknown', checkpointStep, seconds, parameters: { ...parameterCounts(run.config) }, evaluation, notes }
}

const chartTitles: readonly (readonly [metric: string, title: string])[] = [
  ['loss/action', 'Action loss'],
  ['val/action', 'Action loss on held-out episodes'],
  ['loss/motion', 'Motion loss'],
  ['val/motion', 'Motion loss on held-out episodes'],
  ['vae/reconstruction', 'Reconstruction loss of the motion VAE'],
  ['grad-norm', 'Gradient norm'],
]

/** Every loss that some run has, the runs together in one picture. */
export async function charts(runs: readonly RunFolder[]): Promise<Chart[]> {
  const metrics = await Promise.all(runs.map((run) => readMetrics(runFile.metrics(run.path))))
  return chartTitles.flatMap(([metric, title]) => {
    const lines = runs.flatMap(({ identity: { name } }, series) => {
      const found = metrics[series]!.series(metric)
      if (found === undefined || found.count === 0) return []
      // Few points of a validation are drawn as they are.
      return [{ name, series, steps: found.steps, values: found.values, ...(found.count > 40 ? { smoothed: found.smoothed } : {}) }]
    })
    return lines.length === 0 ? [] : [{ title, lines }]
  })
}

export interface PredictOptions {
  /** One of the run's motion cameras. */
  readonly camera: string
  readonly episodesPerTask: number
  /** Frames judged of each episode, at even distances; null: every one. */
  readonly framesPerEpisode: number | null
  /** Frames shown of an episode. */
  readonly framesPerStrip: number
  readonly signal?: AbortSignal | undefined
  readonly onStart?: (frames: number) => void
  readonly onFrame?: (done: number) => void
}

/** What a run's motion head predicts on episodes that training never saw. */
export async function predictHeldOut(policy: MotionPolicy, run: RunFolder, dataset: Dataset, options: PredictOptions): Promise<ReportMotion> {
  const { motion, data } = run.config
  const chosen = chooseEpisodes(dataset, splitEpisodes(dataset.detail.episodes, data).heldOut, options.episodesPerTask).map((episode) => ({ ...episode, frames: evenly(episode.frameCount, options.framesPerEpisode ?? episode.frameCount) }))
  options.onStart?.(chosen.reduce((sum, { frames }) => sum + frames.length, 0))
  const episodes: { episode: number; instruction: string; frames: PredictedFrame[] }[] = []
  let done = 0
  for (const { index, instruction, frames: wanted } of chosen) {
    const frames: PredictedFrame[] = []
    for await (const frame of predictEpisode(policy, dataset, index, { camera: options.camera, frames: wanted, ...(options.signal === undefined ? {} : { signal: options.signal }) })) {
      frames.push(frame)
      options.onFrame?.(++done)
    }
    episodes.push({ episode: index, instruction, frames })
  }
  const all = episodes.flatMap(({ frames }) => frames).filter(({ errors }) => errors.endPointError !== null)
  return {
    runName: run.identity.name,
    camera: options.camera,
    horizonSteps: motion.horizonSteps,
    flowSource: await flowSourceOf(run.config, dataset, options.camera, chosen[0]?.index),
    sign: motion.sign,
    normalisation: motion.normalisation,
    errorMax,
    summary: summarise(all),
    framesJudged: all.length,
    // The first held-out episode of each task is shown, whatever it looks like.
    episodes: episodes
      .filter(({ instruction }, index) => episodes.findIndex((other) => other.instruction === instruction) === index)
      .map(({ episode, instruction, frames }) => ({ episode, instruction, frames: evenly(frames.length, options.framesPerStrip).map((at) => toReportFrame(frames[at]!)) })),
  }
}

/** What the true motion was taken from; null for a target that is no flow. */
async function flowSourceOf({ motion }: RunFolder['config'], dataset: Dataset, camera: string, episode: number | undefined): Promise<string | null> {
  if (motion.target === 'future-frame' || episode === undefined) return null
  return new DatasetFlow(dataset, { source: motion.flow, model: motion.flowModel }).sourceOf(episode, camera, motion.horizonSteps)
}

function chooseEpisodes(dataset: Dataset, heldOut: readonly number[], perTask: number): Dataset['detail']['episodes'] {
  const counts = new Map<string, number>()
  return dataset.detail.episodes.filter(({ index, instruction }) => {
    if (!heldOut.includes(index)) return false
    const count = (counts.get(instruction) ?? 0) + 1
    counts.set(instruction, count)
    return count <= perTask
  })
}

/** Places at even distances over `count`; not picked by what is there. */
function evenly(count: number, wanted: number): number[] {
  const places = Math.min(wanted, count)
  return Array.from({ length: places }, (_, index) => Math.floor(((index + 0.5) / places) * count))
}

function toReportFrame({ frame, camera, truth, predicted, errors }: PredictedFrame): ReportFrame {
  return { frame, camera, truth, predicted, error: errorImage(truth, predicted, errorMax), ...errors }
}

/**
 * Means over frames, beside a control that any useful prediction must beat: the same predictions, each held against the
 * truth of another frame of the same kind.
 */
function summarise(frames: readonly PredictedFrame[]): ReportMotion['summary'] {
  const half = Math.floor(frames.length / 2)
  const shuffled = frames.map(({ truth }, index) => motionErrors(truth, frames[(index + half) % frames.length]!.predicted))
  const own = frames.map(({ errors }) => errors)
  const mean = (errors: readonly MotionErrors[], key: keyof MotionErrors): number => {
    const values = errors.map((error) => error[key]).filter((value) => value !== null)
    return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  }
  const row = (name: string, unit: string, key: keyof MotionErrors) => ({ name, unit, value: mean(own, key), reference: mean(shuffled, key), referenceName: 'the same predictions on other frames:' })
  return [
    row('Direction error over pixels that move in both pictures', '°', 'directionErrorDeg'),
    row('Overlap of the moving parts (intersection over union)', '', 'movingIou'),
    row('End-point error of the normalised flow over moving pixels', '', 'endPointError'),
  ]
}

export function machine(provider: Provider): Record<string, string> {
  return {
    'Kinora': kinoraVersion(),
    'Compute provider': `${provider.name} ${provider.version} (${provider.deviceName})`,
    'Processor': `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    'Memory': bytes(totalmem()),
    'Operating system': `${systemName()} ${release()} ${process.arch}`,
    'Node': process.versions.node,
  }
}
