import { randomUUID } from 'node:crypto'
import type { Disposable } from '../../base/disposable.ts'
import type { RgbImage } from '../../base/image.ts'
import { listSteps } from '../../checkpoint/folders.ts'
import type { TrainConfig } from '../../contract/config.ts'
import { KinoraError } from '../../contract/errors.ts'
import type { Simulation, SimulationPane } from '../../contract/simulation.ts'
import { inferInBatches, randomActions, requireTabletopPolicy } from '../../evaluate/closed-loop.ts'
import { motionImage } from '../../flow/motion-image.ts'
import { motionImageOf } from '../../sampler/motion-images.ts'
import { actionDimension } from '../../sim/controller.ts'
import { createExpert } from '../../sim/expert.ts'
import { LiveEpisode } from '../../sim/live-episode.ts'
import { cameraNames, type CameraName } from '../../sim/scene/arena.ts'
import { controlHz } from '../../sim/scene/scene.ts'
import { getTask } from '../../sim/suites.ts'
import type { OpenPolicies } from './open-policies.ts'
import { toRgba } from './picture.ts'
import type { Picture, SimulationRequest } from '../protocol.ts'
import { openRun } from '../runs/run-folder.ts'

/** Pictures and motion where no checkpoint says otherwise. */
const baselineSizePx = 128
const baselineHorizonSteps = 5
/** An episode of 400 frames at 128 px is about 60 MB. */
const keptSimulations = 3

interface Playing {
  readonly about: Omit<Simulation, 'frameCount' | 'end'>
  readonly episode: LiveEpisode
  readonly checkpoint: { readonly runPath: string; readonly step: number; readonly config: TrainConfig } | null
  readonly act: () => Promise<Float32Array>
  readonly predictions: Map<number, Promise<RgbImage>>
  /** Requests of one episode come one after the other. */
  turn: Promise<void>
}

/** Episodes that are played while somebody watches: by the expert, at random, or by a checkpoint with what it imagines. */
export class Simulations implements Disposable {
  readonly #policies: OpenPolicies
  readonly #playing = new Map<string, Playing>()

  constructor(policies: OpenPolicies) {
    this.#policies = policies
  }

