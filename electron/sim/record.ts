import type { FlowField } from '../base/image.ts'
import { Rng } from '../base/rng.ts'
import { KinoraError } from '../contract/errors.ts'
import { actionDimension } from './controller.ts'
import { exactFlow } from './exact-flow.ts'
import { createExpert } from './expert.ts'
import { createGBuffer, type GBuffer, type Poses } from './render/g-buffer.ts'
import { cameraNames, type CameraName } from './scene/arena.ts'
import { controlHz } from './scene/scene.ts'
import { findTask } from './suites.ts'
import { SimPool } from './pool.ts'
import { stateDimension, TabletopWorld, type Observation } from './world.ts'

/** Bursts of noise on the executed action, so that demonstrations show how to come back; the label stays clean. */
export interface ActionNoise {
  /** Share of episodes that have any. */
  readonly episodeShare: number
  /** Chance that a burst begins in a control step. */
  readonly burstRate: number
  readonly burstSteps: readonly [number, number]
  /** Standard deviation of the offset held through a burst, in action units. */
  readonly positionStd: number
  readonly rotationStd: number
}

export const defaultNoise: ActionNoise = { episodeShare: 0.75, burstRate: 0.05, burstSteps: [2, 5], positionStd: 0.45, rotationStd: 0.12 }
export const noNoise: ActionNoise = { episodeShare: 0, burstRate: 0, burstSteps: [1, 1], positionStd: 0, rotationStd: 0 }

export interface EpisodeSpec {
  readonly taskId: string
  readonly seed: number
}

export interface RecordOptions {
  readonly sizePx: number
  /** Flow from every frame to the frame this many control steps later; 0 computes none. */
  readonly horizonSteps: number
  readonly noise?: ActionNoise
  /** Control steps recorded after success. */
  readonly tailSteps?: number
}

/** Frames and exact flow of one episode. */
export interface EpisodePictures {
  readonly frameCount: number
  readonly sizePx: number
  /** By camera: [frameCount, size, size, 3], 8-bit RGB. */
  readonly frames: Record<CameraName, Uint8Array>
  /** By camera, for every frame: flow to min(t + horizonSteps, last frame). Empty lists for horizon 0. */
  readonly flow: Record<CameraName, FlowField[]>
  readonly horizonSteps: number
}

export interface EpisodeRecording extends EpisodePictures {
  readonly taskId: string
  readonly seed: number
  readonly instruction: string
  readonly fps: number
  readonly success: boolean
  /** Why it failed; null on success. */
  readonly reason: string | null
  /** [frameCount, 8], see stateNames. */
  readonly state: Float32Array
  /** The expert's clean actions [frameCount, 7]: what a policy learns. */
  readonly action: Float32Array
  /** What was executed, noise included [frameCount, 7]: with the seed it replays the episode bit for bit. */
  readonly executedAction: Float32Array
}

/** Collects pictures, and flow as soon as the frame it points at is known. Keeps horizon + 1 G-buffers a camera. */
class PictureRecorder {
  readonly #world: TabletopWorld
  readonly #sizePx: number
  readonly #horizon: number
  readonly #images: Record<CameraName, Uint8Array[]> = { agentview: [], robot0_eye_in_hand: [] }
  readonly #flow: Record<CameraName, FlowField[]> = { agentview: [], robot0_eye_in_hand: [] }
  readonly #waiting: { readonly poses: Poses; readonly views: Record<CameraName, GBuffer> }[] = []
  readonly #spare: Record<CameraName, GBuffer>[] = []

  constructor(world: TabletopWorld, sizePx: number, horizon: number) {
    this.#world = world
    this.#sizePx = sizePx
    this.#horizon = horizon
  }

