import type { TrainConfig } from '../contract/config.ts'
import { presetConfig } from '../model/presets.ts'

/** What the demo does, fixed so that every machine does the same; sized for about four and a half minutes on two cores. */
export const demoPlan = {
  dataset: 'demo-tabletop',
  tasks: ['tabletop-goal/push-button', 'tabletop-goal/block-on-plate'],
  episodesPerTask: 40,
  sizePx: 64,
  horizonSteps: 5,
  /** Worlds per task in which every policy is judged. */
  evaluationSeeds: 20,
  /** Held-out episodes per task whose frames are predicted. */
  predictedEpisodesPerTask: 3,
  framesPerStrip: 7,
  seed: 0,
  steps: 1000,
  runs: [
    { name: 'demo-action-only', target: 'none' },
    { name: 'demo-joint', target: 'motion-image' },
  ],
} as const

/** The two runs differ in the motion target alone. */
export function demoConfig(target: TrainConfig['motion']['target'], device: TrainConfig['device'] = 'auto'): TrainConfig {
  const config = presetConfig('nano', demoPlan.dataset)
  return {
    ...config,
    seed: demoPlan.seed,
    device,
    steps: demoPlan.steps,
    validateEvery: Math.max(1, Math.floor(demoPlan.steps / 10)),
    checkpointEvery: Math.max(1, Math.floor(demoPlan.steps / 4)),
    motion: { ...config.motion, target, horizonSteps: demoPlan.horizonSteps },
  }
}
