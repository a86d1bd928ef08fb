import { z } from 'zod'
import { providerNameSchema } from './config.ts'

const bytes = z.number().min(0)

/** What a run will take, told before it starts. Memory is that of the training process. */
export const estimateSchema = z.object({
  parameters: z.object({ backbone: z.number().int(), action: z.number().int(), motion: z.number().int(), vae: z.number().int() }),
  /** Floating-point operations of one training step, forward and backward. */
  flopsPerStep: z.number(),
  memory: z.object({
    /** Weights, their moving average, and the optimiser's two moments. */
    weightsBytes: bytes,
    optimiserBytes: bytes,
    /** Intermediate values alive at once in one step. */
    activationBytes: bytes,
    /** Pictures, motion images and latents of the dataset; 0 where the dataset is not known. */
    dataBytes: bytes,
    /** All of the process at its peak, with the runtime and its copies. */
    totalBytes: bytes,
    availableBytes: bytes,
  }),
  disk: z.object({ checkpointBytes: bytes, totalBytes: bytes, freeBytes: bytes.nullable() }),
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
