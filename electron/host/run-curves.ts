import { join } from 'node:path'
import type { CurveQuery, SeriesWindow } from '../contract/blob.ts'
import { activeStates, type RunSummary } from '../contract/run.ts'
import { epochsPerStep, placesOn } from '../metrics/axis.ts'
import { meanWindow } from '../metrics/mean.ts'
import { overviewSize, overviewSmoothings, overviewWidthPx, overviewWindow, readOverview, writeOverview, type RunOverview } from '../metrics/overview.ts'
import type { RunMetrics } from '../metrics/reader.ts'
import { seriesWindow, type Columns } from '../metrics/window.ts'
import type { Log } from '../platform/log.ts'
import type { Home } from '../platform/paths.ts'
import type { RunIndex } from './run-index.ts'

/** Numbers kept in memory over all overviews: 8 bytes each. */
const sizeLimit = 30_000_000
/** Numbers from which on reading a run's records again takes longer than a user likes to wait. */
const longRun = 50_000
/** So few runs are likely to be zoomed into next: their records are read ahead. */
const readAheadRuns = 4

const empty: SeriesWindow = { totalPoints: 0, steps: new Float64Array(0), values: new Float64Array(0), smoothed: new Float64Array(0) }
const axisUnknown: SeriesWindow = { ...empty, totalPoints: -1 }

/** Answers what charts ask: from overviews where a whole ended run is shown, else from the records. */
export class RunCurves {
  readonly #home: Home
  readonly #index: RunIndex
  readonly #log: Log
  readonly #overviews = new Map<string, RunOverview>()
  /** Overviews on their way: the charts of one page ask for the same ones at the same time. */
  readonly #making = new Map<string, Promise<RunOverview | null>>()

  constructor(home: Home, index: RunIndex, log: Log) {
    this.#home = home
    this.#index = index
    this.#log = log
    index.whenRead = (run, metrics) => this.#prepare(run, metrics)
    index.onEvent((event) => {
      // A run that changed may have new records: its overview is read again, and checked, at the next question.
      if (event.type === 'run-changed') this.#overviews.delete(event.run.id)
      if (event.type === 'run-removed') this.#overviews.delete(event.id)
    })
  }

  /** One window a line, in the order asked. A run that has just been deleted has no points; the other lines stay. */
  async windows(query: CurveQuery): Promise<SeriesWindow[]> {
    const lines = query.lines.map((ids) => ids.filter((id) => this.#index.has(id)))
    return Promise.all(lines.map((ids) => (ids.length === 0 ? empty : ids.length === 1 ? this.#single(ids[0]!, query) : this.#mean(ids, query))))
  }

  async #single(id: string, query: CurveQuery): Promise<SeriesWindow> {
    const { metric, widthPx, axis, smoothingPoints, from, to } = query
    const isWhole = from === undefined && to === undefined && widthPx <= overviewWidthPx && [0, ...overviewSmoothings].includes(smoothingPoints)
    const overview = isWhole ? await this.#overview(id) : null
    if (overview !== null) {
      const series = overview.series.get(metric)
      if (series === undefined) return empty
      const place = placesOn(axis, series, overview)
      if (query.lines.length <= readAheadRuns) this.#readAhead(id, query)
      return place === null ? axisUnknown : overviewWindow(series, place.x, smoothingPoints, widthPx, place.firstBin)
    }
    const metrics = await this.#index.records(id)
    const columns = this.#columns(metrics, query)
    if (columns === undefined) return empty
    return columns === null ? axisUnknown : seriesWindow(columns, widthPx, from, to, columns.firstBin)
  }

  async #mean(ids: readonly string[], query: CurveQuery): Promise<SeriesWindow> {
    const all = await Promise.all(ids.map(async (id) => this.#columns(await this.#index.records(id), query)))
    const known = all.filter((columns) => columns !== null && columns !== undefined)
    if (known.length === 0) return all.includes(null) ? axisUnknown : empty
    return meanWindow(known, query.widthPx, query.from, query.to, known[0]!.firstBin)
  }

  /** Undefined without such a metric, null without such an axis. */
  #columns(metrics: RunMetrics, { metric, axis, smoothingPoints }: CurveQuery): (Columns & { readonly firstBin: number }) | null | undefined {
    const series = metrics.series(metric)
    if (series === undefined) return undefined
    const place = placesOn(axis, series, { firstWall: metrics.firstWall, epochsPerStep: epochsPerStep(metrics.series('epoch')) })
    return place && { x: place.x, values: series.values, smoothed: series.smoothedOver(smoothingPoints), firstBin: place.firstBin }
  }

  /** While the records of a long run are in memory, as after a start, its overview costs little; later it costs reading them again. */
  async #prepare({ id, status }: RunSummary, metrics: RunMetrics): Promise<void> {
    if (activeStates.includes(status.state) || metrics.size < longRun) return
    await this.#overview(id, metrics).catch((error: unknown) => this.#log.warning(`The overview of ${id} could not be made`, error))
  }

  /** Zooming needs every record, and the smoothing at each. */
  #readAhead(id: string, { metric, smoothingPoints }: CurveQuery): void {
    this.#index.records(id).then(
      (metrics) => metrics.series(metric)?.smoothedOver(smoothingPoints),
      (error: unknown) => this.#log.warning(`The metrics of ${id} could not be read ahead`, error),
    )
  }

  /** `metrics`: the run's records, where they are at hand; the index may have let go of them already. */
  async #overview(id: string, metrics?: RunMetrics): Promise<RunOverview | null> {
    const run = this.#index.get(id)
    if (activeStates.includes(run.status.state)) return null
    const known = this.#overviews.get(id)
    if (known !== undefined) {
      // A Map keeps the order of insertion: the one used last goes to the end.
      this.#overviews.delete(id)
      this.#overviews.set(id, known)
      return known
    }
    let making = this.#making.get(id)
    if (making === undefined) {
      making = this.#make(id, metrics ?? this.#index.metrics.of(run.path)).finally(() => this.#making.delete(id))
      this.#making.set(id, making)
    }
    return making
  }

  async #make(id: string, metrics: RunMetrics): Promise<RunOverview | null> {
    const file = join(this.#home.cache, 'overviews', `${id}.bin`)
    let overview = await readOverview(file, metrics.folder)
    if (overview === null) {
      await metrics.poll()
      try {
        await writeOverview(file, metrics)
      } catch (error) {
        // Without the file the records serve; a full disk costs speed, not curves.
        this.#log.warning(`The overview of ${id} could not be written`, error)
        return null
      }
      overview = await readOverview(file, metrics.folder)
    }
    if (overview !== null) this.#keep(id, overview)
    return overview
  }

  #keep(id: string, overview: RunOverview): void {
    this.#overviews.set(id, overview)
    let size = 0
    for (const one of this.#overviews.values()) size += overviewSize(one)
    for (const [other, one] of this.#overviews) {
      if (size <= sizeLimit) return
      size -= overviewSize(one)
      this.#overviews.delete(other)
    }
  }
}
