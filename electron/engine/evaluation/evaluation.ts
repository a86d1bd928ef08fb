import { join } from 'node:path'
import { listSteps } from '../../checkpoint/folders.ts'
import type { Device } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Baselines, EvaluationComparison, PolicyChoice, StopRule } from '../../contract/evaluate.ts'
import type { RolloutOwner } from '../../contract/replay.ts'
import type { Evaluation, StoppedEarly } from '../../contract/run.ts'
import { evaluateBaseline, evaluateClosedLoop, evaluationOf, type BaselineName, type ClosedLoopOptions } from '../../evaluate/closed-loop.ts'
import { compareEvaluations, verdict } from '../../evaluate/comparison.ts'
import { untilDecided, untilPrecise, type EarlyStop } from '../../evaluate/early-stop.ts'
import { RolloutLog } from '../../evaluate/rollout-log.ts'
import { writeFileAtomic } from '../../platform/fs-atomic.ts'
import type { Home } from '../../platform/paths.ts'
import { kinoraVersion } from '../../platform/version.ts'
import { noNoise } from '../../sim/demonstrate.ts'
import { listTasks, type PhrasingKind } from '../../sim/suites.ts'
import { worldVersion } from '../../sim/version.ts'
import { warningsTo } from '../../tensor/backends/log.ts'
import { openProvider } from '../../tensor/registry.ts'
import { findDataset, openPlace } from '../dataset-places.ts'
import { openPolicy } from './open-policy.ts'
import { baselineLogFile, evaluationFile, ownerName } from './rollout-files.ts'
import { openRun, toJson, type RunFolder } from '../runs/run-folder.ts'
import { readEvaluations } from '../runs/run-summary.ts'

/** Rollouts of the baselines are the same for everybody, so they are kept in the cache, under the version of the world. */
export function openBaselineLog(home: Home, policy: BaselineName, noise = noNoise): Promise<RolloutLog> {
  return RolloutLog.open(baselineLogFile(home, noise === noNoise ? policy : `${policy}-disturbed`), { policy, noise: JSON.stringify(noise), worldVersion })
}

/** Plays one of the two ends of the scale. Its rollouts are kept, and never played again. */
export async function evaluateBaselineOf(home: Home, policy: BaselineName, options: ClosedLoopOptions): Promise<Evaluation> {
  const log = await openBaselineLog(home, policy)
  try {
    return await evaluateBaseline({ policy, log, ...options })
  } finally {
    await log.close()
  }
}

export interface RunEvaluationOptions extends ClosedLoopOptions {
  readonly replanSteps?: number | undefined
  readonly phrasing?: PhrasingKind | undefined
  readonly device?: Device | undefined
  readonly onWarning?: (message: string) => void
}

/**
 * Plays a run's checkpoint and keeps the result in its `rollouts/`. Rollouts on record are not played again, and the
 * file that is written has all of them: evaluating one more task adds to what is known and takes nothing away. What was
 * played until an abort is kept as an evaluation that was stopped early.
 */
export async function evaluateRun(home: Home, run: RunFolder, step: number, options: RunEvaluationOptions): Promise<Evaluation> {
  const { replanSteps = run.config.action.replanSteps, phrasing = 'usual', device = run.config.device, onWarning, ...play } = options
  const { provider } = await openProvider(device, { threads: run.config.threads, cacheDir: home.cache, log: warningsTo(onWarning) })
  try {
    const { policy } = await openPolicy(run.path, step, provider)
    const log = await RolloutLog.open(evaluationFile(run, step, replanSteps, 'ndjson', phrasing), { checkpointStep: step, replanSteps, sizePx: run.config.data.imageSizePx, provider: provider.name, worldVersion, kinora: kinoraVersion() })
    const keep = ({ createdAt, stoppedEarly }: Pick<Evaluation, 'createdAt' | 'stoppedEarly'>) => {
      // An earlier evaluation may have played all that this one left out.
      const isWhole = play.tasks.every((task) => play.seeds.every((seed) => log.get(task, seed) !== undefined))
      const evaluation = evaluationOf(inOrder(log), { checkpointStep: step, replanSteps, createdAt, ...(isWhole ? {} : { stoppedEarly }) })
      return writeFileAtomic(evaluationFile(run, step, replanSteps, 'json', phrasing), toJson(evaluation))
    }
    try {
      const evaluation = await evaluateClosedLoop({ policy, checkpointStep: step, replanSteps, phrasing, log, ...play })
      await keep(evaluation)
      return evaluation
    } catch (error) {
      if (play.signal?.aborted === true && log.all.length > 0) await keep({ createdAt: Date.now(), stoppedEarly: stoppedByHand(play.seeds.length) })
      throw error
    } finally {
      await log.close()
      policy.dispose()
    }
  } finally {
    provider.dispose()
  }
}

