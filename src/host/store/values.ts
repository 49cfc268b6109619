// Tables of an app that map a key to a value: configuration, build arguments, properties, formation.
import type { AppName } from '../../core/app.ts'
import type { AppsTable } from './apps.ts'
import type { Database } from './database.ts'

const columns = {
  config: ['key', 'value'],
  build_args: ['key', 'value'],
  properties: ['key', 'value'],
  formation: ['type', 'count'],
} as const

export class ValuesTable<V extends string | number> {
  readonly #db: Database
  readonly #apps: AppsTable
  readonly #table: keyof typeof columns

  constructor(db: Database, apps: AppsTable, table: keyof typeof columns) {
    this.#db = db
    this.#apps = apps
    this.#table = table
  }

  /** Every pair of an app, by key. @throws app-unknown */
  all(app: AppName): Record<string, V> {
    const [key, value] = columns[this.#table]
    const rows = this.#db.all(
      `SELECT ${key} AS k, ${value} AS v FROM ${this.#table} WHERE app_id = ? ORDER BY ${key}`,
      this.#apps.get(app).id,
    )
    return Object.fromEntries(rows.map((row) => [String(row.k), row.v as V]))
  }

  /** Sets some and removes others in one transaction. @throws app-unknown */
  change(app: AppName, set: Readonly<Record<string, V>>, unset: readonly string[] = []): void {
    const [key, value] = columns[this.#table]
    this.#db.transaction(() => {
      const { id } = this.#apps.get(app)
      for (const name of unset)
        this.#db.run(`DELETE FROM ${this.#table} WHERE app_id = ? AND ${key} = ?`, id, name)
      for (const [name, content] of Object.entries(set)) {
        this.#db.run(
          `INSERT INTO ${this.#table} (app_id, ${key}, ${value}) VALUES (?, ?, ?)
           ON CONFLICT (app_id, ${key}) DO UPDATE SET ${value} = excluded.${value}`,
          id,
          name,
          content,
        )
      }
    })
  }
}
