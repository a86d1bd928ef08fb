import { z } from 'zod'
import { deviceSchema, providerNameSchema } from './config.ts'

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
  /** When the self-test ran, ISO 8601: a passed one is remembered for a day. Null where it did not run. */
  testedAt: z.string().nullable(),
  /** Why it is missing or failed, in plain words. */
  reason: z.string().nullable(),
  /** How to get it. */
  hint: z.string().nullable(),
})
export type ProviderReport = z.infer<typeof providerReportSchema>

/** A provider that `auto` prefers to the one it took: it is here and failed its self-test. */
export const passedOverSchema = providerReportSchema.pick({ name: true }).extend({ reason: z.string() })
export type PassedOver = z.infer<typeof passedOverSchema>

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

/** `settings.json` of a home: what the host needs to know. The page's own taste stays in the browser. */
export const hostSettingsSchema = z.object({
  /** What `auto` means for runs that are started here. */
  device: deviceSchema,
  /** Where Electron draws the page: on the GPU, or in software so that training has the GPU's memory to itself. At the next start. */
  rendering: z.enum(['auto', 'software']),
  /** Days after which deleted runs are gone for good; 0 keeps them until the trash is emptied. */
  trashDays: z.number().int().min(0).max(3650),
  /** The home that the next start opens where neither --home nor KINORA_HOME says another. Empty: the platform's. */
  nextHome: z.string().max(4096),
})
export type HostSettings = z.infer<typeof hostSettingsSchema>

/** `isFresh`: repeat self-tests that passed within the last day. */
export const doctorOptionsSchema = z.object({ isFresh: z.boolean().optional() })
export type DoctorOptions = z.infer<typeof doctorOptionsSchema>

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
