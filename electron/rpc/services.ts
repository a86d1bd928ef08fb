import type { Event } from '../base/event.ts'
import type { Ablation, AblationSpec } from '../contract/ablation.ts'
import type { CurveQuery, ExportFormat, FramesQuery, SeriesWindow } from '../contract/blob.ts'
import type { DatasetMarks } from '../contract/dataset-marks.ts'
import type { DatasetDetail, DatasetFormat, DatasetSummary, EpisodeDetail } from '../contract/dataset.ts'
import type { DatasetStatistics } from '../contract/dataset-statistics.ts'
import type { FlowQuery, MotionHealth } from '../contract/flow.ts'
import type { Baselines, EvaluationComparison, EvaluationJob, EvaluationRequest, TaskInfo } from '../contract/evaluate.ts'
import type { Replay, ReplayChoice, ReplayErrors, RolloutOwner } from '../contract/replay.ts'
import type { Estimate } from '../contract/estimate.ts'
import type { KinoraEvent } from '../contract/rpc.ts'
import type { Annotations, ColumnValues, ExportedPolicy, LogPart, Preset, RunDetail, RunSummary, SavedView, TrashedRun } from '../contract/run.ts'
import type { Simulation, SimulationChoice, SimulationPane } from '../contract/simulation.ts'
import type { DoctorOptions, DoctorReport, HostSettings, SystemInfo } from '../contract/system.ts'
import type { FlowFormat, Picture } from '../engine/protocol.ts'
import type { Audience } from './audience.ts'

/** What the router and the blob route need of a host. Every method rejects with a KinoraError. */
export interface Services {
  readonly system: {
    info(): Promise<SystemInfo>
    doctor(options: DoctorOptions): Promise<DoctorReport>
    settings(): Promise<HostSettings>
    configure(change: Partial<HostSettings>): Promise<HostSettings>
  }
  readonly datasets: {
    list(): Promise<DatasetSummary[]>
    get(id: string): Promise<DatasetDetail>
    /** `format` as what it is read from now on, null for what its content tells. */
    add(path: string, format?: DatasetFormat | null): Promise<DatasetSummary>
    episode(id: string, episode: number): Promise<EpisodeDetail>
    statistics(id: string): Promise<DatasetStatistics>
    motionHealth(id: string, camera: string, query: FlowQuery): Promise<MotionHealth>
    flow(id: string, episode: number, camera: string, frame: number, query: FlowQuery, format: FlowFormat): Promise<Picture | null>
    marks(id: string): Promise<DatasetMarks>
    mark(id: string, changes: DatasetMarks): Promise<DatasetMarks>
    /** Body of `blobUrl.frames`. Rejects before its first part where there is no such episode, camera or frame. */
    frames(id: string, query: FramesQuery): AsyncGenerator<Uint8Array, void, undefined>
    /** `maxPx` bounds the longer side, for thumbnails. */
    frame(id: string, episode: number, camera: string, frame: number, format: 'png' | 'rgba', maxPx?: number): Promise<Picture>
  }
  readonly runs: {
    list(): Promise<RunSummary[]>
    get(id: string): Promise<RunDetail>
    presets(): Promise<Preset[]>
    estimate(config: unknown, tries: boolean): Promise<Estimate>
    create(name: string, config: unknown, ignoresMemory?: boolean): Promise<RunSummary>
    pause(id: string): Promise<RunSummary>
    resume(id: string, ignoresMemory?: boolean): Promise<RunSummary>
    stop(id: string): Promise<RunSummary>
    annotate(id: string, change: Partial<Annotations>): Promise<RunSummary>
    remove(id: string): Promise<TrashedRun>
    restore(id: string): Promise<RunSummary>
    trash(): Promise<TrashedRun[]>
    /** Null: all of it. */
    emptyTrash(ids: readonly string[] | null): Promise<{ freedBytes: number }>
    queue(): Promise<string[]>
    reorder(ids: readonly string[]): Promise<string[]>
    values(columns: readonly string[], ids?: readonly string[]): Promise<ColumnValues>
    views(): Promise<SavedView[]>
    saveViews(views: readonly SavedView[]): Promise<SavedView[]>
    log(id: string, query: string, before: number | null, limit: number): Promise<LogPart>
    importMetrics(path: string, name: string): Promise<RunSummary>
    curves(query: CurveQuery): Promise<SeriesWindow[]>
    /** Every logged point of a metric, as lines of CSV. */
    csv(ids: readonly string[], metric: string): Promise<string>
    exportPolicy(id: string): Promise<ExportedPolicy>
    exported(id: string, format: ExportFormat): Promise<Uint8Array>
    /** The sheet of what the motion head imagined at a step, as PNG. */
    samples(id: string, step: number): Promise<Uint8Array>
  }
  readonly replays: {
    open(choice: ReplayChoice): Promise<Replay>
    frame(id: string, pane: Replay['panes'][number], frame: number): Promise<Picture | null>
    errors(id: string): Promise<ReplayErrors>
    imagine(id: string, frame: number, seeds: readonly number[], steps: number): Promise<Picture>
    close(id: string): Promise<void>
  }
  readonly ablations: {
    list(): Promise<Ablation[]>
    start(spec: AblationSpec): Promise<Ablation>
    pause(id: string): Promise<Ablation>
    resume(id: string): Promise<Ablation>
    remove(id: string): Promise<void>
    restore(id: string): Promise<Ablation>
  }
  readonly evaluations: {
    tasks(): Promise<TaskInfo[]>
    jobs(): Promise<EvaluationJob[]>
    start(request: EvaluationRequest): Promise<EvaluationJob>
    stop(id: string): Promise<EvaluationJob>
    baselines(): Promise<Baselines>
    compare(first: RolloutOwner, second: RolloutOwner): Promise<EvaluationComparison>
  }
  readonly reports: {
    create(runIds: readonly string[]): Promise<{ id: string; path: string }>
    /** A report as HTML, by its own id or by that of a run. */
    read(id: string): Promise<string>
  }
  readonly simulations: {
    open(choice: SimulationChoice): Promise<Simulation>
    advance(id: string, steps: number): Promise<Simulation>
    frame(id: string, pane: SimulationPane, frame: number): Promise<Picture | null>
    close(id: string): Promise<void>
  }
  readonly onEvent: Event<KinoraEvent>
  readonly audience: Audience
}
