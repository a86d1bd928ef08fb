import { Rng } from '../base/rng.ts'
import { KinoraError } from '../contract/errors.ts'
import type { Evaluation, Rollout, StoppedEarly } from '../contract/run.ts'
import { requireActionHead } from '../model/dual-head.ts'
import type { Policy, PolicyObservation } from '../model/policy.ts'
import { demonstrations, noNoise, type ActionNoise, type EpisodeSpec } from '../sim/demonstrate.ts'
import { runRollouts, type RolloutRequest } from '../sim/rollout.ts'
import { instructionOf, listTasks, type PhrasingKind } from '../sim/suites.ts'
import { stateDimension, stateNames } from '../sim/world.ts'
import { successOf } from './comparison.ts'
import { roundsOf, type EarlyStop } from './early-stop.ts'
import type { RecordedRollout, RolloutLog } from './rollout-log.ts'

/** LIBERO's action: position, axis-angle, gripper. */
const actionDimension = 7
/**
 * Observations per inference, filled up where fewer are left. One size for every batch: matrix kernels may sum in
 * another order at another size, and a rollout must not depend on which others happen to run beside it.
 */
const batchSize = 16

export type ActingPolicy = Pick<Policy, 'config' | 'meta' | 'infer'>
export type BaselineName = 'random' | 'expert'

export interface ClosedLoopProgress {
  readonly done: number
  readonly total: number
  readonly successes: number
}

export interface ClosedLoopOptions {
  readonly tasks: readonly string[]
  /** The same for every task and every policy. */
  readonly seeds: readonly number[]
  readonly workers?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ClosedLoopProgress) => void
  /** Each rollout that has ended, those taken from the log included. */
  readonly onRollout?: (rollout: Rollout) => void
  /** A rollout has begun (0 steps) or come so far. */
  readonly onSteps?: (task: string, seed: number, steps: number) => void
  /** Ends the evaluation before its last seed when what was played settles the answer. */
  readonly until?: EarlyStop
  /** Finished rollouts are taken from here and put here, so that an interrupted evaluation continues. */
  readonly log?: RolloutLog
  /** Milliseconds since the epoch for the result; everything else in it is a function of the arguments. */
  readonly now?: () => number
}

export interface PolicyEvaluationOptions extends ClosedLoopOptions {
  readonly policy: ActingPolicy
  readonly checkpointStep: number
  /** Actions executed before the policy is asked again; the configuration's where left out. */
  readonly replanSteps?: number
  /** How tasks are said to the policy; in their usual way by default. */
  readonly phrasing?: PhrasingKind
}

/**
 * Plays every task with every seed under one policy. Two calls give the same rollouts, byte for byte, on the same
 * provider, whether or not the first was interrupted.
 * @throws KinoraError `config-invalid` when the policy does not fit this world, `interrupted` on abort
 */
export async function evaluateClosedLoop(options: PolicyEvaluationOptions): Promise<Evaluation> {
  const { policy, checkpointStep, phrasing = 'usual' } = options
  requireTabletopPolicy(policy)
  const { chunk } = policy.config.action
  const replanSteps = options.replanSteps ?? policy.config.action.replanSteps
  if (replanSteps > chunk) {
    throw new KinoraError('config-invalid', `The policy would be asked again after ${replanSteps} steps, but predicts only ${chunk}.`, `Choose a replan interval of at most ${chunk}.`)
  }
  return play(options, { checkpointStep, replanSteps, sizePx: policy.config.data.imageSizePx, act: (batch) => inferInBatches(policy, batch.map(({ task, seed, observation }) => ({ ...observation, instruction: instructionOf(task, phrasing, seed) }))) })
}

export interface BaselineOptions extends ClosedLoopOptions {
  readonly policy: BaselineName
  /** Disturbances of the expert, as demonstrations have them; none by default. */
  readonly noise?: ActionNoise
}

/** The two ends of the scale on the same seeds: uniformly random actions, and the scripted expert that knows the true state. */
export async function evaluateBaseline(options: BaselineOptions): Promise<Evaluation> {
  if (options.policy === 'expert') return playExpert(options)
  return play(options, { checkpointStep: 0, replanSteps: randomChunk, sizePx: null, act: async (batch) => batch.map(randomActions) })
}

