import { z } from 'zod'
import { providerNameSchema } from './config.ts'

/** One rung of the ladder of compute providers. */
export const providerReportSchema = z.object({
  name: providerNameSchema,
  status: z.enum(['ready', 'missing', 'failed']),
  version: z.string().nullable(),
  deviceName: z.string().nullable(),
  memoryBytes: z.number().nullable(),
  /** Largest absolute error of the self-test against its stored values; null where it did not run. */
  selfTestError: z.number().nullable(),
  gflops: z.number().nullable(),
  /** Why it is missing or failed, in plain words. */
  reason: z.string().nullable(),
  /** How to get it. */
  hint: z.string().nullable(),
})
export type ProviderReport = z.infer<typeof providerReportSchema>

export const optionalPartSchema = z.object({
  name: z.string(),
  isPresent: z.boolean(),
  detail: z.string(),
})

export const doctorReportSchema = z.object({
  kinora: z.string(),
  node: z.string(),
  platform: z.string(),
  cpu: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number(),
  home: z.string(),
  homeFreeBytes: z.number().nullable(),
  providers: z.array(providerReportSchema),
  chosen: providerNameSchema.nullable(),
  optionalParts: z.array(optionalPartSchema),
})
export type DoctorReport = z.infer<typeof doctorReportSchema>

export const systemInfoSchema = z.object({
  version: z.string(),
  home: z.string(),
  host: z.enum(['electron', 'headless']),
  engine: z.enum(['starting', 'ready', 'crashed']),
  memoryBytes: z.number(),
  freeMemoryBytes: z.number(),
  homeFreeBytes: z.number().nullable(),
})
export type SystemInfo = z.infer<typeof systemInfoSchema>
