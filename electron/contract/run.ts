import { z } from 'zod'
import { providerNameSchema, trainConfigSchema } from './config.ts'
import { errorSchema } from './errors.ts'
import { passedOverSchema } from './system.ts'

export const runStates = ['queued', 'starting', 'running', 'stalled', 'pausing', 'paused', 'finished', 'stopped', 'failed', 'crashed'] as const
export const runStateSchema = z.enum(runStates)
export type RunState = z.infer<typeof runStateSchema>

/** States in which a process should be alive. */
export const activeStates: readonly RunState[] = ['starting', 'running', 'stalled', 'pausing']
/** States from which `resume` continues at the last verified checkpoint. */
export const resumableStates: readonly RunState[] = ['paused', 'stopped', 'failed', 'crashed']

/** `status.json` of a run folder: who runs it and how far it is. Rewritten atomically; the heartbeat is `updatedAt`. */
export const runStatusSchema = z.object({
  state: runStateSchema,
  pid: z.number().int().nullable(),
  /** Start time of that process from the operating system, so that a reused pid is not taken for it. */
  processStart: z.string().nullable(),
  /** Milliseconds since the epoch. */
  updatedAt: z.number(),
  phase: z.string(),
  step: z.number().int(),
  totalSteps: z.number().int(),
  stepsPerSecond: z.number().nullable(),
  etaSeconds: z.number().nullable(),
  provider: providerNameSchema.nullable(),
  /** Quicker providers that did not work when this process started; absent where there are none. */
  passedOver: z.array(passedOverSchema).optional(),
  /** Its user wants it started though memory looks too short for it. */
  ignoresMemory: z.boolean().optional(),
  error: errorSchema.nullable(),
})
export type RunStatus = z.infer<typeof runStatusSchema>

/** Success of one policy on a fixed list of seeds, with a 95 % Wilson interval. */
export const successSchema = z.object({
  successes: z.number().int(),
  n: z.number().int(),
  low: z.number(),
  high: z.number(),
})
export type Success = z.infer<typeof successSchema>

export const rolloutSchema = z.object({
  task: z.string(),
  seed: z.number().int(),
  success: z.boolean(),
  steps: z.number().int(),
  /** Why a failed rollout ended: step limit, non-finite action, unstable simulation. Null on success. */
  reason: z.string().nullable(),
})
export type Rollout = z.infer<typeof rolloutSchema>

/** An evaluation that ended before its plan. Its intervals are those that hold whenever one stops, see base/confidence-sequence.ts. */
export const stoppedEarlySchema = z.object({
  /** Worlds per task that it would have played. */
  plannedSeeds: z.number().int(),
  /** Why, as the end of a sentence. */
  reason: z.string(),
})
export type StoppedEarly = z.infer<typeof stoppedEarlySchema>

/** `rollouts/evaluation-<step>.json` of a run folder. */
export const evaluationSchema = z.object({
  checkpointStep: z.number().int(),
  seeds: z.array(z.number().int()),
  replanSteps: z.number().int(),
  total: successSchema,
  tasks: z.array(successSchema.extend({ task: z.string(), instruction: z.string() })),
  rollouts: z.array(rolloutSchema),
  /** Absent where every rollout was played that was asked for. */
  stoppedEarly: stoppedEarlySchema.optional(),
  createdAt: z.number(),
})
export type Evaluation = z.infer<typeof evaluationSchema>

/** `annotations.json` of a run folder: what people say about the run. Absent means none. */
export const annotationsSchema = z.object({
  tags: z.array(z.string().regex(/^[^\s,]{1,60}$/, 'a tag is one word without commas, up to 60 characters')).max(50),
  notes: z.string().max(20_000),
})
export type Annotations = z.infer<typeof annotationsSchema>

/** `samples/<step>.json` of a run folder: what lies in `<step>.png` beside it. */
export const motionSamplesSchema = z.object({
  step: z.number().int(),
  /** Side of one picture; the sheet has one column per frame and camera, and three rows: observed, true target, imagined target. */
  sizePx: z.number().int(),
  /** One per column. `camera` is null in runs of earlier versions, which had one motion camera. */
  frames: z.array(z.object({ camera: z.string().nullable().default(null), instruction: z.string(), words: z.object({ truth: z.string(), predicted: z.string() }).nullable() })),
})
export type MotionSamples = z.infer<typeof motionSamplesSchema>

