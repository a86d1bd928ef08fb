import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { ablationSchema, ablationSpecSchema } from './ablation.ts'
import { datasetMarksSchema } from './dataset-marks.ts'
import { datasetDetailSchema, datasetFormats, datasetSummarySchema, episodeDetailSchema } from './dataset.ts'
import { datasetStatisticsSchema } from './dataset-statistics.ts'
import { flowQuerySchema, motionHealthSchema } from './flow.ts'
import { baselinesSchema, comparisonSchema, evaluationJobSchema, evaluationRequestSchema, taskSchema } from './evaluate.ts'
import { replayChoiceSchema, replayErrorsSchema, replaySchema, rolloutOwnerSchema } from './replay.ts'
import { estimateSchema } from './estimate.ts'
import { annotationsSchema, columnValuesSchema, exportedPolicySchema, logPartSchema, presetSchema, runAlertSchema, runDetailSchema, runSummarySchema, savedViewSchema, trashedRunSchema } from './run.ts'
import { maxStepsAtOnce, simulationChoiceSchema, simulationSchema } from './simulation.ts'
import { doctorOptionsSchema, doctorReportSchema, hostSettingsSchema, systemInfoSchema } from './system.ts'

/**
 * What the page may ask of the host. One contract for both transports (MessagePort in Electron, WebSocket in the
 * headless host). Errors arrive as ORPCError whose `data` is {code, message, hint}. Pictures and series do not pass
 * here: see blob.ts.
 */

const id = z.string().min(1).max(200)
const byId = z.object({ id })

/** Events are sent in batches, see `attend`. */
export const kinoraEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run-changed'), run: runSummarySchema }),
  z.object({ type: z.literal('run-removed'), id: z.string() }),
  /** New records lie in the run's metrics up to `step`; the page asks for the window it shows. */
  z.object({ type: z.literal('metrics-appended'), id: z.string(), step: z.number().int(), names: z.array(z.string()) }),
  z.object({ type: z.literal('queue-changed'), ids: z.array(z.string()) }),
  z.object({ type: z.literal('run-alert'), alert: runAlertSchema }),
  z.object({ type: z.literal('dataset-changed'), dataset: datasetSummarySchema }),
  z.object({ type: z.literal('system-changed'), info: systemInfoSchema }),
  /** What the compute engine warns of while it reads, predicts or judges for the page. */
  z.object({ type: z.literal('engine-warning'), message: z.string() }),
  z.object({ type: z.literal('replay-progress'), id: z.string(), predictedFrames: z.number().int() }),
  z.object({ type: z.literal('evaluation-changed'), job: evaluationJobSchema }),
  z.object({ type: z.literal('ablation-changed'), ablation: ablationSchema }),
  z.object({ type: z.literal('ablation-removed'), id: z.string() }),
])
export type KinoraEvent = z.infer<typeof kinoraEventSchema>