  async open({ task, seed, policy, camera }: SimulationRequest): Promise<Simulation> {
    const playing = await (policy.kind === 'baseline' ? this.#openBaseline(task, seed, policy.name, camera) : this.#openCheckpoint(task, seed, policy, camera))
    this.#playing.set(playing.about.id, playing)
    for (const id of [...this.#playing.keys()].slice(0, -keptSimulations)) void this.close({ id })
    return view(playing)
  }

  /** Plays on by at most `steps` control steps. */
  async advance({ id, steps }: { readonly id: string; readonly steps: number }): Promise<Simulation> {
    const playing = this.#find(id)
    const turn = playing.turn.then(async () => {
      for (let step = 0; step < steps && playing.episode.end === null; step++) playing.episode.step(await playing.act())
    })
    playing.turn = turn.catch(() => {})
    await turn
    return view(playing)
  }

  /** Null while the frame that the motion points at is still to come. */
  async frame({ id, pane, frame }: { readonly id: string; readonly pane: SimulationPane; readonly frame: number }): Promise<Picture | null> {
    const playing = this.#find(id)
    const { episode, about } = playing
    if (frame >= episode.frameCount) throw new KinoraError('not-found', `This episode has no frame ${frame} yet.`, `Its frames so far are 0 to ${episode.frameCount - 1}.`)
    if (!about.panes.includes(pane)) throw new KinoraError('not-found', `This episode has no pane "${pane}".`, `Its panes: ${about.panes.join(', ')}.`)
    if (pane === 'true-motion') {
      const flow = episode.flow(frame, about.motionCamera as CameraName, about.horizonSteps)
      if (flow === null) return null
      const config = playing.checkpoint?.config
      return toRgba(config === undefined ? motionImage(flow) : { width: about.sizePx, height: about.sizePx, data: motionImageOf(flow, config) })
    }
    if (pane === 'predicted-motion') return toRgba(await this.#predict(playing, frame))
    return toRgba(episode.observationAt(frame).images[pane])
  }

  async close({ id }: { readonly id: string }): Promise<null> {
    const playing = this.#playing.get(id)
    this.#playing.delete(id)
    if (playing !== undefined) await playing.turn.then(() => playing.episode.dispose())
    return null
  }

  dispose(): void {
    for (const id of [...this.#playing.keys()]) void this.close({ id })
    this.#policies.dispose()
  }

  async #openBaseline(taskId: string, seed: number, name: 'expert' | 'random', camera: string | null): Promise<Playing> {
    const episode = await LiveEpisode.begin(taskId, seed, baselineSizePx)
    const expert = createExpert(episode.task, episode.world)
    const task = getTask(taskId)
    const next = actionsInTurn(async () => randomActions({ task, seed, step: episode.frameCount - 1 }))
    return {
      about: describe(episode, { policy: name, sizePx: baselineSizePx, ...motionCameraOf(cameraNames, camera), horizonSteps: baselineHorizonSteps, sign: 'forward', panes: [...cameraNames, 'true-motion'] }),
      episode,
      checkpoint: null,
      act: name === 'expert' ? async () => expert.act() : next,
      predictions: new Map(),
      turn: Promise.resolve(),
    }
  }

  async #openCheckpoint(taskId: string, seed: number, choice: Extract<SimulationRequest['policy'], { kind: 'run' }>, camera: string | null): Promise<Playing> {
    const { runPath } = choice
    const { config, identity } = await openRun(runPath)
    const step = choice.checkpointStep ?? (await listSteps(runPath)).at(-1)
    if (step === undefined) throw new KinoraError('not-found', `${identity.id} has no checkpoint yet.`, 'Wait for its first checkpoint, or pause the run: that writes one.')
    // A policy that does not fit is refused before anything is played.
    await this.#policies.use(runPath, step, config, async (policy) => requireTabletopPolicy(policy))
    const sizePx = config.data.imageSizePx
    const episode = await LiveEpisode.begin(taskId, seed, sizePx)
    // Asked as in an evaluation, so that what one watches is what was evaluated.
    const next = actionsInTurn(async () => {
      const [chunk] = await this.#policies.use(runPath, step, config, (policy) => inferInBatches(policy, [episode.observation]))
      return chunk!.slice(0, config.action.replanSteps * actionDimension)
    })
    const { target, cameras, horizonSteps, sign } = config.motion
    return {
      about: describe(episode, { policy: identity.name, sizePx, ...motionCameraOf(cameras, camera), horizonSteps, sign, panes: [...cameraNames, 'true-motion', ...(target === 'none' ? [] : ['predicted-motion' as const])] }),
      episode,
      checkpoint: { runPath, step, config },
      act: next,
      predictions: new Map(),
      turn: Promise.resolve(),
    }
  }

  #predict({ about, checkpoint, episode, predictions }: Playing, frame: number): Promise<RgbImage> {
    let prediction = predictions.get(frame)
    if (prediction === undefined) {
      const { runPath, step, config } = checkpoint!
      prediction = this.#policies.use(runPath, step, config, async (policy) => (await policy.imagine([episode.observationAt(frame)], { camera: about.motionCamera }))[0]!)
      prediction.catch(() => predictions.delete(frame))
      predictions.set(frame, prediction)
    }
    return prediction
  }

  #find(id: string): Playing {
    const playing = this.#playing.get(id)
    if (playing) return playing
    throw new KinoraError('not-found', 'This episode is not open (any more).', 'Begin it again.')
  }
}

function describe(episode: LiveEpisode, about: Pick<Simulation, 'policy' | 'sizePx' | 'motionCamera' | 'motionCameras' | 'horizonSteps' | 'sign' | 'panes'>): Playing['about'] {
  const { task, seed } = episode
  return { id: randomUUID(), task: task.id, seed, instruction: task.instruction, fps: controlHz, maxSteps: task.maxSteps, ...about }
}

/** The camera that is asked for, where there is its motion; else the first. */
function motionCameraOf(cameras: readonly string[], wanted: string | null): Pick<Simulation, 'motionCamera' | 'motionCameras'> {
  return { motionCamera: cameras.find((one) => one === wanted) ?? cameras[0]!, motionCameras: [...cameras] }
}

function view({ about, episode }: Playing): Simulation {
  return { ...about, frameCount: episode.frameCount, end: episode.end }
}

/** One action at a time of chunks that `plan` gives. */
function actionsInTurn(plan: () => Promise<Float32Array>): () => Promise<Float32Array> {
  let chunk = new Float32Array(0)
  let at = 0
  return async () => {
    if (at >= chunk.length) {
      chunk = Float32Array.from(await plan())
      at = 0
    }
    return chunk.slice(at, (at += actionDimension))
  }
}