/** Of an evaluation that somebody, or the end of the program, interrupted. */
export const stoppedByHand = (plannedSeeds: number): StoppedEarly => ({ plannedSeeds, reason: 'it was stopped by hand; rollouts under way do not count, and as failures last longest, the rate may look better than it is' })

/** By task, then seed: the order in which rollouts end is chance. */
function inOrder({ all }: RolloutLog): RolloutLog['all'] {
  return all.toSorted((a, b) => (a.task < b.task ? -1 : a.task > b.task ? 1 : a.seed - b.seed))
}

/** @throws KinoraError `not-found` for an unknown run or checkpoint */
export async function findCheckpoint(run: RunFolder, wanted: number | null | undefined): Promise<number> {
  const steps = await listSteps(run.path)
  const step = wanted ?? steps.at(-1)
  if (step !== undefined && steps.includes(step)) return step
  throw new KinoraError(
    'not-found',
    step === undefined ? `${run.identity.id} has no checkpoint yet.` : `${run.identity.id} has no checkpoint of step ${step}.`,
    steps.length === 0 ? `Train it first: kinora train --resume ${run.identity.id}` : `It has ${steps.join(', ')}.`,
  )
}

/** Whose rollouts an evaluation of this policy adds to. */
export async function ownerOf(home: Home, policy: PolicyChoice, replanSteps: number | null): Promise<RolloutOwner> {
  if (policy.kind === 'baseline') return policy
  const run = await openRun(join(home.runs, policy.runId))
  return { kind: 'run', runId: policy.runId, checkpointStep: await findCheckpoint(run, policy.checkpointStep), replanSteps: replanSteps ?? run.config.action.replanSteps }
}

/** Everything on record of the two ends of the scale. */
export async function readBaselines(home: Home): Promise<Baselines> {
  const read = async (name: BaselineName): Promise<Evaluation | null> => {
    const rollouts = await RolloutLog.read(baselineLogFile(home, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return rollouts.length === 0 ? null : evaluationOf(rollouts, { checkpointStep: 0, replanSteps: 1, createdAt: 0 })
  }
  return { random: await read('random'), expert: await read('expert') }
}

async function readEvaluation(home: Home, owner: RolloutOwner): Promise<{ name: string; evaluation: Evaluation }> {
  if (owner.kind === 'baseline') {
    const evaluation = (await readBaselines(home))[owner.name]
    if (evaluation !== null) return { name: owner.name, evaluation }
  } else {
    const run = await openRun(join(home.runs, owner.runId))
    const evaluation = (await readEvaluations(run.path)).findLast((one) => one.checkpointStep === owner.checkpointStep && one.replanSteps === owner.replanSteps)
    if (evaluation !== undefined) return { name: run.identity.name, evaluation }
  }
  throw new KinoraError('not-found', `${ownerName(owner)} was not evaluated yet.`, 'Start an evaluation of it first.')
}

/** What a stop rule asks after each round. @throws KinoraError `not-found` when the other policy was not played on all of these worlds */
export async function earlyStopOf(home: Home, rule: StopRule, { tasks, seeds }: Pick<ClosedLoopOptions, 'tasks' | 'seeds'>): Promise<EarlyStop> {
  if (rule.when === 'precise') return untilPrecise(rule.withinPoints)
  const { name, evaluation } = await readEvaluation(home, await ownerOf(home, rule.against, null))
  const known = new Set(evaluation.rollouts.map(({ task, seed }) => `${task}\n${seed}`))
  const missing = tasks.flatMap((task) => seeds.filter((seed) => !known.has(`${task}\n${seed}`))).length
  if (missing > 0) throw new KinoraError('not-found', `${name} was not played on ${missing} of these ${tasks.length * seeds.length} worlds yet.`, `Evaluate ${name} on the same tasks and seeds first.`)
  return untilDecided({ name, rollouts: evaluation.rollouts })
}

/** Two policies on the pairs of task and seed that both were judged on. */
export async function compareOwners(home: Home, { first, second }: { readonly first: RolloutOwner; readonly second: RolloutOwner }): Promise<EvaluationComparison> {
  const [one, other] = await Promise.all([readEvaluation(home, first), readEvaluation(home, second)])
  const { total, tasks, unpaired } = compareEvaluations(one.evaluation, other.evaluation)
  return { total: { ...total, discordant: [...total.discordant] }, tasks: tasks.map((task) => ({ ...task, discordant: [...task.discordant] })), unpaired, verdict: verdict(total, one.name, other.name) }
}

/** The simulator's tasks whose instructions a dataset holds. */
export async function tasksOfDataset(home: Home, dataset: string, signal?: AbortSignal): Promise<string[]> {
  const place = await findDataset(home, dataset)
  const opened = await openPlace(home, place, signal)
  try {
    const instructions = new Set(opened.detail.tasks)
    return listTasks().filter(({ instruction, phrasings }) => [instruction, ...phrasings.training, ...phrasings.heldOut].some((text) => instructions.has(text))).map(({ id }) => id)
  } finally {
    opened.dispose()
  }
}
