import { Rng } from '../base/rng.ts'
import { float32, sizeOf, type HostTensors } from '../base/host-tensor.ts'
import type { TrainConfig } from '../contract/config.ts'
import { motionShape } from '../contract/motion-field.ts'
import { drawTimes } from '../model/flow-matching.ts'
import { purposeSeed } from '../sampler/order.ts'

/**
 * Flow noises and times of one step, a pure function of (seed, step): with actions `action-noise` [B, R, C, A] and
 * `action-time` [B, R]; where the motion head denoises, `motion-noise` [B, K C, h, w] and `motion-time` [B]. Each has its own
 * random stream, so that the action head of a joint run draws what it draws in a run without a motion head.
 */
export function drawNoise(config: TrainConfig, seed: number, step: number, batch: number, actionDimension: number, hasMotion: boolean): HostTensors {
  const { flowTimesPerPrefix: times, chunk } = config.action
  const rng = (purpose: string): Rng => new Rng(purposeSeed(seed, purpose), step)
  const inputs: HostTensors = {}
  if (actionDimension > 0) {
    inputs['action-noise'] = float32(rng('action-noise').normals(batch * times * chunk * actionDimension), [batch, times, chunk, actionDimension])
    inputs['action-time'] = float32(drawTimes(rng('action-time'), batch * times, 'beta'), [batch, times])
  }
  if (hasMotion && config.motion.target !== 'words') {
    const shape = [batch, ...motionShape(config)]
    inputs['motion-noise'] = float32(rng('motion-noise').normals(sizeOf(shape)), shape)
    inputs['motion-time'] = float32(drawTimes(rng('motion-time'), batch, config.motion.timeDistribution), [batch])
  }
  return inputs
}
