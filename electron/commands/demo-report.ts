import { join } from 'node:path'
import type { Evaluation } from '../contract/run.ts'
import { findDataset, openPlace } from '../engine/dataset-places.ts'
import { openPolicy } from '../engine/evaluation/open-policy.ts'
import { charts, machine, predictHeldOut, reportRun } from '../engine/exchange/report-parts.ts'
import { runFile, type RunFolder } from '../engine/runs/run-folder.ts'
import { writeFileAtomic } from '../platform/fs-atomic.ts'
import type { ReportContents, ReportMotion } from '../report/contents.ts'
import { renderReport } from '../report/report.ts'
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
  const dataset = await openPlace(context.home, place, context.signal)
  const { provider } = await openProvider(joint.config.device, { threads: joint.config.threads, cacheDir: context.home.cache })
  try {
    const predict = async (): Promise<ReportMotion> => {
      const { policy } = await openPolicy(joint.path, 'latest', provider)
      try {
        return await predictHeldOut(policy, joint, dataset, {
          camera: joint.config.motion.cameras[0]!,
          episodesPerTask: plan.predictedEpisodesPerTask,
          framesPerEpisode: null,
          framesPerStrip: plan.framesPerStrip,
          signal: context.signal,
          onStart: (frames) => context.progress.start('Predicting motion', frames, 'frames'),
          onFrame: (done) => context.progress.update(done),
        })
      } finally {
        policy.dispose()
        context.progress.finish()
      }
    }
    times.restart(predictingPhase)
    const motion = await times.measure(predictingPhase, 'held-out episodes, every frame', () => predict())
    const { detail } = dataset
    const contents: ReportContents = {
      title: 'Kinora demo: does learning to imagine motion help this policy?',
      createdAt: Date.now(),
      dataset: {
        ...detail,
        note: `Scripted experts solved ${plan.tasks.length} tasks of the built-in tabletop, ${plan.episodesPerTask} demonstrations each; bursts of noise disturb three in four of them, and the clean action stays the label. The same small policy was then trained twice from one seed: with its action head alone, and jointly with a diffusion head that predicts where everything will have moved in ${plan.horizonSteps} steps. The size of the policy was chosen by rollouts on ten of the seeds that are used here, so its success rates are a little flattered; both runs share that.`,
      },
      runs: await Promise.all(runs.map((run, index) => reportRun(run, evaluations[index]!, evaluations[index]!.checkpointStep))),
      baselines,
      charts: await charts(runs),
      motions: [motion],
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
