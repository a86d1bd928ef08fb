import type { TrainConfig } from '../contract/config.ts'
import { presetConfig } from '../model/presets.ts'

export interface DemoPlan {
  /** Name of the dataset in the home. */
  readonly dataset: string
  readonly tasks: readonly string[]
  readonly episodesPerTask: number
  readonly sizePx: number
  readonly horizonSteps: number
  /** Worlds per task in which every policy is judged. */
  readonly evaluationSeeds: number
  /** Held-out episodes per task whose frames are predicted. */
  readonly predictedEpisodesPerTask: number
  /** Frames shown of an episode. */
  readonly framesPerStrip: number
  readonly runs: readonly { readonly name: string; readonly target: TrainConfig['motion']['target'] }[]
  readonly preset: string
  /** Over the preset; the same for both runs. */
  readonly training: Partial<Pick<TrainConfig, 'seed' | 'steps' | 'batchSize' | 'validateEvery' | 'checkpointEvery'>> & { readonly vaeSteps?: number }
}

/** What the demo does, fixed so that every machine does the same; sized for about four and a half minutes on two cores. */
export const demoPlan: DemoPlan = {
  dataset: 'demo-tabletop',
  tasks: ['tabletop-goal/push-button', 'tabletop-goal/block-on-plate'],
  episodesPerTask: 40,
  sizePx: 64,
  horizonSteps: 5,
  evaluationSeeds: 20,
  predictedEpisodesPerTask: 3,
  framesPerStrip: 7,
  runs: [
    { name: 'demo-action-only', target: 'none' },
    { name: 'demo-joint', target: 'motion-image' },
  ],
  preset: 'pico',
  training: { seed: 0 },
}

/** The runs differ in the motion target alone. */
export function demoConfig(plan: DemoPlan, target: TrainConfig['motion']['target'], device: TrainConfig['device'] = 'auto'): TrainConfig {
  const config = presetConfig(plan.preset, plan.dataset)
  const { vaeSteps, ...training } = plan.training
  return {
    ...config,
    ...training,
    device,
    data: { ...config.data, imageSizePx: plan.sizePx },
    motion: { ...config.motion, target, horizonSteps: plan.horizonSteps },
    vae: { ...config.vae, steps: vaeSteps ?? config.vae.steps },
  }
}
