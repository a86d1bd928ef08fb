import type { TrainConfig } from '../contract/config.ts'
import { usesLatent } from '../contract/motion-field.ts'
import { actionExpertSpecs, type ActionDimensions } from './action-expert.ts'
import { autoencoderSpecs } from './autoencoder-kl.ts'
import { backboneSpecs } from './backbone.ts'
import { hasActionHead, hasMotionHead } from './dual-head.ts'
import { motionHeadSpecs } from './motion-dit.ts'
import { countParameters } from './parameters.ts'

/** Dimensions of LIBERO's robot: end effector position, axis-angle and two finger positions; six deltas and the gripper. */
export const liberoDimensions: ActionDimensions = { state: 8, action: 7 }

export interface ParameterCounts {
  readonly backbone: number
  readonly action: number
  readonly motion: number
  readonly vae: number
}

/** How many numbers each part learns; motion head and VAE are 0 for a run without them. */
export function parameterCounts(config: TrainConfig, dimensions: ActionDimensions = liberoDimensions): ParameterCounts {
  const hasMotion = hasMotionHead(config)
  return {
    backbone: countParameters(backboneSpecs(config)),
    action: hasActionHead(config) ? countParameters(actionExpertSpecs(config, dimensions)) : 0,
    motion: hasMotion ? countParameters(motionHeadSpecs(config)) : 0,
    vae: usesLatent(config) ? countParameters(autoencoderSpecs(config)) : 0,
  }
}
