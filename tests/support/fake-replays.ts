import { paintFlow } from '../../electron/base/colour-wheel.ts'
import { Rng } from '../../electron/base/rng.ts'
import { KinoraError } from '../../electron/contract/errors.ts'
import type { Replay, ReplayErrors } from '../../electron/contract/replay.ts'
import type { KinoraEvent } from '../../electron/contract/rpc.ts'
import type { Picture } from '../../electron/engine/protocol.ts'
import type { Services } from '../../electron/rpc/services.ts'
import { cameras, enlarged, replayedFrames, scenePixels, sizePx } from './fake-data.ts'

export interface FakeReplayOptions {
  readonly sizePx?: number
  readonly fps?: number
}

/** Replays that are predicted `perTick` frames at a time; 0 holds the prediction until `predict` is called. */
export class FakeReplays {
  perTick = 1000
  readonly #open = new Map<string, { replay: Replay; predicted: number; timer: NodeJS.Timeout }>()
  readonly #fire: (event: KinoraEvent) => void
  #count = 0

  readonly #factor: number
  readonly #fps: number

  /** Pictures larger than the usual ones are those enlarged, `sizePx` being a multiple. */
  constructor(fire: (event: KinoraEvent) => void, options: FakeReplayOptions = {}) {
    this.#fire = fire
    this.#factor = (options.sizePx ?? sizePx) / sizePx
    this.#fps = options.fps ?? 20
  }

  get openCount(): number {
    return this.#open.size
  }

  readonly open: Services['replays']['open'] = async ({ runId, checkpointStep, source, camera }) => {
    const id = `replay-${++this.#count}`
    // Rollouts of one seed end sooner than those of another.
    const frameCount = source.kind === 'rollout' ? 60 + 10 * (source.owner.kind === 'run' ? source.owner.runId.length % 5 : 0) : replayedFrames
    const isBlind = runId.includes('action')
    const replay: Replay = {
      id, runId, checkpointStep: checkpointStep ?? 2000, source, camera: cameras.find((one) => one === camera) ?? cameras[0]!, cameras: [...cameras], instruction: 'put the red block on the plate', fps: this.#fps, frameCount,
      horizonSteps: 5, eulerSteps: 10, width: sizePx * this.#factor, height: sizePx * this.#factor, isHeldOut: true, outcome: source.kind === 'rollout' ? { success: frameCount < 90, reason: frameCount < 90 ? null : 'step limit of 120 reached' } : null,
      panes: isBlind ? ['camera', 'true-motion'] : ['camera', 'true-motion', 'predicted-motion'], holdsFlow: true, flowSource: 'exact', sign: 'forward', fullColourPx: Array.from({ length: frameCount }, (_, frame) => (frame % 23 === 0 ? null : 4 + 2 * Math.sin(frame / 9))),
    }
    const timer = setInterval(() => this.predict(id, this.perTick), 150)
    this.#open.set(id, { replay, predicted: 0, timer })
    return replay
  }

  predict(id: string, frames: number): void {
    const entry = this.#open.get(id)
    if (entry === undefined || frames === 0 || entry.predicted >= entry.replay.frameCount) return
    entry.predicted = Math.min(entry.replay.frameCount, entry.predicted + frames)
    this.#fire({ type: 'replay-progress', id, predictedFrames: entry.predicted })
  }

  readonly frame: Services['replays']['frame'] = async (id, pane, frame): Promise<Picture | null> => {
    const entry = this.#open.get(id)
    if (entry === undefined) throw new KinoraError('not-found', 'This replay is not open (any more).', 'Open it again.')
    if (pane === 'predicted-motion' && frame >= entry.predicted) return null
    const bytes = pane === 'camera' ? scenePixels(1, 'agentview', frame) : motionPixels(pane, frame)
    return { width: sizePx * this.#factor, height: sizePx * this.#factor, bytes: enlarged(bytes, this.#factor) }
  }

  readonly errors: Services['replays']['errors'] = async (id): Promise<ReplayErrors> => {
    const entry = this.#open.get(id)
    if (entry === undefined) throw new KinoraError('not-found', 'This replay is not open (any more).', 'Open it again.')
    const { frameCount } = entry.replay
    const known = (value: (frame: number) => number) => Array.from({ length: frameCount }, (_, frame) => (frame < entry.predicted && frame % 23 !== 0 ? value(frame) : null))
    const wave = (frame: number) => 0.2 + 0.1 * Math.sin(frame / 5) + (Math.abs(frame - 70) < 4 ? 0.5 - Math.abs(frame - 70) * 0.1 : 0)
    return { endPointError: known(wave), directionErrorDeg: known((frame) => wave(frame) * 40), movingIou: known((frame) => 1 - wave(frame)), predictedFrames: entry.predicted }
  }

  readonly imagine: Services['replays']['imagine'] = async (id, frame, seeds, steps): Promise<Picture> => {
    if (!this.#open.has(id)) throw new KinoraError('not-found', 'This replay is not open (any more).', 'Open it again.')
    const width = sizePx * (steps + 1)
    const bytes = new Uint8Array(width * sizePx * seeds.length * 4)
    // From noise, which differs from seed to seed, to the motion of the frame.
    seeds.forEach((seed, row) => {
      const rng = new Rng(seed, frame)
      const end = motionPixels('predicted-motion', frame)
      for (let y = 0; y < sizePx; y++) {
        for (let x = 0; x < width; x++) {
          const share = Math.floor(x / sizePx) / steps
          const at = ((row * sizePx + y) * width + x) * 4
          for (let channel = 0; channel < 3; channel++) bytes[at + channel] = Math.round(share * end[(y * sizePx + (x % sizePx)) * 4 + channel]! + (1 - share) * 255 * rng.uniform())
          bytes[at + 3] = 255
        }
      }
    })
    return { width, height: sizePx * seeds.length, bytes }
  }

  readonly close: Services['replays']['close'] = async (id) => {
    clearInterval(this.#open.get(id)?.timer)
    this.#open.delete(id)
  }

  dispose(): void {
    for (const { timer } of this.#open.values()) clearInterval(timer)
    this.#open.clear()
  }
}

function motionPixels(pane: Replay['panes'][number], frame: number): Uint8Array {
  const data = new Uint8Array(sizePx * sizePx * 4)
  const handX = 32 + 18 * Math.sin(frame / 14 + 1)
  const handY = 20 + 10 * Math.cos(frame / 19 + 1)
  const u = Math.cos(frame / 14 + 1)
  const v = -0.5 * Math.sin(frame / 19 + 1)
  const blur = pane === 'true-motion' ? 0 : 4
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const distance = Math.hypot(x - handX, y - handY)
      const share = blur === 0 ? Number(distance < 6) : Math.max(0, Math.min(1, (6 + blur - distance) / blur))
      paintFlow((u * share) / 1.2, (v * share) / 1.2, data, (y * sizePx + x) * 4)
      data[(y * sizePx + x) * 4 + 3] = 255
    }
  }
  data.set([frame & 0xff, frame >> 8, 77, 255], 0)
  return data
}
