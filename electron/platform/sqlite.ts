import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Disposable } from '../base/disposable.ts'

export type SqlValue = string | number | bigint | null | Uint8Array
export type SqlRow = Record<string, SqlValue>

/** A thin layer over Node's own SQLite: cached statements, transactions and plain rows. Calls block; keep them small. */
export class Database implements Disposable {
  readonly path: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** Opens or makes the file; `:memory:` keeps it in memory. @throws the engine's own error when the file is no database. */
  constructor(path: string) {
    this.path = path
    this.#database = new DatabaseSync(path)
    try {
      // WAL: readers never wait for the writer. NORMAL is safe with WAL against a crash of the process.
      this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000')
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** Runs statements without parameters, such as DDL. Cached statements are dropped: theirs may be stale after DDL. */
  exec(sql: string): void {
    this.#statements.clear()
    this.#database.exec(sql)
  }

  /** Runs one statement and returns the number of rows that it changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepare(sql).run(...(values as SQLInputValue[])).changes)
  }

  all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return this.#prepare(sql).all(...(values as SQLInputValue[])) as SqlRow[]
  }

  get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return this.#prepare(sql).get(...(values as SQLInputValue[])) as SqlRow | undefined
  }

  /** All of `body` or, when it throws, nothing of it. */
  transaction<T>(body: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = body()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  get userVersion(): number {
    return Number(this.get('PRAGMA user_version')?.user_version ?? 0)
  }

  set userVersion(version: number) {
    this.exec(`PRAGMA user_version = ${Math.trunc(version)}`)
  }

  dispose(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
