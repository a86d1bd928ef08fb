import type { Device } from '../contract/config.ts'
import type { Evaluation, Rollout } from '../contract/run.ts'
import { evaluateBaselineOf, evaluateRun, findCheckpoint, stoppedByHand, tasksOfDataset } from '../engine/evaluation/evaluation.ts'
import type { RunFolder } from '../engine/runs/run-folder.ts'
import { evaluationOf, type BaselineName } from '../evaluate/closed-loop.ts'
import { untilDecided, untilPrecise, type EarlyStop } from '../evaluate/early-stop.ts'
import { firstEvaluationSeeds, type PhrasingKind } from '../sim/suites.ts'
import type { Context } from './context.ts'
import { findTrainedRun } from './find-run.ts'
import type { Judged } from './success-table.ts'

const baselines: readonly string[] = ['random', 'expert'] satisfies BaselineName[]

/** A run or a baseline that is known to exist, and the tasks that it was made for. */
export interface PreparedPolicy {
  readonly name: string
  /** Null for a baseline. */
  readonly run: RunFolder | null
  readonly step: number
  readonly tasks: readonly string[]
}

export interface EvaluationRequest {
  readonly tasks: readonly string[]
  /** Seeds per task, from the first evaluation seed on. */
  readonly seeds: number
  readonly replan?: number
  readonly phrasing?: PhrasingKind
  readonly workers?: number
  readonly device?: Device
  readonly until?: EarlyStop | undefined
  readonly onRollout?: (rollout: Rollout) => void
}

/** @throws KinoraError `not-found` for an unknown run or checkpoint */
export async function preparePolicy(context: Context, word: string, options: { readonly tasks?: readonly string[]; readonly step?: number }): Promise<PreparedPolicy> {
  if (baselines.includes(word)) return { name: word, run: null, step: 0, tasks: options.tasks ?? [] }
  const run = await findTrainedRun(context.home, word)
  const step = await findCheckpoint(run, options.step)
  return { name: run.identity.name, run, step, tasks: options.tasks ?? (await tasksOfDataset(context.home, run.config.data.dataset, context.signal)) }
}

/** Evaluates and keeps the result: a run's in its `rollouts/`, a baseline's in the cache. Finished rollouts are never played again. */
export async function evaluatePrepared(context: Context, prepared: PreparedPolicy, request: EvaluationRequest): Promise<Evaluation> {
  const { home, progress, signal } = context
  const { tasks, workers, device, until, onRollout } = request
  const seeds = firstEvaluationSeeds(request.seeds)
  progress.start(`Rollouts of ${prepared.name}`, tasks.length * seeds.length, 'rollouts')
  const shared = { tasks, seeds, workers, signal, until, onRollout, onProgress: ({ done, successes }: { done: number; successes: number }) => progress.update(done, `${successes} succeeded`) }
  const evaluation =
    prepared.run === null
      ? await evaluateBaselineOf(home, prepared.name as BaselineName, shared)
      : await evaluateRun(home, prepared.run, prepared.step, { ...shared, replanSteps: request.replan, phrasing: request.phrasing, device, onWarning: (message) => context.note(`  ${message}`) })
  progress.finish(`${evaluation.total.successes} of ${evaluation.total.n} succeeded`)
  return evaluation
}

interface Plan extends EvaluationRequest {
  readonly stopWhenDecided?: boolean
  readonly stopWithin?: number
}

/**
 * Evaluates the policies asked about, then the ends of the scale on as many worlds as those took. A first Ctrl-C ends it
 * with what was played until then.
 */
export async function evaluateAll(context: Context, asked: readonly PreparedPolicy[], ends: readonly PreparedPolicy[], plan: Plan): Promise<Judged[]> {
  const judged = new Map<PreparedPolicy, Evaluation>()
  const [first, second] = asked
  // The one to be told apart from comes first, on every world.
  const order = plan.stopWhenDecided ? [second!, first!] : asked
  const untilOf = (policy: PreparedPolicy): EarlyStop | undefined => {
    if (plan.stopWithin !== undefined) return untilPrecise(plan.stopWithin)
    return plan.stopWhenDecided && policy === first ? untilDecided({ name: second!.name, rollouts: judged.get(second!)!.rollouts }) : undefined
  }
  for (const policy of order) if (!context.signal.aborted) await judge(policy, { ...plan, until: untilOf(policy) })
  const stopped = [...judged.values()].filter(({ stoppedEarly }) => stoppedEarly !== undefined)
  const seeds = stopped.length < judged.size ? plan.seeds : Math.max(...stopped.map((evaluation) => evaluation.seeds.length))
  for (const end of ends) if (!context.signal.aborted) await judge(end, { ...plan, seeds })
  return [...asked, ...ends].flatMap((policy) => (judged.has(policy) ? [{ name: policy.name, evaluation: judged.get(policy)! }] : []))

  async function judge(policy: PreparedPolicy, request: EvaluationRequest): Promise<void> {
    const played: Rollout[] = []
    try {
      judged.set(policy, await evaluatePrepared(context, policy, { ...request, onRollout: (rollout) => played.push(rollout) }))
    } catch (error) {
      if (!context.signal.aborted || (played.length === 0 && judged.size === 0)) throw error
      if (played.length > 0) judged.set(policy, evaluationOf(played, { checkpointStep: policy.step, replanSteps: request.replan ?? policy.run?.config.action.replanSteps ?? 1, createdAt: Date.now(), stoppedEarly: stoppedByHand(request.seeds) }))
    }
  }
}