const randomChunk = 5

/** Uniform actions that depend on task, seed and step alone. */
export function randomActions({ task, seed, step }: Pick<RolloutRequest, 'task' | 'seed' | 'step'>): Float32Array {
  // Two words a number; every step has its own place in the stream of this task and seed.
  const rng = new Rng(seed, hashOf(task.id), 2 * actionDimension * step)
  return Float32Array.from({ length: randomChunk * actionDimension }, () => 2 * rng.uniform() - 1)
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

interface Acting {
  readonly checkpointStep: number
  readonly replanSteps: number
  readonly sizePx: number | null
  readonly act: (batch: readonly RolloutRequest[]) => Promise<readonly Float32Array[]>
}

async function play(options: ClosedLoopOptions, acting: Acting): Promise<Evaluation> {
  const collected = new Collected(options)
  await runRollouts({
    rounds: collected.rounds(),
    sizePx: acting.sizePx,
    act: acting.act,
    replanSteps: acting.replanSteps,
    slots: batchSize,
    workers: options.workers,
    signal: options.signal,
    ...(options.onSteps === undefined ? {} : { onSteps: options.onSteps }),
    onProgress: ({ last: { taskId, seed, success, steps, reason, actions } }) => collected.add({ task: taskId, seed, success, steps, reason, actions }),
  })
  return collected.evaluation(acting)
}

async function playExpert(options: BaselineOptions): Promise<Evaluation> {
  const collected = new Collected(options)
  for (const round of collected.rounds()) {
    const episodes = demonstrations(round, { noise: options.noise ?? noNoise, tailSteps: 0, workers: options.workers, signal: options.signal })
    for await (const { taskId, seed, success, reason, frameCount, executedAction } of episodes) {
      collected.add({ task: taskId, seed, success, steps: frameCount, reason, actions: executedAction })
    }
  }
  return collected.evaluation({ checkpointStep: 0, replanSteps: 1 })
}

/** Rollouts on their way to an evaluation: those of the log, and those that end. */
class Collected {
  readonly #options: ClosedLoopOptions
  readonly #rollouts = new Map<string, RecordedRollout>()
  readonly #total: number
  readonly #seeds: number[] = []
  #successes = 0
  #stoppedEarly: StoppedEarly | undefined

  constructor(options: ClosedLoopOptions) {
    this.#options = options
    this.#total = options.tasks.length * options.seeds.length
  }

  /** The episodes that no log has, in one round, or in several where the evaluation may end after each. */
  *rounds(): Generator<EpisodeSpec[], void, undefined> {
    const { tasks, seeds, until } = this.#options
    for (const round of until === undefined ? [seeds] : roundsOf(seeds, tasks.length)) {
      this.#seeds.push(...round)
      yield this.#missing(round)
      const reason = this.#seeds.length === seeds.length ? null : (until?.(this.#inOrder()) ?? null)
      if (reason === null) continue
      this.#stoppedEarly = { plannedSeeds: seeds.length, reason }
      return
    }
  }

  #missing(seeds: readonly number[]): EpisodeSpec[] {
    const missing: EpisodeSpec[] = []
    for (const taskId of this.#options.tasks) {
      for (const seed of seeds) {
        const known = this.#options.log?.get(taskId, seed)
        if (known === undefined) missing.push({ taskId, seed })
        else this.#keep(known)
      }
    }
    if (this.#rollouts.size > 0) this.#tell()
    return missing
  }

  add(rollout: RecordedRollout): void {
    this.#options.log?.append(rollout)
    this.#keep(rollout)
    this.#tell()
  }

  #keep(rollout: RecordedRollout): void {
    this.#rollouts.set(`${rollout.task}\n${rollout.seed}`, rollout)
    if (rollout.success) this.#successes++
    this.#options.onRollout?.(rollout)
  }

  #tell(): void {
    this.#options.onProgress?.({ done: this.#rollouts.size, total: this.#total, successes: this.#successes })
  }

  /** By task, then seed, whatever the order in which rollouts ended. */
  #inOrder(): RecordedRollout[] {
    return this.#options.tasks.flatMap((task) => this.#seeds.map((seed) => this.#rollouts.get(`${task}\n${seed}`)!))
  }

  evaluation({ checkpointStep, replanSteps }: { readonly checkpointStep: number; readonly replanSteps: number }): Evaluation {
    const { now = Date.now } = this.#options
    return evaluationOf(this.#inOrder(), { checkpointStep, replanSteps, createdAt: now(), ...(this.#stoppedEarly && { stoppedEarly: this.#stoppedEarly }) })
  }
}

