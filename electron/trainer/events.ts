import type { HostTensors } from '../base/host-tensor.ts'
import type { SnapshotMeta } from '../model/snapshot-meta.ts'
import type { MotionSample } from './imagination.ts'

export type TrainPhase = 'load' | 'vae' | 'latents' | 'train'

/** What a training run tells while it runs; its consumer writes, shows and stores. */
export type TrainEvent =
  | { readonly type: 'phase'; readonly phase: TrainPhase; readonly totalSteps: number }
  /** Progress of a phase that has no metrics: episodes read, motion images encoded, or reconstructed by an autoencoder that was there already. */
  | { readonly type: 'progress'; readonly phase: TrainPhase; readonly step: number; readonly totalSteps: number }
  | { readonly type: 'step'; readonly phase: 'vae' | 'train'; readonly step: number; readonly values: Readonly<Record<string, number>> }
  /** The frozen VAE is there: `vae/psnr` in dB on held-out motion images. */
  | { readonly type: 'vae'; readonly isCached: boolean; readonly key: string; readonly values: Readonly<Record<string, number>> }
  /** Something the user should know that does not stop the run. */
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'validation'; readonly step: number; readonly values: Readonly<Record<string, number>> }
  /** What the motion head imagines of a few held-out frames. */
  | { readonly type: 'samples'; readonly step: number; readonly samples: readonly MotionSample[] }
  | { readonly type: 'snapshot'; readonly step: number; readonly tensors: HostTensors; readonly meta: SnapshotMeta }
  /** The last step is done, or an earlier one after which validation no longer improved. */
  | { readonly type: 'done'; readonly step: number }

/** A checkpoint to continue from, as the checkpoint room gives it. */
export interface RestoredCheckpoint {
  readonly step: number
  readonly tensors: HostTensors
  readonly meta: unknown
}
