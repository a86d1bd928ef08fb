import type { AblationSpec } from '../contract/ablation.ts'
import type { DatasetDetail, DatasetFormat, EpisodeDetail } from '../contract/dataset.ts'
import type { DatasetStatistics } from '../contract/dataset-statistics.ts'
import type { errorSchema } from '../contract/errors.ts'
import type { FlowQuery, MotionHealth } from '../contract/flow.ts'
import type { Baselines, EvaluationComparison, EvaluationJob, TaskInfo } from '../contract/evaluate.ts'
import type { Replay, ReplayErrors, ReplaySource, RolloutOwner } from '../contract/replay.ts'
import type { Estimate } from '../contract/estimate.ts'
import type { ExportFormat } from '../contract/blob.ts'
import type { ExportedPolicy, LogPart, Preset, StoppedEarly } from '../contract/run.ts'
import type { DoctorOptions, DoctorReport } from '../contract/system.ts'
import type { z } from 'zod'
import type { Simulation, SimulationPane } from '../contract/simulation.ts'
import type { FrameBatch, FrameBatchRequest } from './desk/frame-batch.ts'
import type { Entry } from '../platform/entry.ts'
import type { EntryEnd } from '../platform/run-entry.ts'

/** Messages between the host and its engine processes; they pass as structured clones. */

/** A picture on its way to the page: raw RGBA, or a PNG file. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
}

/** A dataset's episode, or a rollout that is rendered again. */
export type ReplayFrames =
  | { readonly kind: 'episode'; readonly dataset: { readonly id: string; readonly path: string }; readonly episode: number }
  | Extract<ReplaySource, { kind: 'rollout' }>

export interface ReplayRequest {
  readonly runPath: string
  readonly runId: string
  /** Null takes the last one that is whole. */
  readonly checkpointStep: number | null
  readonly frames: ReplayFrames
  /** Null takes the run's first motion camera. */
  readonly camera: string | null
}

export type FlowFormat = 'png' | 'rgba' | 'flo'

/** One frame of an open replay, imagined anew. The answer has a row for each seed and `steps + 1` columns, noise first. */
export interface ImagineRequest {
  readonly id: string
  readonly frame: number
  readonly seeds: readonly number[]
  /** Euler steps. */
  readonly steps: number
}

/** An episode to be played live: as the page asks for it, with the run's folder. */
export interface SimulationRequest {
  readonly task: string
  readonly seed: number
  readonly camera: string | null
  readonly policy: { readonly kind: 'run'; readonly runPath: string; readonly checkpointStep: number | null } | { readonly kind: 'baseline'; readonly name: 'random' | 'expert' }
}

/** What the desk answers. Names are the messages' `method`. */
export interface DeskMethods {
  /** `format` where its user says what it is and that is not written down yet. */
  dataset(place: { id: string; path: string; fresh?: boolean; format?: DatasetFormat | undefined }): DatasetDetail
  episode(place: { id: string; path: string; episode: number }): EpisodeDetail
  statistics(place: { id: string; path: string }): DatasetStatistics
  /** Names the content, wherever it lies. */
  fingerprint(place: { id: string; path: string }): string
  motionHealth(place: FlowQuery & { id: string; path: string; camera: string }): MotionHealth
  /** `png` and `rgba` are the motion image, `flo` the flow itself; null where the dataset has none of that source. */
  flow(place: FlowQuery & { id: string; path: string; episode: number; camera: string; frame: number; format: FlowFormat }): Picture | null
  frames(place: FrameBatchRequest & { id: string; path: string }): FrameBatch
  frame(place: { id: string; path: string; episode: number; camera: string; frame: number; format: 'png' | 'rgba'; maxPx?: number }): Picture
  presets(nothing: null): Preset[]
  estimate(request: { config: unknown; tries: boolean }): Estimate
  doctor(options: DoctorOptions): DoctorReport
  log(request: { file: string; query: string; before: number | null; limit: number }): LogPart
  exportRun(request: { runPath: string; format: ExportFormat }): Uint8Array
  /** Into a new folder of the home's `exports/`. */
  exportPolicy(request: { runPath: string }): ExportedPolicy
  /** Answers with the new run's id. */
  importRun(request: { path: string; name: string }): string
  openReplay(request: ReplayRequest): Replay
  replayFrame(request: { id: string; pane: Replay['panes'][number]; frame: number }): Picture | null
  replayErrors(request: { id: string }): ReplayErrors
  imagineFrame(request: ImagineRequest): Picture
  closeReplay(request: { id: string }): null
  openSimulation(request: SimulationRequest): Simulation
  advanceSimulation(request: { id: string; steps: number }): Simulation
  simulationFrame(request: { id: string; pane: SimulationPane; frame: number }): Picture | null
  closeSimulation(request: { id: string }): null
  tasks(nothing: null): TaskInfo[]
  baselines(nothing: null): Baselines
  /** Checks and keeps a description, which needs the tasks of its datasets. */
  createAblation(spec: AblationSpec): { id: string }
  compareEvaluations(request: { first: RolloutOwner; second: RolloutOwner }): EvaluationComparison
  /** Writes a report about runs and answers with its file. */
  writeReport(request: { id: string; runPaths: readonly string[] }): { path: string }
}
export type DeskMethod = keyof DeskMethods

/** What the desk tells unasked. */
export interface DeskNews {
  readonly onReplayProgress: (id: string, predictedFrames: number) => void
  /** Of the compute engine: a quicker provider that does not work, a kernel that is missing. */
  readonly onWarning: (message: string) => void
}

/** An engine inside Electron has the host run a program for it, see platform/run-entry.ts. */
export type AskToRun = { readonly type: 'run-entry'; readonly run: number; readonly entry: Entry; readonly args: readonly string[]; readonly timeoutMs: number }
export type HasRun = { readonly type: 'entry-ended'; readonly run: number; readonly end: EntryEnd }

/** Told once by each process. */
export type EngineWarning = { readonly type: 'warning'; readonly message: string }

export type ToDesk =
  | HasRun
  | { readonly type: 'call'; readonly call: number; readonly method: DeskMethod; readonly argument: unknown }
  | { readonly type: 'exit' }

export type FromDesk =
  | AskToRun
  | { readonly type: 'ready' }
  | { readonly type: 'heartbeat' }
  | { readonly type: 'result'; readonly call: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly call: number; readonly error: z.infer<typeof errorSchema> }
  | { readonly type: 'replay-progress'; readonly id: string; readonly predictedFrames: number }
  | EngineWarning

export type ToJob = HasRun | { readonly type: 'pause' } | { readonly type: 'stop' }

export type FromJob = AskToRun | { readonly type: 'ready' } | { readonly type: 'heartbeat' }

export type ToEvaluation = HasRun | { readonly type: 'stop' }

export type FromEvaluation =
  | AskToRun
  | EngineWarning
  | { readonly type: 'heartbeat' }
  | { readonly type: 'evaluation-begins'; readonly owner: RolloutOwner; readonly seeds: readonly number[] }
  | ({ readonly type: 'evaluation-progress' } & Pick<EvaluationJob, 'cells' | 'steps' | 'done' | 'successes' | 'etaSeconds'>)
  | { readonly type: 'evaluation-ended'; readonly error: z.infer<typeof errorSchema> | null; readonly isStopped?: true; readonly stoppedEarly?: StoppedEarly }

/** How often each engine process says that its event loop turns. */
export const processHeartbeatMs = 1000
