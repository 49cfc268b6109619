// Releases in the store. A state changes only along core's table of transitions.
import {
  type AppName,
  type ProcessType,
  type Release,
  type ReleaseCause,
  type ReleaseState,
  releaseTransitions,
} from '../../core/app.ts'
import { failure } from '../../core/errors.ts'
import type { AppsTable } from './apps.ts'
import type { Database, Row } from './database.ts'

export interface NewRelease {
  readonly cause: ReleaseCause
  readonly commit: string
  readonly config: Readonly<Record<string, string>>
  readonly who: string
  readonly note?: string
}

/** What a build, or an older release, gives to a release. */
export interface BuiltParts {
  readonly image: string
  readonly processes: readonly ProcessType[]
  readonly port: number | null
}

const SELECT = 'SELECT releases.*, apps.name AS app FROM releases JOIN apps ON apps.id = releases.app_id'

// the table's own JSON, written by this file
const toRelease = (row: Row): Release => ({
  app: String(row.app) as AppName,
  number: Number(row.number),
  state: String(row.state) as ReleaseState,
  cause: String(row.cause) as ReleaseCause,
  commit: String(row.commit_id),
  image: row.image === null ? null : String(row.image),
  config: JSON.parse(String(row.config)) as Record<string, string>,
  processes: JSON.parse(String(row.processes)) as ProcessType[],
  port: row.port === null ? null : Number(row.port),
  who: String(row.who),
  createdAt: String(row.created_at),
  endedAt: row.ended_at === null ? null : String(row.ended_at),
  note: String(row.note),
})

export class ReleasesTable {
  readonly #db: Database
  readonly #apps: AppsTable

  constructor(db: Database, apps: AppsTable) {
    this.#db = db
    this.#apps = apps
  }

  /** Writes a release in state `building` under the app's next number. */
  create(app: AppName, release: NewRelease): Release {
    return this.#db.transaction(() => {
      const { id } = this.#apps.get(app)
      this.#db.run('UPDATE apps SET last_release = last_release + 1 WHERE id = ?', id)
      const number = Number(this.#db.get('SELECT last_release FROM apps WHERE id = ?', id)?.last_release)
      this.#db.run(
        `INSERT INTO releases (app_id, number, state, cause, commit_id, config, who, created_at, note)
         VALUES (?, ?, 'building', ?, ?, ?, ?, ?, ?)`,
        id,
        number,
        release.cause,
        release.commit,
        JSON.stringify(release.config),
        release.who,
        new Date().toISOString(),
        release.note ?? '',
      )
      return this.get(app, number)
    })
  }

  find(app: AppName, number: number): Release | undefined {
    const row = this.#db.get(`${SELECT} WHERE apps.name = ? AND number = ?`, app, number)
    return row && toRelease(row)
  }

  /** @throws not-found */
  get(app: AppName, number: number): Release {
    const release = this.find(app, number)
    if (!release) {
      throw failure('not-found', {
        what: `release of ${app}`,
        name: number,
        hint: `releases:list ${app} shows them`,
      })
    }
    return release
  }

  /** Newest first. */
  list(app: AppName, limit = 1000): Release[] {
    return this.#db
      .all(`${SELECT} WHERE apps.name = ? ORDER BY number DESC LIMIT ?`, app, limit)
      .map(toRelease)
  }

  /** Those that a daemon that ended left in the middle. */
  unfinished(): Release[] {
    return this.#db
      .all(`${SELECT} WHERE state IN ('building', 'deploying') ORDER BY app_id, number`)
      .map(toRelease)
  }

  /** building -> deploying: it is built. */
  built(app: AppName, number: number, parts: BuiltParts): void {
    this.#db.transaction(() => {
      this.#transit(app, number, 'deploying', '')
      this.#db.run(
        `UPDATE releases SET image = ?, processes = ?, port = ?
         WHERE app_id = (SELECT id FROM apps WHERE name = ?) AND number = ?`,
        parts.image,
        JSON.stringify(parts.processes),
        parts.port,
        app,
        number,
      )
    })
  }

  /** building or deploying -> failed or canceled. */
  end(app: AppName, number: number, state: 'failed' | 'canceled', note: string): void {
    this.#db.transaction(() => this.#transit(app, number, state, note))
  }

  /**
   * The point of no return of a swap, in one transaction: this release is what should run, by this deployment;
   * the one before it is superseded; a rollback's configuration becomes the app's. A restart of the live
   * release (new deployment, same release) only moves the deployment.
   */
  makeLive(app: AppName, number: number, deployment: number): void {
    this.#db.transaction(() => {
      const { id, live } = this.#apps.get(app)
      const release = this.get(app, number)
      if (live?.release !== number) {
        if (live) this.#transit(app, live.release, 'superseded', '')
        this.#transit(app, number, 'live', '')
        if (release.cause === 'rollback') {
          this.#db.run('DELETE FROM config WHERE app_id = ?', id)
          for (const [key, value] of Object.entries(release.config)) {
            this.#db.run('INSERT INTO config (app_id, key, value) VALUES (?, ?, ?)', id, key, value)
          }
        }
      }
      this.#db.run(
        'UPDATE apps SET live_release = ?, live_deployment = ?, stopped = 0 WHERE id = ?',
        number,
        deployment,
        id,
      )
    })
  }

  #transit(app: AppName, number: number, to: ReleaseState, note: string): void {
    const { state } = this.get(app, number)
    const allowed: readonly string[] = releaseTransitions[state]
    if (!allowed.includes(to)) throw new Error(`release ${number} of ${app} cannot go from ${state} to ${to}`)
    const ended = to === 'deploying' || to === 'superseded' ? null : new Date().toISOString()
    this.#db.run(
      `UPDATE releases SET state = ?, ended_at = coalesce(?, ended_at), note = CASE WHEN ? = '' THEN note ELSE ? END
       WHERE app_id = (SELECT id FROM apps WHERE name = ?) AND number = ?`,
      to,
      ended,
      note,
      note,
      app,
      number,
    )
  }
}
