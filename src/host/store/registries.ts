// Logins at image registries. The passwords are in the clear, as the engine needs them; the file is its owner's alone.
import type { Credentials } from '../registry/credentials.ts'
import type { Database } from './database.ts'

export interface StoredLogin {
  readonly server: string
  readonly username: string
  readonly createdAt: string
}

export class RegistriesTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @param server as parseServer gives it */
  find(server: string): Credentials | undefined {
    const row = this.#db.get('SELECT username, password FROM registries WHERE server = ?', server)
    return row && { username: String(row.username), password: String(row.password) }
  }

  /** Keeps a login in place of any that was there. */
  set(server: string, { username, password }: Credentials): void {
    this.#db.run(
      `INSERT INTO registries (server, username, password, created_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (server) DO UPDATE SET
         username = excluded.username, password = excluded.password, created_at = excluded.created_at`,
      server,
      username,
      password,
      new Date().toISOString(),
    )
  }

  /** @returns whether there was one */
  remove(server: string): boolean {
    return this.#db.run('DELETE FROM registries WHERE server = ?', server) > 0
  }

  /** Without the passwords: nobody who lists needs them. */
  list(): StoredLogin[] {
    return this.#db.all('SELECT server, username, created_at FROM registries ORDER BY server').map((row) => ({
      server: String(row.server),
      username: String(row.username),
      createdAt: String(row.created_at),
    }))
  }
}
