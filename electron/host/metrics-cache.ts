import { RunMetrics } from '../metrics/reader.ts'
import { runFile } from '../engine/runs/run-folder.ts'

/** Numbers kept in memory over all runs (three columns of 8 bytes each). */
const sizeLimit = 10_000_000

/** The metrics of the runs looked at last, so that a chart's next window needs no file. */
export class MetricsCache {
  readonly #entries = new Map<string, RunMetrics>()

  of(runPath: string): RunMetrics {
    const metrics = this.#entries.get(runPath) ?? new RunMetrics(runFile.metrics(runPath))
    // A Map keeps the order of insertion: the one used last goes to the end.
    this.#entries.delete(runPath)
    this.#entries.set(runPath, metrics)
    this.#trim(runPath)
    return metrics
  }

  forget(runPath: string): void {
    this.#entries.delete(runPath)
  }

  #trim(keep: string): void {
    let size = 0
    for (const metrics of this.#entries.values()) size += metrics.size
    for (const [path, metrics] of this.#entries) {
      if (size <= sizeLimit && this.#entries.size <= 200) return
      if (path === keep) continue
      size -= metrics.size
      this.#entries.delete(path)
    }
  }
}
