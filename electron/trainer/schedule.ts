import type { TrainConfig } from '../contract/config.ts'

/**
 * Learning rate of update `step` (from 1): linear from peak / (warm-up + 1), as openpi, then half a cosine from the peak
 * to `finalFraction` of it at `totalSteps`.
 */
export function learningRateAt(step: number, totalSteps: number, optimiser: Pick<TrainConfig['optimiser'], 'learningRate' | 'finalFraction' | 'warmupSteps'>): number {
  const { learningRate, finalFraction, warmupSteps } = optimiser
  if (step <= warmupSteps) return (learningRate * step) / (warmupSteps + 1)
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps))
  return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)))
}

/** Decay of the average at update `step`: short at first, so that the first random values are soon forgotten. */
export function emaDecayAt(step: number, decay: number): number {
  return Math.min(decay, (1 + step) / (10 + step))
}
