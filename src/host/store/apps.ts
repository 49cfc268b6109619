// Apps in the store, and what should run of each.
import { type App, type AppName, parseAppName } from '../../core/app.ts'
import { failure } from '../../core/errors.ts'
import type { Database, Row } from './database.ts'

const toApp = (row: Row): App => ({
  id: Number(row.id),
  name: parseAppName(String(row.name)),
  createdAt: String(row.created_at),
  stopped: row.stopped === 1,
  live:
    row.live_release === null
      ? null
      : { release: Number(row.live_release), deployment: Number(row.live_deployment) },
})

export class AppsTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @throws app-exists */
  create(name: AppName): App {
    if (this.find(name)) throw failure('app-exists', { app: name })
    this.#db.run('INSERT INTO apps (name, created_at) VALUES (?, ?)', name, new Date().toISOString())
    return this.get(name)
  }

  find(name: AppName): App | undefined {
    const row = this.#db.get('SELECT * FROM apps WHERE name = ?', name)
    return row && toApp(row)
  }

  /** @throws app-unknown */
  get(name: AppName): App {
    const app = this.find(name)
    if (!app) throw failure('app-unknown', { app: name })
    return app
  }

  list(): App[] {
    return this.#db.all('SELECT * FROM apps ORDER BY name').map(toApp)
  }

  /** @throws app-unknown, app-exists */
  rename(from: AppName, to: AppName): void {
    this.#db.transaction(() => {
      const app = this.get(from)
      if (this.find(to)) throw failure('app-exists', { app: to })
      this.#db.run('UPDATE apps SET name = ? WHERE id = ?', to, app.id)
    })
  }

  /** Removes the app and all that the store holds of it. @throws app-unknown */
  destroy(name: AppName): void {
    this.#db.run('DELETE FROM apps WHERE id = ?', this.get(name).id)
  }

  setStopped(name: AppName, stopped: boolean): void {
    this.#db.run('UPDATE apps SET stopped = ? WHERE id = ?', stopped ? 1 : 0, this.get(name).id)
  }

  /** The number of a new attempt to bring a release up; counts from 1 and is never used twice. */
  nextDeployment(name: AppName): number {
    return this.#db.transaction(() => {
      this.#db.run('UPDATE apps SET last_deployment = last_deployment + 1 WHERE name = ?', name)
      return Number(this.#db.get('SELECT last_deployment FROM apps WHERE name = ?', name)?.last_deployment)
    })
  }
}
