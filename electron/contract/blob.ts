/**
 * The binary route, the same `fetch` in both hosts: GET <origin>/blob/<kind>/...
 * Pictures are raw RGBA (`x-kinora-width`, `x-kinora-height` headers) so that the page paints them with no decoder and
 * the same frame is the same bytes; `.png` is for <img>. Errors are JSON {code, message, hint} with status 4xx / 5xx.
 */
import { z } from 'zod'
import type { FlowQuery } from './flow.ts'
import type { Replay } from './replay.ts'
import type { SimulationPane } from './simulation.ts'

/** Most pictures that one `imagined` sheet may hold: seeds times steps. */
export const maxImagined = 400

const segment = (value: string | number): string => encodeURIComponent(String(value))

export const blobUrl = {
  /** One frame of a dataset's camera; `format` png or rgba. */
  frame: (datasetId: string, episode: number, camera: string, frame: number, format: 'png' | 'rgba') =>
    `/blob/frame/${segment(datasetId)}/${episode}/${segment(camera)}/${frame}.${format}`,
  /** Frames of several cameras in the order wanted, one after the other as they are read: see contract/frame-stream.ts. */
  frames: (datasetId: string, { episode, cameras, frames, takesEncoded }: FramesQuery) =>
    `/blob/frames/${segment(datasetId)}/${episode}?frames=${frames.join()}${cameras.map((camera) => `&camera=${segment(camera)}`).join('')}${takesEncoded ? '&encoded=1' : ''}`,
  /** The flow from one frame on: as a motion image (png, rgba) or as a Middlebury file (flo); 404 where there is none. */
  flow: (datasetId: string, episode: number, camera: string, frame: number, query: FlowQuery, format: 'png' | 'rgba' | 'flo') =>
    `/blob/flow/${segment(datasetId)}/${episode}/${segment(camera)}/${frame}.${format}?source=${query.source}&horizon=${query.horizonSteps}`,
  /** The same as a small PNG whose longer side has at most `maxPx` pixels. */
  thumbnail: (datasetId: string, episode: number, camera: string, frame: number, maxPx: number) => `/blob/frame/${segment(datasetId)}/${episode}/${segment(camera)}/${frame}.png?max=${maxPx}`,
  /** One frame of a replay's pane, raw RGBA; 204 while it is not predicted yet. */
  replay: (replayId: string, pane: Replay['panes'][number], frame: number) => `/blob/replay/${segment(replayId)}/${pane}/${frame}.rgba`,
  /**
   * One frame of an open replay, imagined anew once per seed: one raw RGBA sheet of pictures of the replay's size, a row
   * for each seed and `steps + 1` columns, noise first. Seed 0 with the run's own number of steps is the replay's picture.
   */
  imagined: (replayId: string, frame: number, seeds: readonly number[], steps: number) => `/blob/imagined/${segment(replayId)}/${frame}.rgba?seeds=${seeds.join()}&steps=${steps}`,
  /** One frame of an episode that is played live, raw RGBA; 204 for motion whose later frame is still to come. */
  simulation: (simulationId: string, pane: SimulationPane, frame: number) => `/blob/simulation/${segment(simulationId)}/${pane}/${frame}.rgba`,
  /** The list of runs as one JSON text, RunSummary[]: ten thousand are too many to be taken apart by the RPC's serialiser. */
  runs: '/blob/runs.json',
  /** Windows of some metrics, one for each line of each query in the order asked, see {@link CurveQuery} and {@link SeriesWindow}. */
  curves: (queries: readonly CurveQuery[]) => `/blob/curves?of=${segment(JSON.stringify(queries))}`,
  /** Every logged point of one metric of some runs, as CSV. */
  csv: (runIds: readonly string[], metric: string) => `/blob/csv/${segment(metric)}?runs=${runIds.map(segment).join(',')}`,
  /** A whole run for other programs: all metrics as CSV, a TensorBoard event file, or JSON after W&B's fields. */
  exported: (runId: string, format: ExportFormat) => `/blob/export/${segment(runId)}.${format}`,
  /** What a run's motion head imagined at a step of its training: one PNG sheet, see `motionSamplesSchema`. */
  samples: (runId: string, step: number) => `/blob/samples/${segment(runId)}/${step}.png`,
  /** A report as HTML, by its own id or by the id of a run that has one. */
  report: (id: string) => `/blob/report/${segment(id)}.html`,
}

