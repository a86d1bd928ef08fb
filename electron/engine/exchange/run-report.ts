import { cpus } from 'node:os'
import { join } from 'node:path'
import { checkpointSteps, readEvaluations } from '../runs/run-summary.ts'
import { mapDataset } from '../../dataset/mapping.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import type { ReportContents, ReportMotion } from '../../report/contents.ts'
import { renderReport } from '../../report/report.ts'
import { warningsTo } from '../../tensor/backends/log.ts'
import type { Provider } from '../../tensor/provider.ts'
import { findDataset, openPlace } from '../dataset-places.ts'
import { readBaselines } from '../evaluation/evaluation.ts'
import { openPolicy } from '../evaluation/open-policy.ts'
import { charts, machine, predictHeldOut, reportRun } from './report-parts.ts'
import { reproduction } from './reproduction.ts'
import { openRun, type RunFolder } from '../runs/run-folder.ts'

export interface RunReportOptions {
  readonly runPaths: readonly string[]
  /** Name of the file in the home's reports, without `.html`. */
  readonly id: string
  readonly signal?: AbortSignal
  readonly onProgress?: (phase: string, done: number, total: number) => void
  readonly onWarning?: (message: string) => void
}

/**
 * One self-contained page about one or more runs, the first one the baseline of the comparisons: success, predicted
 * motion on held-out episodes, curves, configurations. @returns its file
 */
export async function writeRunReport(home: Home, { runPaths, id, signal, onProgress, onWarning }: RunReportOptions): Promise<string> {
  const runs = await Promise.all(runPaths.map((path) => openRun(path)))
  const [first] = runs
  const { openProvider } = await import('../../tensor/registry.ts')
  const { provider } = await openProvider(first!.config.device, { threads: Math.max(1, Math.floor(cpus().length / 2)), cacheDir: home.cache, log: warningsTo(onWarning) })
  try {
    const place = await findDataset(home, first!.config.data.dataset)
    const dataset = await openPlace(home, place)
    try {
      const { detail } = dataset
      const others = [...new Set(runs.map(({ config }) => config.data.dataset))].slice(1)
      const names = runs.map(({ identity }) => identity.name)
      const summaries = await Promise.all(runs.map(summarised))
      const contents: ReportContents = {
        title: runs.length === 1 ? names[0]! : `${names[0]} beside ${names.slice(1).join(', ')}`,
        createdAt: Date.now(),
        dataset: { ...detail, note: others.length === 0 ? '' : `Not every run was trained on ${detail.name}: others used ${others.join(', ')}.` },
        runs: summaries,
        baselines: await baselinesOn(home, runs),
        charts: await charts(runs),
        motions: await motions(home, runs, provider, signal, onProgress),
        machine: machine(provider),
        phases: [],
        reproduce: reproduction(runs.map(({ path, identity: { name } }, index) => ({ path, name, evaluation: summaries[index]!.evaluation }))),
      }
      const path = join(home.reports, `${id}.html`)
      await writeFileAtomic(path, renderReport(contents))
      return path
    } finally {
      dataset.dispose()
    }
  } finally {
    provider.dispose()
  }
}

async function summarised(run: RunFolder): Promise<ReportContents['runs'][number]> {
  const [evaluations, steps] = await Promise.all([readEvaluations(run.path), checkpointSteps(run.path)])
  const evaluation = evaluations.at(-1) ?? null
  return reportRun(run, evaluation, evaluation?.checkpointStep ?? steps.at(-1) ?? 0)
}

/** The ends of the scale on the tasks and seeds on which some run was judged. */
async function baselinesOn(home: Home, runs: readonly RunFolder[]): Promise<ReportContents['baselines']> {
  const judged = (await Promise.all(runs.map(({ path }) => readEvaluations(path)))).flatMap((list) => list.at(-1)?.rollouts ?? [])
  const wanted = new Set(judged.map(({ task, seed }) => `${task}\n${seed}`))
  const { evaluationOf } = await import('../../evaluate/closed-loop.ts')
  return Object.entries(await readBaselines(home)).flatMap(([name, evaluation]) => {
    const rollouts = evaluation?.rollouts.filter(({ task, seed }) => wanted.has(`${task}\n${seed}`)) ?? []
    return rollouts.length === 0 ? [] : [{ name, evaluation: evaluationOf(rollouts, evaluation!) }]
  })
}

async function motions(home: Home, runs: readonly RunFolder[], provider: Provider, signal?: AbortSignal, onProgress?: RunReportOptions['onProgress']): Promise<ReportMotion[]> {
  const found: ReportMotion[] = []
  for (const run of runs) {
    if (run.config.motion.target === 'none' || (await checkpointSteps(run.path)).length === 0) continue
    const dataset = mapDataset(await openPlace(home, await findDataset(home, run.config.data.dataset)), run.config.data)
    const { policy } = await openPolicy(run.path, 'latest', provider)
    try {
      let total = 0
      for (const camera of run.config.motion.cameras) {
        found.push(
          await predictHeldOut(policy, run, dataset, {
            camera,
            episodesPerTask: 1,
            framesPerEpisode: 24,
            framesPerStrip: 7,
            signal,
            onStart: (frames) => (total = frames),
            onFrame: (done) => onProgress?.(`Predicting motion of ${run.identity.name}`, done, total),
          }),
        )
      }
    } finally {
      policy.dispose()
      dataset.dispose()
    }
  }
  return found
}
