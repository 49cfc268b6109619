// The store: all state that must survive, in one SQLite file below the root.
import { randomBytes } from 'node:crypto'
import { AppsTable } from './apps.ts'
import { Database } from './database.ts'
import { ImageSourcesTable } from './image-sources.ts'
import { KeysTable } from './keys.ts'
import { MadeImagesTable } from './made-images.ts'
import { RegistriesTable } from './registries.ts'
import { ReleasesTable } from './releases.ts'
import { RoutesTable } from './routes.ts'
import { ValuesTable } from './values.ts'

export class Store implements Disposable {
  readonly #db: Database
  readonly apps: AppsTable
  readonly releases: ReleasesTable
  readonly config: ValuesTable<string>
  readonly buildArgs: ValuesTable<string>
  /** Own values of config/properties.ts, by `<group>.<property>`. */
  readonly properties: ValuesTable<string>
  /** Containers wanted, by process type. A type that is not here has 1 if it is web, else 0. */
  readonly formation: ValuesTable<number>
  readonly routes: RoutesTable
  readonly keys: KeysTable
  /** Where users say that images are made. */
  readonly imageSources: ImageSourcesTable
  /** Images that Crew made or fetched so that others can be built on them. */
  readonly madeImages: MadeImagesTable
  readonly registries: RegistriesTable
  /** Six hexadecimal digits that tell this instance's containers, images and networks from another's. */
  readonly instance: string

  /** @param path file of the database; made when there is none */
  constructor(path: string) {
    this.#db = new Database(path)
    this.apps = new AppsTable(this.#db)
    this.releases = new ReleasesTable(this.#db, this.apps)
    this.config = new ValuesTable(this.#db, this.apps, 'config')
    this.buildArgs = new ValuesTable(this.#db, this.apps, 'build_args')
    this.properties = new ValuesTable(this.#db, this.apps, 'properties')
    this.formation = new ValuesTable(this.#db, this.apps, 'formation')
    this.routes = new RoutesTable(this.#db, this.apps)
    this.keys = new KeysTable(this.#db)
    this.imageSources = new ImageSourcesTable(this.#db)
    this.madeImages = new MadeImagesTable(this.#db)
    this.registries = new RegistriesTable(this.#db)
    this.instance = this.#instance()
  }

  #instance(): string {
    return this.transaction(() => {
      const known = this.meta('instance')
      if (known !== undefined) return known
      const made = randomBytes(3).toString('hex')
      this.setMeta('instance', made)
      return made
    })
  }

  meta(key: string): string | undefined {
    const row = this.#db.get('SELECT value FROM meta WHERE key = ?', key)
    return row && String(row.value)
  }

  setMeta(key: string, value: string | null): void {
    if (value === null) this.#db.run('DELETE FROM meta WHERE key = ?', key)
    else
      this.#db.run(
        'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
        key,
        value,
      )
  }

  /** One change of state over several tables. */
  transaction<T>(change: () => T): T {
    return this.#db.transaction(change)
  }

  [Symbol.dispose](): void {
    this.#db[Symbol.dispose]()
  }
}
