import { cpus, release, totalmem, type as systemName } from 'node:os'
import { join } from 'node:path'
import type { Evaluation } from '../contract/run.ts'
import type { Dataset } from '../dataset/dataset.ts'
import { openDataset } from '../dataset/open.ts'
import { findDataset } from '../engine/dataset-places.ts'
import { openPolicy } from '../engine/open-policy.ts'
import { readStatus, runFile, type RunFolder } from '../engine/run-folder.ts'
import { errorImage, errorMax, motionErrors, predictEpisode, type MotionErrors, type PredictedFrame } from '../evaluate/motion.ts'
import { RunMetrics } from '../metrics/reader.ts'
import { parameterCounts } from '../model/parameter-counts.ts'
import { writeFileAtomic } from '../platform/fs-atomic.ts'
import { kinoraVersion } from '../platform/version.ts'
import type { ReportContents, ReportFrame, ReportMotion, ReportRun } from '../report/contents.ts'
import type { Chart } from '../report/line-chart.ts'
import { bytes } from '../report/numbers.ts'
import { renderReport } from '../report/report.ts'
import { splitEpisodes } from '../sampler/episodes.ts'
import type { Provider } from '../tensor/provider.ts'
import { openProvider } from '../tensor/registry.ts'
import type { Context } from './context.ts'
import type { DemoPlan } from './demo-plan.ts'
import type { PhaseTimes } from './phase-times.ts'

const predictingPhase = 'Predicting motion images'

interface Gathered {
  readonly plan: DemoPlan
  readonly runs: readonly RunFolder[]
  readonly evaluations: readonly Evaluation[]
  readonly baselines: ReportContents['baselines']
  readonly times: PhaseTimes
}

/** Predicts held-out episodes, gathers the rest from the run folders, and writes the report beside the home's others and into each run. */
export async function writeDemoReport(context: Context, { plan, runs, evaluations, baselines, times }: Gathered): Promise<string> {
  const joint = runs.find(({ config }) => config.motion.target !== 'none')!
  const place = await findDataset(context.home, plan.dataset)
  const dataset = await openDataset(place.path, { cacheDir: context.home.cache, signal: context.signal })
  const provider = await openProvider(joint.config.device, { threads: joint.config.threads, cacheDir: context.home.cache })
  try {
    times.restart(predictingPhase)
    const motion = await times.measure(predictingPhase, 'held-out episodes, every frame', () => predictHeldOut(context, plan, joint, dataset, provider))
    const { detail } = dataset
    const contents: ReportContents = {
      title: 'Kinora demo: does learning to imagine motion help this policy?',
      createdAt: Date.now(),
      dataset: {
        ...detail,
        note: `Scripted experts solved ${plan.tasks.length} tasks of the built-in tabletop, ${plan.episodesPerTask} demonstrations each; bursts of noise disturb three in four of them, and the clean action stays the label. The same small policy was then trained twice from one seed: with its action head alone, and jointly with a diffusion head that predicts where everything will have moved in ${plan.horizonSteps} steps. The size of the policy was chosen by rollouts on ten of the seeds that are used here, so its success rates are a little flattered; both runs share that.`,
      },
      runs: await Promise.all(runs.map((run, index) => reportRun(run, evaluations[index]!, times))),
      baselines,
      charts: await charts(runs),
      motion,
      machine: machine(provider),
      phases: times.all,
      reproduce: ['npm ci', 'npm run demo', '', '# one step at a time:', ...commands(plan, runs)],
    }
    const html = renderReport(contents)
    const path = join(context.home.reports, 'demo.html')
    for (const file of [path, ...runs.map((run) => runFile.report(run.path))]) await writeFileAtomic(file, html)
    return path
  } finally {
    provider.dispose()
    dataset.dispose()
  }
}