/** What rollouts amount to: success in total and by task, tasks and seeds in the order in which they come first. */
export function evaluationOf(rollouts: readonly Rollout[], { checkpointStep, replanSteps, createdAt, stoppedEarly }: Pick<Evaluation, 'checkpointStep' | 'replanSteps' | 'createdAt' | 'stoppedEarly'>): Evaluation {
  const tasks = [...new Set(rollouts.map(({ task }) => task))]
  // Rollouts of a task that this version no longer has still count.
  const instructions = new Map(listTasks().map(({ id, instruction }) => [id, instruction]))
  const bare = rollouts.map(({ task, seed, success, steps, reason }): Rollout => ({ task, seed, success, steps, reason }))
  const count = (some: readonly Rollout[]) => successOf(some, stoppedEarly !== undefined)
  return {
    checkpointStep,
    replanSteps,
    createdAt,
    ...(stoppedEarly && { stoppedEarly }),
    seeds: [...new Set(rollouts.map(({ seed }) => seed))],
    total: count(bare),
    tasks: tasks.map((task) => ({ task, instruction: instructions.get(task) ?? '', ...count(bare.filter((rollout) => rollout.task === task)) })),
    rollouts: bare,
  }
}

/** One chunk for each observation, the same whatever else is in the batch. A chunk that is no number is NaN. */
export async function inferInBatches(policy: ActingPolicy, batch: readonly PolicyObservation[]): Promise<Float32Array[]> {
  const chunks: Float32Array[] = []
  for (let first = 0; first < batch.length; first += batchSize) {
    chunks.push(...(await inferFilled(policy, batch.slice(first, first + batchSize))))
  }
  return chunks
}

/** One inference of the fixed size. Where it gives something that is not a number, each observation is tried alone and only its own episode fails. */
async function inferFilled(policy: ActingPolicy, part: readonly PolicyObservation[]): Promise<Float32Array[]> {
  const filled = [...part, ...Array<PolicyObservation>(batchSize - part.length).fill(part[0]!)]
  try {
    return (await policy.infer(filled)).slice(0, part.length)
  } catch (error) {
    if (!(error instanceof KinoraError) || error.code !== 'numerics') throw error
    if (part.length === 1) return [new Float32Array(policy.config.action.chunk * actionDimension).fill(NaN)]
    const alone: Float32Array[] = []
    for (const observation of part) alone.push(...(await inferFilled(policy, [observation])))
    return alone
  }
}

/** @throws KinoraError `config-invalid` naming the key and shape that do not fit */
export function requireTabletopPolicy({ config, meta }: ActingPolicy): void {
  requireActionHead(config)
  const cameras = ['agentview', 'robot0_eye_in_hand']
  const problems = [
    ...config.data.cameras.filter((camera) => !cameras.includes(camera)).map((camera) => `it wants the camera "${camera}", and this world has ${cameras.join(' and ')}`),
    ...(meta.dimensions.action === actionDimension ? [] : [`its actions have ${meta.dimensions.action} numbers (${meta.actionNames.join(', ')}), and this world takes ${actionDimension}: position, axis-angle, gripper`]),
    ...(meta.dimensions.state === stateDimension ? [] : [`its state has ${meta.dimensions.state} numbers (${meta.stateNames.join(', ')}), and this world gives ${stateDimension} (${stateNames.join(', ')})`]),
  ]
  if (problems.length > 0) {
    throw new KinoraError('config-invalid', `This policy cannot act in the tabletop world: ${problems.join('; ')}.`, 'Evaluate a policy that was trained on tabletop or LIBERO data.')
  }
}