export const runSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  path: z.string(),
  createdAt: z.number(),
  datasetId: z.string(),
  preset: z.string(),
  motionTarget: z.string(),
  seed: z.number().int(),
  status: runStatusSchema,
  checkpoints: z.array(z.number().int()),
  /** Last value of each metric. */
  lastMetrics: z.record(z.string(), z.number().nullable()),
  tags: annotationsSchema.shape.tags,
  notes: annotationsSchema.shape.notes,
  /** The same for runs whose configurations differ in nothing but the seed and where they compute. */
  groupKey: z.string(),
  evaluation: evaluationSchema.pick({ checkpointStep: true, total: true }).nullable(),
})
export type RunSummary = z.infer<typeof runSummarySchema>

export const runDetailSchema = runSummarySchema.extend({
  config: trainConfigSchema,
  metricNames: z.array(z.string()),
  evaluations: z.array(evaluationSchema),
  log: z.array(z.string()),
  /** What the motion head imagined at intervals of the training, by step; each has a sheet of pictures. */
  samples: z.array(motionSamplesSchema),
})
export type RunDetail = z.infer<typeof runDetailSchema>

/** How far two implementations of one policy lie apart, over samples of whole action chunks. */
export const paritySchema = z.object({
  n: z.number().int(),
  /** Largest and mean difference of any action value, in the robot's units. */
  maxAbsError: z.number(),
  meanAbsError: z.number(),
  /** Cosine between the two chunks: the lowest and the mean over the samples. */
  minCosine: z.number(),
  meanCosine: z.number(),
})
export type Parity = z.infer<typeof paritySchema>

/** A policy that was written as ONNX, and how closely the file repeats it. */
export const exportedPolicySchema = z.object({
  path: z.string(),
  checkpointStep: z.number().int(),
  /** Over random pictures, states and instructions. */
  random: paritySchema,
  /** Over frames of the run's dataset; null, with the reason, where it cannot be read. */
  dataset: paritySchema.nullable(),
  datasetNote: z.string().nullable(),
})
export type ExportedPolicy = z.infer<typeof exportedPolicySchema>

/** A run that was deleted and can still be had back. */
export const trashedRunSchema = z.object({ id: z.string(), name: z.string(), deletedAt: z.number(), bytes: z.number() })
export type TrashedRun = z.infer<typeof trashedRunSchema>

/** A saved view of the run table is a named address of the page: query, columns, order, grouping and charts lie in it. */
export const savedViewSchema = z.object({ name: z.string().min(1).max(80), address: z.record(z.string(), z.string().max(4000)) })
export type SavedView = z.infer<typeof savedViewSchema>

/** Values of one column by run id; a run without one is absent, null is a metric that was never finite. */
export const columnValuesSchema = z.record(z.string(), z.record(z.string(), z.union([z.number(), z.string(), z.null()])))
export type ColumnValues = z.infer<typeof columnValuesSchema>

/** Something in a run's curves that its user should look at. */
export const runAlertSchema = z.object({ id: z.string(), kind: z.enum(['not-finite', 'spike']), metric: z.string(), step: z.number().int(), value: z.number().nullable(), usual: z.number().nullable() })
export type RunAlert = z.infer<typeof runAlertSchema>

/** Part of a run's log. Lines are told apart by their place in the file, so that an earlier part can be asked for. */
export const logPartSchema = z.object({
  lines: z.array(z.object({ offset: z.number().int(), text: z.string() })),
  /** Lines that match, in the whole file; null where nothing was searched for. */
  matches: z.number().int().nullable(),
  bytes: z.number().int(),
  /** Whether earlier lines exist (or match). */
  hasEarlier: z.boolean(),
})
export type LogPart = z.infer<typeof logPartSchema>

export const presetSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  /** Merged over the schema's defaults; has no dataset. */
  config: z.record(z.string(), z.unknown()),
  parameterCounts: z.object({ backbone: z.number().int(), action: z.number().int(), motion: z.number().int(), vae: z.number().int() }),
})
export type Preset = z.infer<typeof presetSchema>

/**
 * One line of `metrics/<segment>.ndjson`. A resumed run opens a new segment named by its first step; where segments
 * overlap the later one wins. Non-finite values are kept as the strings "NaN", "Infinity", "-Infinity".
 */
export const metricRecordSchema = z.object({
  step: z.number().int(),
  /** Milliseconds since the epoch. */
  wall: z.number(),
  values: z.record(z.string(), z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])),
})
export type MetricRecord = z.infer<typeof metricRecordSchema>
