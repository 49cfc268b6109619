// The SQLite file: opened, migrated, closed; one transaction per change of state.
import { chmodSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { failure } from '../../core/errors.ts'
import { migrations } from './migrations.ts'

export type Row = Record<string, unknown>
type Value = string | number | null

/**
 * One connection, used by one thread, so a transaction is a plain function. WAL with synchronous=FULL: a
 * committed change survives a power cut (sqlite.org/pragma.html#pragma_synchronous).
 */
export class Database implements Disposable {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #depth = 0

  /** @param path a file, made with mode 0600 when there is none @throws store-newer */
  constructor(path: string) {
    const umask = process.umask(0o077)
    try {
      this.#db = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 })
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;')
    } finally {
      process.umask(umask)
    }
    chmodSync(path, 0o600)
    this.#migrate(path)
  }

  #migrate(path: string): void {
    const found = Number(this.#db.prepare('PRAGMA user_version').get()?.user_version)
    if (found > migrations.length) {
      this.#db.close()
      throw failure('store-newer', { path, found, known: migrations.length })
    }
    for (const [index, step] of migrations.entries()) {
      if (index < found) continue
      this.transaction(() => this.#db.exec(`${step}; PRAGMA user_version = ${index + 1}`))
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  /** @returns how many rows changed */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).changes)
  }

  /** All of `change` or nothing of it. Transactions in a transaction are part of the outer one. */
  transaction<T>(change: () => T): T {
    if (this.#depth > 0) return change()
    this.#db.exec('BEGIN IMMEDIATE')
    this.#depth++
    try {
      const result = change()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth--
    }
  }

  [Symbol.dispose](): void {
    if (this.#db.isOpen) this.#db.close()
  }
}