  add(observation: Observation): void {
    for (const camera of cameraNames) this.#images[camera].push(observation.images[camera].data)
    if (this.#horizon === 0) return
    const spare = this.#spare.pop() ?? { agentview: createGBuffer(this.#sizePx), robot0_eye_in_hand: createGBuffer(this.#sizePx) }
    const views = {} as Record<CameraName, GBuffer>
    for (const camera of cameraNames) views[camera] = this.#world.takeGBuffer(camera, spare[camera])
    this.#waiting.push({ poses: this.#world.poses(), views })
    if (this.#waiting.length > this.#horizon) this.#resolveFirst()
  }

  #resolveFirst(): void {
    const first = this.#waiting[0]!
    const last = this.#waiting.at(-1)!
    const { geoms, cameras } = this.#world.scene
    for (const camera of cameraNames) {
      this.#flow[camera].push(exactFlow(geoms, cameras[camera], first.poses, first.views[camera], last.poses, last.views[camera]))
    }
    this.#waiting.shift()
    if (first !== last) this.#spare.push(first.views)
  }

  finish(): EpisodePictures {
    while (this.#waiting.length > 0) this.#resolveFirst()
    const frames = {} as Record<CameraName, Uint8Array>
    for (const camera of cameraNames) {
      const bytes = this.#sizePx * this.#sizePx * 3
      const all = new Uint8Array(bytes * this.#images[camera].length)
      this.#images[camera].forEach((image, index) => all.set(image, index * bytes))
      frames[camera] = all
    }
    return { frameCount: this.#images.agentview.length, sizePx: this.#sizePx, frames, flow: this.#flow, horizonSteps: this.#horizon }
  }
}

/** One demonstration of the task's expert. Deterministic in (task, seed, options). */
export function recordEpisode(world: TabletopWorld, spec: EpisodeSpec, options: RecordOptions): EpisodeRecording {
  const { horizonSteps, noise = defaultNoise, tailSteps = 3 } = options
  const task = findTask(spec.taskId)
  const noisy = noiseSource(noise, new Rng(spec.seed, noiseStream))
  let observation = world.reset(spec.taskId, spec.seed)
  const expert = createExpert(task, world)
  const pictures = new PictureRecorder(world, options.sizePx, horizonSteps)
  const states: number[] = []
  const actions: number[] = []
  const executed: number[] = []
  let success = false
  let reason: string | null = null
  let tail = tailSteps
  for (let step = 0; step < task.maxSteps && (!success || tail-- > 0); step++) {
    pictures.add(observation)
    states.push(...observation.state)
    const action = expert.act()
    const disturbed = noisy(action)
    actions.push(...action)
    executed.push(...disturbed)
    const result = world.step(disturbed)
    observation = result.observation
    success ||= result.success
    if (result.unstable !== null) {
      reason = result.unstable
      success = false
      break
    }
  }
  if (!success) reason ??= `not done within ${task.maxSteps} steps, while trying to ${expert.move}`
  return {
    ...pictures.finish(),
    taskId: spec.taskId,
    seed: spec.seed,
    instruction: task.instruction,
    fps: controlHz,
    success,
    reason,
    state: Float32Array.from(states),
    action: Float32Array.from(actions),
    executedAction: Float32Array.from(executed),
  }
}

const noiseStream = 0x6e6f6973

function noiseSource(noise: ActionNoise, rng: Rng): (action: Float32Array) => Float32Array {
  const isNoisy = rng.uniform() < noise.episodeShare
  let left = 0
  let offset: number[] = []
  return (action) => {
    if (!isNoisy) return action
    if (left === 0 && rng.uniform() < noise.burstRate) {
      const [shortest, longest] = noise.burstSteps
      left = shortest + rng.integer(longest - shortest + 1)
      offset = Array.from({ length: 6 }, (_, index) => rng.normal() * (index < 3 ? noise.positionStd : noise.rotationStd))
    }
    if (left === 0) return action
    left--
    return action.map((value, index) => Math.max(-1, Math.min(1, value + (offset[index] ?? 0))))
  }
}

export interface RenderSpec extends EpisodeSpec {
  /** Executed actions, [frameCount, 7]. */
  readonly actions: Float32Array
  readonly sizePx: number
  readonly horizonSteps: number
}

/** Plays an episode again and takes its pictures anew, at any size and for any horizon. The same input gives the same bytes. */
export async function renderEpisode({ taskId, seed, actions, sizePx, horizonSteps }: RenderSpec): Promise<EpisodePictures & { readonly state: Float32Array }> {
  if (actions.length === 0 || actions.length % actionDimension !== 0) {
    throw new KinoraError('dataset-invalid', `An episode has ${actions.length} action values; expected a positive multiple of ${actionDimension}.`, 'Record the episode again.')
  }
  const world = await TabletopWorld.create({ cameraSizePx: sizePx })
  try {
    const frameCount = actions.length / actionDimension
    const pictures = new PictureRecorder(world, sizePx, horizonSteps)
    const state = new Float32Array(frameCount * stateDimension)
    let observation = world.reset(taskId, seed)
    for (let frame = 0; frame < frameCount; frame++) {
      pictures.add(observation)
      state.set(observation.state, frame * stateDimension)
      if (frame + 1 < frameCount) observation = world.step(actions.subarray(frame * actionDimension, (frame + 1) * actionDimension)).observation
    }
    return { ...pictures.finish(), state }
  } finally {
    world.dispose()
  }
}

export interface RecordManyOptions extends RecordOptions {
  readonly workers?: number
  readonly signal?: AbortSignal
}

/**
 * Records in worker threads and yields in the order of `specs`, failed demonstrations included (look at `success`).
 * At most a few episodes wait for a slow reader.
 * @throws KinoraError `interrupted` on abort, `simulation` when a worker dies.
 */
export async function* recordEpisodes(specs: Iterable<EpisodeSpec>, options: RecordManyOptions): AsyncGenerator<EpisodeRecording, void, undefined> {
  const { workers, signal, ...recordOptions } = options
  const pool = new SimPool({ workers, signal })
  try {
    const pending: Promise<EpisodeRecording>[] = []
    for (const spec of specs) {
      const episode = pool.run('record', { spec, options: recordOptions })
      // The consumer meets the rejection when it comes to this episode; until then it is not unhandled.
      episode.catch(() => {})
      pending.push(episode)
      if (pending.length > pool.size * 2) yield await next(pending)
    }
    while (pending.length > 0) yield await next(pending)
  } finally {
    pool.dispose()
  }

  /** Episodes that were ready when the abort came are not handed out any more. */
  async function next(pending: Promise<EpisodeRecording>[]): Promise<EpisodeRecording> {
    pool.throwIfEnded()
    return pending.shift()!
  }
}
