import { Rng } from '../../electron/base/rng.ts'
import type { FlowField } from '../../electron/base/image.ts'
import type { RecordedEpisode, WriterOptions } from '../../electron/dataset/writer/lerobot-v3.ts'

/** A small recording shape for tests of readers and writers. */
export const syntheticShape: WriterOptions = {
  fps: 20,
  cameras: ['agentview', 'wrist'],
  sizePx: 8,
  stateNames: ['x', 'y', 'z'],
  actionNames: ['dx', 'gripper'],
  robotType: 'synthetic',
}

/** Every value of it depends on the seed. Not from the simulator, so it cannot be rendered again. */
export function syntheticEpisode(seed: number, frameCount = 4 + (seed % 5), shape: WriterOptions = syntheticShape): RecordedEpisode {
  const rng = new Rng(seed, 7)
  const bytes = frameCount * shape.sizePx ** 2 * 3
  const flow = (): FlowField[] => Array.from({ length: frameCount }, () => ({ width: shape.sizePx, height: shape.sizePx, uv: rng.normals(shape.sizePx ** 2 * 2), valid: new Uint8Array(shape.sizePx ** 2).fill(1) }))
  return {
    taskId: null,
    seed,
    instruction: `do thing ${seed % 2}`,
    success: seed % 3 !== 0,
    frameCount,
    state: rng.normals(frameCount * shape.stateNames.length),
    action: rng.normals(frameCount * shape.actionNames.length),
    executedAction: rng.normals(frameCount * shape.actionNames.length),
    frames: Object.fromEntries(shape.cameras.map((camera) => [camera, Uint8Array.from({ length: bytes }, () => rng.integer(256))])),
    flow: { agentview: flow(), wrist: [] },
    horizonSteps: 3,
  }
}
