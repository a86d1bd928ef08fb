import type { TrainConfig } from '../contract/config.ts'
import { usesLatent } from '../contract/motion-field.ts'
import type { ActionDimensions } from './action-expert.ts'
import { autoencoderSpecs } from './autoencoder-kl.ts'
import { dualHeadSpecs } from './dual-head.ts'
import { countParameters } from './parameters.ts'

/** Dimensions of LIBERO's robot: end effector position, axis-angle and two finger positions; six deltas and the gripper. */
export const liberoDimensions: ActionDimensions = { state: 8, action: 7 }

export interface ParameterCounts {
  readonly backbone: number
  readonly action: number
  readonly motion: number
  readonly vae: number
}

/** How many numbers each part learns; motion head and VAE are 0 for a run without them, and what only they read is not counted. */
export function parameterCounts(config: TrainConfig, dimensions: ActionDimensions = liberoDimensions): ParameterCounts {
  const specs = dualHeadSpecs(config, dimensions)
  const of = (part: string): number => countParameters(specs.filter(({ name }) => name.startsWith(`${part}/`)))
  return { backbone: of('backbone'), action: of('action'), motion: of('motion'), vae: usesLatent(config) ? countParameters(autoencoderSpecs(config)) : 0 }
}
