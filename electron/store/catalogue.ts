import { rmSync } from 'node:fs'
import type { DatasetSummary } from '../contract/dataset.ts'
import type { Evaluation, RunSummary } from '../contract/run.ts'
import type { Disposable } from '../base/disposable.ts'
import { Database, type SqlRow } from '../platform/sqlite.ts'
import { schema, schemaVersion } from './schema.ts'

export interface CataloguedRun {
  readonly summary: RunSummary
  /** What the folder looked like when this was read; a different one means that it must be read again. */
  readonly signature: string
}

export interface CataloguedDataset {
  readonly summary: DatasetSummary
  readonly signature: string
}

/**
 * The index over a home's runs and datasets, in SQLite. It holds nothing that the folders do not: deleting the file
 * costs the time to read the folders again. A damaged file, or one of another version, is replaced by an empty one.
 */
export class Catalogue implements Disposable {
  readonly #database: Database

  private constructor(database: Database) {
    this.#database = database
  }

  static open(path: string): Catalogue {
    try {
      return new Catalogue(prepare(path))
    } catch {
      // An index that cannot be read is worth nothing and can be made again.
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
      return new Catalogue(prepare(path))
    }
  }

  /** Newest first. */
  runs(): RunSummary[] {
    return this.#database.all('SELECT summary FROM runs ORDER BY created_at DESC, id').map((row) => parseRow<RunSummary>(row))
  }

  run(id: string): CataloguedRun | undefined {
    const row = this.#database.get('SELECT summary, signature FROM runs WHERE id = ?', id)
    return row && { summary: parseRow<RunSummary>(row), signature: String(row.signature) }
  }

  runSignatures(): Map<string, string> {
    return new Map(this.#database.all('SELECT id, signature FROM runs').map((row) => [String(row.id), String(row.signature)]))
  }

  putRun(summary: RunSummary, signature: string, evaluations: readonly Evaluation[]): void {
    const { id, status } = summary
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO runs (id, name, path, created_at, dataset_id, preset, motion_target, seed, state, step, updated_at, signature, summary)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, path = excluded.path, created_at = excluded.created_at, dataset_id = excluded.dataset_id,
           preset = excluded.preset, motion_target = excluded.motion_target, seed = excluded.seed, state = excluded.state, step = excluded.step,
           updated_at = excluded.updated_at, signature = excluded.signature, summary = excluded.summary`,
        id, summary.name, summary.path, summary.createdAt, summary.datasetId, summary.preset, summary.motionTarget, summary.seed,
        status.state, status.step, status.updatedAt, signature, JSON.stringify(summary),
      )
      this.#database.run('DELETE FROM checkpoints WHERE run_id = ?', id)
      for (const step of summary.checkpoints) this.#database.run('INSERT INTO checkpoints (run_id, step) VALUES (?, ?)', id, step)
      this.#database.run('DELETE FROM last_metrics WHERE run_id = ?', id)
      for (const [name, value] of Object.entries(summary.lastMetrics)) this.#database.run('INSERT INTO last_metrics (run_id, name, value) VALUES (?, ?, ?)', id, name, value)
      this.#database.run('DELETE FROM evaluations WHERE run_id = ?', id)
      for (const evaluation of evaluations) {
        const { successes, n, low, high } = evaluation.total
        this.#database.run(
          'INSERT INTO evaluations (run_id, step, created_at, successes, n, low, high, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          id, evaluation.checkpointStep, evaluation.createdAt, successes, n, low, high, JSON.stringify(evaluation),
        )
      }
    })
  }

  evaluations(runId: string): Evaluation[] {
    return this.#database.all('SELECT detail AS summary FROM evaluations WHERE run_id = ? ORDER BY step, created_at', runId).map((row) => parseRow<Evaluation>(row))
  }

  removeRun(id: string): void {
    this.#database.run('DELETE FROM runs WHERE id = ?', id)
  }

  /** By name. */
  datasets(): DatasetSummary[] {
    return this.#database.all('SELECT summary FROM datasets ORDER BY name, id').map((row) => parseRow<DatasetSummary>(row))
  }

  dataset(id: string): CataloguedDataset | undefined {
    const row = this.#database.get('SELECT summary, signature FROM datasets WHERE id = ?', id)
    return row && { summary: parseRow<DatasetSummary>(row), signature: String(row.signature) }
  }

  putDataset(summary: DatasetSummary, signature: string): void {
    this.#database.run(
      `INSERT INTO datasets (id, name, path, format, episode_count, frame_count, problem_count, signature, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, path = excluded.path, format = excluded.format, episode_count = excluded.episode_count,
         frame_count = excluded.frame_count, problem_count = excluded.problem_count, signature = excluded.signature, summary = excluded.summary`,
      summary.id, summary.name, summary.path, summary.format, summary.episodeCount, summary.frameCount, summary.problemCount, signature, JSON.stringify(summary),
    )
  }

  removeDataset(id: string): void {
    this.#database.run('DELETE FROM datasets WHERE id = ?', id)
  }

  dispose(): void {
    this.#database.dispose()
  }
}

function prepare(path: string): Database {
  const database = new Database(path)
  try {
    if (database.userVersion !== schemaVersion) {
      const tables = database.all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      database.exec('PRAGMA foreign_keys = OFF')
      for (const table of tables) database.exec(`DROP TABLE "${String(table.name).replaceAll('"', '""')}"`)
      database.exec(schema)
      database.exec('PRAGMA foreign_keys = ON')
      database.userVersion = schemaVersion
    }
    // A damaged page shows itself here rather than in the middle of a request.
    if (database.get('PRAGMA quick_check')?.quick_check !== 'ok') throw new Error('The catalogue is damaged.')
    return database
  } catch (error) {
    database.dispose()
    throw error
  }
}

/** What this version of the schema wrote is trusted: checking ten thousand rows again would cost more than reading them. */
function parseRow<T>(row: SqlRow): T {
  return JSON.parse(String(row.summary)) as T
}