export const contract = {
  system: {
    info: oc.output(systemInfoSchema),
    doctor: oc.input(doctorOptionsSchema).output(doctorReportSchema),
    settings: oc.output(hostSettingsSchema),
    configure: oc.input(hostSettingsSchema.partial()).output(hostSettingsSchema),
  },
  datasets: {
    list: oc.output(z.array(datasetSummarySchema)),
    get: oc.input(byId).output(datasetDetailSchema),
    /** Opens a folder in place and adds it to the catalogue; a format overrides what its content tells, null ends that. */
    add: oc.input(z.object({ path: z.string().min(1).max(4096), format: z.enum(datasetFormats).nullable().optional() })).output(datasetSummarySchema),
    episode: oc.input(z.object({ id, episode: z.number().int().min(0) })).output(episodeDetailSchema),
    /** Reads every number of the dataset once; kept until the dataset changes. */
    statistics: oc.input(byId).output(datasetStatisticsSchema),
    /** Looks at a sample of one camera's motion images: are they fit to learn from? */
    motionHealth: oc.input(flowQuerySchema.extend({ id, camera: z.string().min(1).max(500) })).output(motionHealthSchema),
    /** Flags and notes of the episodes, kept beside the data. */
    marks: oc.input(byId).output(datasetMarksSchema),
    /** Lays these over them; a mark with neither flag nor note is taken out. The answer has all. */
    mark: oc.input(z.object({ id, marks: datasetMarksSchema })).output(datasetMarksSchema),
  },
  runs: {
    list: oc.output(z.array(runSummarySchema)),
    get: oc.input(byId).output(runDetailSchema),
    presets: oc.output(z.array(presetSchema)),
    /** What a run of this configuration would take here: parameters, memory, disk, time. `tries` takes seconds and runs some steps of it. */
    estimate: oc.input(z.object({ config: z.record(z.string(), z.unknown()), tries: z.boolean().default(false) })).output(estimateSchema),
    /** `config` is checked whole against trainConfigSchema; the answer is the queued run. */
    create: oc.input(z.object({ name: z.string().max(120), config: z.record(z.string(), z.unknown()), ignoresMemory: z.boolean().default(false) })).output(runSummarySchema),
    pause: oc.input(byId).output(runSummarySchema),
    /** `ignoresMemory`, as at `create`: though memory looks too short. */
    resume: oc.input(byId.extend({ ignoresMemory: z.boolean().default(false) })).output(runSummarySchema),
    stop: oc.input(byId).output(runSummarySchema),
    annotate: oc.input(byId.extend(annotationsSchema.partial().shape)).output(runSummarySchema),
    /** Moves a run to the trash folder of the home. A run that is at work must be stopped first. */
    remove: oc.input(byId).output(trashedRunSchema),
    restore: oc.input(byId).output(runSummarySchema),
    trash: oc.output(z.array(trashedRunSchema)),
    /** Deletes for good: the given ones, or all. */
    emptyTrash: oc.input(z.object({ ids: z.array(id).nullable() })).output(z.object({ freedBytes: z.number() })),
    /** The order in which waiting runs are started; those that are not named come after, oldest first. */
    queue: oc.output(z.array(z.string())),
    reorder: oc.input(z.object({ ids: z.array(id).max(20_000) })).output(z.array(z.string())),
    /** `config.<path>`, `min:<metric>`, `max:<metric>`, `best:<metric>`; of every run, or of those named. */
    values: oc.input(z.object({ columns: z.array(z.string().min(1).max(300)).max(60), ids: z.array(id).optional() })).output(columnValuesSchema),
    views: oc.output(z.array(savedViewSchema)),
    saveViews: oc.input(z.object({ views: z.array(savedViewSchema).max(200) })).output(z.array(savedViewSchema)),
    /** The last `limit` lines before the byte `before` (null: the end), or of those that contain `query`. */
    log: oc.input(byId.extend({ query: z.string().max(200), before: z.number().int().min(0).nullable(), limit: z.number().int().min(1).max(2000) })).output(logPartSchema),
    /** Writes the policy of the last checkpoint as ONNX into the home's `exports/`, and compares the file with it. */
    exportPolicy: oc.input(byId).output(exportedPolicySchema),
    /** Makes a run of what another program logged: TensorBoard event files or a CSV with a column `step`. */
    importMetrics: oc.input(z.object({ path: z.string().min(1).max(4096), name: z.string().max(120) })).output(runSummarySchema),
  },
  replay: {
    /** Prepares a replay and predicts every frame in the background; `replay-progress` events tell how far. */
    open: oc.input(replayChoiceSchema).output(replaySchema),
    errors: oc.input(byId).output(replayErrorsSchema),
    close: oc.input(byId).output(z.object({})),
  },
  evaluations: {
    tasks: oc.output(z.array(taskSchema)),
    jobs: oc.output(z.array(evaluationJobSchema)),
    /** Queued; one runs at a time. Rollouts that are on record already are not played again. */
    start: oc.input(evaluationRequestSchema).output(evaluationJobSchema),
    /** Rollouts that have ended are kept. */
    stop: oc.input(byId).output(evaluationJobSchema),
    baselines: oc.output(baselinesSchema),
    /** On the pairs of task and seed that both have. */
    compare: oc.input(z.object({ first: rolloutOwnerSchema, second: rolloutOwnerSchema })).output(comparisonSchema),
  },
  ablations: {
    list: oc.output(z.array(ablationSchema)),
    /** Trains and judges every run of the description; one that was begun goes on. */
    start: oc.input(ablationSpecSchema).output(ablationSchema),
    /** What is done is kept, and `resume` goes on from there. */
    pause: oc.input(byId).output(ablationSchema),
    resume: oc.input(byId).output(ablationSchema),
    /** Sets it aside; its runs stay. One that runs must be paused first. */
    remove: oc.input(byId).output(z.object({})),
    restore: oc.input(byId).output(ablationSchema),
  },
  simulations: {
    /** Begins an episode; nothing moves until `advance`. */
    open: oc.input(simulationChoiceSchema).output(simulationSchema),
    /** Plays on; fewer steps than asked for where the episode ends. */
    advance: oc.input(byId.extend({ steps: z.number().int().min(1).max(maxStepsAtOnce) })).output(simulationSchema),
    close: oc.input(byId).output(z.object({})),
  },
  reports: {
    /** One self-contained page about one to six runs; the answer's id is for `blobUrl.report`. */
    create: oc.input(z.object({ runIds: z.array(id).min(1).max(6) })).output(z.object({ id: z.string(), path: z.string() })),
  },
  /** Whether somebody is at this page: how often its batches of events go out. It is taken for granted until said otherwise. */
  attend: oc.input(z.object({ isAttended: z.boolean() })).output(z.object({})),
  events: oc.output(eventIterator(z.array(kinoraEventSchema))),
}