async function reportRun(run: RunFolder, evaluation: Evaluation, times: PhaseTimes): Promise<ReportRun> {
  const { name, id } = run.identity
  const status = await readStatus(run.path)
  return {
    id,
    name,
    path: run.path,
    config: run.config,
    provider: status.provider ?? 'unknown',
    checkpointStep: evaluation.checkpointStep,
    seconds: times.seconds(`Training ${name}`),
    parameters: { ...parameterCounts(run.config) },
    evaluation,
  }
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
async function charts(runs: readonly RunFolder[]): Promise<Chart[]> {
  const metrics = await Promise.all(
    runs.map(async (run) => {
      const reader = new RunMetrics(runFile.metrics(run.path))
      await reader.poll()
      return reader
    }),
  )
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

async function predictHeldOut(context: Context, plan: DemoPlan, run: RunFolder, dataset: Dataset, provider: Provider): Promise<ReportMotion> {
  const { policy } = await openPolicy(run.path, 'latest', provider)
  const { motion, data } = run.config
  const chosen = chooseEpisodes(dataset, splitEpisodes(dataset.detail.episodes, data).heldOut, plan.predictedEpisodesPerTask)
  const frameTotal = chosen.reduce((sum, { frameCount }) => sum + frameCount, 0)
  context.progress.start('Predicting motion', frameTotal, 'frames')
  try {
    const episodes: { episode: number; instruction: string; frames: PredictedFrame[] }[] = []
    let done = 0
    for (const { index, instruction } of chosen) {
      const frames: PredictedFrame[] = []
      for await (const frame of predictEpisode(policy, dataset, index, { signal: context.signal })) {
        frames.push(frame)
        context.progress.update(++done)
      }
      episodes.push({ episode: index, instruction, frames })
    }
    context.progress.finish()
    const all = episodes.flatMap(({ frames }) => frames).filter(({ errors }) => errors.endPointError !== null)
    return {
      runName: run.identity.name,
      camera: motion.camera,
      horizonSteps: motion.horizonSteps,
      sign: motion.sign,
      normalisation: motion.normalisation,
      errorMax,
      summary: summarise(all),
      framesJudged: all.length,
      // The first held-out episode of each task is shown, whatever it looks like.
      episodes: episodes.filter(({ instruction }, index) => episodes.findIndex((other) => other.instruction === instruction) === index).map(({ episode, instruction, frames }) => ({ episode, instruction, frames: spread(frames, plan.framesPerStrip).map(toReportFrame) })),
    }
  } finally {
    policy.dispose()
  }
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

/** Frames at even distances over an episode; not picked by how well they are predicted. */
function spread(frames: readonly PredictedFrame[], wanted: number): PredictedFrame[] {
  const count = Math.min(wanted, frames.length)
  return Array.from({ length: count }, (_, index) => frames[Math.floor(((index + 0.5) / count) * frames.length)]!)
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

function machine(provider: Provider): Record<string, string> {
  return {
    'Kinora': kinoraVersion(),
    'Compute provider': `${provider.name} ${provider.version} (${provider.deviceName})`,
    'Processor': `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    'Memory': bytes(totalmem()),
    'Operating system': `${systemName()} ${release()} ${process.arch}`,
    'Node': process.versions.node,
  }
}

/** The demo as single commands. */
function commands(plan: DemoPlan, runs: readonly RunFolder[]): string[] {
  const { tasks, episodesPerTask, sizePx, horizonSteps, dataset, evaluationSeeds } = plan
  const [first, second] = runs.map(({ identity: { name } }) => name)
  return [
    `npx kinora demos --task ${tasks.join(',')} --episodes ${episodesPerTask} --size ${sizePx} --horizon ${horizonSteps} --out ${dataset}`,
    ...runs.map(({ path, identity: { name } }) => `npx kinora train --config ${join(path, 'config.json')} --name ${name}`),
    `npx kinora evaluate ${first} --compare ${second} --seeds ${evaluationSeeds}`,
  ]
}
