// How apps are reached: ports of the host and domains, each belonging to one app at most.
import type { AppName, PortMapping, Scheme } from '../../core/app.ts'
import { failure } from '../../core/errors.ts'
import type { AppsTable } from './apps.ts'
import type { Database } from './database.ts'

export class RoutesTable {
  readonly #db: Database
  readonly #apps: AppsTable

  constructor(db: Database, apps: AppsTable) {
    this.#db = db
    this.#apps = apps
  }

  ports(app: AppName): PortMapping[] {
    return this.#db
      .all(
        'SELECT scheme, host_port, container_port FROM ports WHERE app_id = ? ORDER BY host_port',
        this.#apps.get(app).id,
      )
      .map((row) => ({
        scheme: String(row.scheme) as Scheme,
        hostPort: Number(row.host_port),
        containerPort: Number(row.container_port),
      }))
  }

  /** Every port of the host that some app has. */
  portsTaken(): Set<number> {
    return new Set(this.#db.all('SELECT host_port FROM ports').map((row) => Number(row.host_port)))
  }

  /** Replaces the ports of an app. @throws port-taken naming the app that has it */
  setPorts(app: AppName, mappings: readonly PortMapping[]): void {
    this.#db.transaction(() => {
      const { id } = this.#apps.get(app)
      this.#db.run('DELETE FROM ports WHERE app_id = ?', id)
      for (const { scheme, hostPort, containerPort } of mappings) {
        const owner = this.#db.get(
          'SELECT name FROM ports JOIN apps ON apps.id = app_id WHERE host_port = ?',
          hostPort,
        )
        if (owner) throw failure('port-taken', { port: hostPort, owner: `app ${String(owner.name)}` })
        this.#db.run(
          'INSERT INTO ports (host_port, app_id, scheme, container_port) VALUES (?, ?, ?, ?)',
          hostPort,
          id,
          scheme,
          containerPort,
        )
      }
    })
  }

  /** Domains that were set for the app; none means it answers on <app>.<global domain>. */
  domains(app: AppName): string[] {
    return this.#db
      .all('SELECT domain FROM domains WHERE app_id = ? ORDER BY domain', this.#apps.get(app).id)
      .map((row) => String(row.domain))
  }

  /** Replaces the domains of an app. @throws exists naming the app that has it */
  setDomains(app: AppName, domains: readonly string[]): void {
    this.#db.transaction(() => {
      const { id } = this.#apps.get(app)
      this.#db.run('DELETE FROM domains WHERE app_id = ?', id)
      for (const domain of new Set(domains)) {
        const owner = this.#db.get(
          'SELECT name FROM domains JOIN apps ON apps.id = app_id WHERE domain = ?',
          domain,
        )
        if (owner)
          throw failure('exists', {
            what: 'domain',
            name: domain,
            hint: `app ${String(owner.name)} has it`,
          })
        this.#db.run('INSERT INTO domains (domain, app_id) VALUES (?, ?)', domain, id)
      }
    })
  }
}
