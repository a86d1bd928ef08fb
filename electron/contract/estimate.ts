import { z } from 'zod'
import { providerNameSchema } from './config.ts'

const bytes = z.number().min(0)

/** What a run will take, told before it starts. Memory is that of the training process. */
export const estimateSchema = z.object({
  parameters: z.object({ backbone: z.number().int(), action: z.number().int(), motion: z.number().int(), vae: z.number().int() }),
  /** Floating-point operations of one training step, forward and backward. */
  flopsPerStep: z.number(),
  memory: z.object({
    /** Node, the runtime, and what reading the data leaves. */
    programBytes: bytes,
    /** Weights, their moving average, and the optimiser's two moments. */
    weightsBytes: bytes,
    optimiserBytes: bytes,
    /** Results of a step before they replace what they come from, and a checkpoint on its way to the disk. */
    copyBytes: bytes,
    /** Intermediate values alive at once in one step. */
    activationBytes: bytes,
    /** Pictures, motion images and latents of the dataset, where it is known, and batches made of them. */
    dataBytes: bytes,
    /** All of the process at its peak: while the policy trains, or its autoencoder before it. */
    totalBytes: bytes,
    availableBytes: bytes,
  }),
  /**
   * `autoencoderBytes`: once for all checkpoints of the run, which share its file where the file system has hard links.
   * `cacheBytes`: autoencoder and latents, kept for the next run on the same data. `totalBytes`: all that the run writes
   * and keeps.
   */
  disk: z.object({ checkpointBytes: bytes, autoencoderBytes: bytes, cacheBytes: bytes, totalBytes: bytes, freeBytes: bytes.nullable() }),
  time: z.object({
    secondsPerStep: z.number(),
    /** Of the autoencoder, where one is trained. */
    secondsPerVaeStep: z.number(),
    totalSeconds: z.number(),
    provider: providerNameSchema,
    /** Where `secondsPerStep` comes from: a run that took the same steps here, a few steps that were tried, or the machine's speed. */
    basis: z.enum(['run', 'trial', 'speed']),
    /** That run. */
    asRun: z.string().nullable(),
  }),
  /** Largest batch whose memory is available; 0 where not even one sample fits. */
  largestBatch: z.number().int().min(0),
  /** What will not fit, in words, and what to lower. */
  shortages: z.array(z.object({ of: z.enum(['memory', 'disk']), message: z.string(), hint: z.string() })),
})
export type Estimate = z.infer<typeof estimateSchema>
