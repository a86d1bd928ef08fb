import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrainConfig } from '../contract/config.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Evaluation } from '../contract/run.ts'
import { listSteps } from '../checkpoint/folders.ts'
import { createRun, reconcileRun, type RunFolder } from '../engine/runs/run-folder.ts'
import { readEvaluations } from '../engine/runs/run-summary.ts'
import { firstEvaluationSeeds } from '../sim/suites.ts'
import type { Context } from './context.ts'
import { demoConfig, demoPlan, type DemoPlan } from './demo-plan.ts'
import { writeDemoReport } from './demo-report.ts'
import type { DemoOptions } from './demo.ts'
import { evaluatePrepared } from './evaluation.ts'
import { listRuns } from './find-run.ts'
import { PhaseTimes } from './phase-times.ts'
import { clock } from './progress.ts'
import { recordDemonstrations } from './recording.ts'
import { trainHere } from './training.ts'

export interface DemoResult {
  readonly report: string
  readonly dataset: string
  readonly runs: readonly { readonly name: string; readonly id: string; readonly path: string; readonly successes: number; readonly n: number }[]
  readonly seconds: number
}

/** The whole path. Every phase finds out by itself what is there already, so that a second start continues the first. */
export async function runDemo(context: Context, options: DemoOptions, plan: DemoPlan = demoPlan): Promise<DemoResult> {
  const startedAt = performance.now()
  const { home } = context
  context.interrupts.message = 'Stopping; what was made is kept and the same command continues. Press Ctrl-C again to end at once.'
  context.note(`Kinora demo: demonstrations, two trainings, evaluation, report. About 5 minutes on 2 cores. Everything lies in ${home.root}`)
  const times = await PhaseTimes.open(join(home.reports, 'demo-times.json'))

  await record(context, plan, times)
  const runs: RunFolder[] = []
  for (const { name, target } of plan.runs) runs.push(await train(context, times, name, demoConfig(plan, target, options.device)))
  const evaluations: Evaluation[] = []
  for (const run of runs) evaluations.push(await evaluate(context, plan, times, run))
  const baselines = []
  for (const name of ['random', 'expert'] as const) {
    const { tasks, evaluationSeeds: seeds } = plan
    const work = () => evaluatePrepared(context, { name, run: null, step: 0, tasks }, { tasks, seeds })
    baselines.push({ name, evaluation: await times.measure(`Rollouts of ${name}`, `${tasks.length * seeds} rollouts`, work) })
  }
  const report = await writeDemoReport(context, { plan, runs, evaluations, baselines, times })
  context.note(`Done in ${clock((performance.now() - startedAt) / 1000)}.`)
  return {
    report,
    dataset: join(home.datasets, plan.dataset),
    runs: runs.map(({ path, identity: { name, id } }, index) => ({ name, id, path, successes: evaluations[index]!.total.successes, n: evaluations[index]!.total.n })),
    seconds: (performance.now() - startedAt) / 1000,
  }
}

const recordingPhase = 'Recording demonstrations'

async function record(context: Context, plan: DemoPlan, times: PhaseTimes): Promise<void> {
  const { dataset, tasks, episodesPerTask, sizePx, horizonSteps } = plan
  const path = join(context.home.datasets, dataset)
  const isThere = await stat(path).then(() => true, () => false)
  if (!isThere) times.restart(recordingPhase)
  const work = () => recordDemonstrations(context, { tasks, episodesPerTask, path, sizePx, horizonSteps, noise: true })
  const { isNew } = await times.measure(recordingPhase, `${tasks.length * episodesPerTask} episodes with two cameras of ${sizePx} px and exact flow`, work)
  if (!isNew) context.note(`Demonstrations: ${dataset} is complete.`)
}

/** The demo's run of that name with exactly this configuration; others of the name are left alone. */
async function train(context: Context, times: PhaseTimes, name: string, config: TrainConfig): Promise<RunFolder> {
  const phase = `Training ${name}`
  const wanted = JSON.stringify(config)
  const found = (await listRuns(context.home)).runs.find((run) => run.identity.name === name && JSON.stringify(run.config) === wanted)
  if (found === undefined) times.restart(phase)
  const run = found ?? (await createRun(context.home, { name, config }))
  const before = await reconcileRun(run.path)
  if (before.state === 'finished') {
    context.note(`Training: ${name} is finished.`)
    return run
  }
  const status = await times.measure(phase, `${config.steps} steps of ${config.batchSize} samples`, () => trainHere(context, run.path, { label: name }))
  if (status.state !== 'finished') throw new KinoraError('interrupted', `Paused ${name} at step ${status.step} of ${status.totalSteps}.`, 'Run the same command again to continue.')
  return run
}

async function evaluate(context: Context, plan: DemoPlan, times: PhaseTimes, run: RunFolder): Promise<Evaluation> {
  const { tasks, evaluationSeeds } = plan
  const step = (await listSteps(run.path)).at(-1)!
  const seeds = firstEvaluationSeeds(evaluationSeeds)
  const isWanted = (evaluation: Evaluation): boolean =>
    evaluation.checkpointStep === step && evaluation.replanSteps === run.config.action.replanSteps && evaluation.seeds.join() === seeds.join() && evaluation.tasks.map(({ task }) => task).join() === tasks.join()
  const known = (await readEvaluations(run.path)).find(isWanted)
  const { name } = run.identity
  if (known !== undefined) {
    context.note(`Rollouts: ${name} is evaluated, ${known.total.successes} of ${known.total.n}.`)
    return known
  }
  return times.measure(`Rollouts of ${name}`, `${tasks.length * evaluationSeeds} rollouts`, () => evaluatePrepared(context, { name, run, step, tasks }, { tasks, seeds: evaluationSeeds }))
}