export interface FramesQuery {
  readonly episode: number
  readonly cameras: readonly string[]
  /** At most {@link maxStreamed}. */
  readonly frames: readonly number[]
  /** Whether the page decodes video and pictures itself; else they come as pixels. */
  readonly takesEncoded: boolean
}

/** Most frames, and most cameras, that one `frames` answer may bring. */
export const maxStreamed = 1024

export const exportFormats = ['csv', 'tfevents', 'json'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** What runs along the bottom of a chart: steps, passes over the data, time of day (ms), seconds since the run's start. */
export const chartAxes = ['step', 'epoch', 'wall', 'relative'] as const
export type ChartAxis = (typeof chartAxes)[number]

/** One metric of some lines, as a chart shows it. */
export const curveQuerySchema = z.object({
  /** Each line is one run, or the mean of several. */
  lines: z.array(z.array(z.string().min(1)).min(1).readonly()).min(1).max(1000).readonly(),
  metric: z.string().min(1),
  /** Bounds the points of a line: at most 2 x widthPx. */
  widthPx: z.number().int().min(1).max(20_000),
  axis: z.enum(chartAxes),
  /** Time constant of the smoothing in logged points; 0 for none. */
  smoothingPoints: z.number().int().min(0).max(1_000_000),
  /** Places on the axis, inclusive; without them the whole series. */
  from: z.number().optional(),
  to: z.number().optional(),
})
export type CurveQuery = Readonly<z.infer<typeof curveQuerySchema>>

/**
 * One line of a chart. `steps` are places on the asked axis and never fall. NaN values are kept as NaN. `smoothed` is a
 * debiased exponential average over the full series, so it depends neither on zoom nor on width. The mean of several
 * runs has `runCount` of them and `low` and `high`: the 95 % interval of the mean, about the smoothed line.
 */
export interface SeriesWindow {
  readonly totalPoints: number
  readonly steps: Float64Array
  readonly values: Float64Array
  readonly smoothed: Float64Array
  readonly runCount?: number
  readonly low?: Float64Array
  readonly high?: Float64Array
}

/**
 * Body of a `curves` answer: Float64Array, little-endian, line after line: [total points, count, runs (0 for a single
 * one), steps (count), values (count), smoothed (count)], and low and high (count each) where runs > 0. A line whose
 * runs have no such metric has 0 points; one whose axis is unknown has -1 as its total.
 */
export function encodeCurves(windows: readonly SeriesWindow[]): Float64Array {
  const columnsOf = (window: SeriesWindow): Float64Array[] => [window.steps, window.values, window.smoothed, ...(window.low && window.high ? [window.low, window.high] : [])]
  const packed = new Float64Array(windows.reduce((sum, window) => sum + 3 + columnsOf(window).length * window.steps.length, 0))
  let at = 0
  for (const window of windows) {
    packed.set([window.totalPoints, window.steps.length, window.low ? (window.runCount ?? 1) : 0], at)
    at += 3
    for (const column of columnsOf(window)) {
      packed.set(column, at)
      at += column.length
    }
  }
  return packed
}

export function decodeCurves(packed: Float64Array): SeriesWindow[] {
  const windows: SeriesWindow[] = []
  for (let at = 0; at < packed.length;) {
    const [totalPoints = 0, count = 0, runCount = 0] = packed.subarray(at, at + 3)
    at += 3
    const next = (): Float64Array => packed.subarray(at, (at += count))
    const single = { totalPoints, steps: next(), values: next(), smoothed: next() }
    windows.push(runCount > 0 ? { ...single, runCount, low: next(), high: next() } : single)
  }
  return windows
}
