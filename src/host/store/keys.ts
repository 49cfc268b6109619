// SSH public keys that may log in, each under a name.
import { failure } from '../../core/errors.ts'
import type { Database, Row } from './database.ts'

export interface StoredKey {
  readonly name: string
  /** SHA256:… as ssh-keygen -l prints it. */
  readonly fingerprint: string
  /** `<type> <base64>`, without a comment. */
  readonly publicKey: string
  readonly createdAt: string
}

const toKey = (row: Row): StoredKey => ({
  name: String(row.name),
  fingerprint: String(row.fingerprint),
  publicKey: String(row.public_key),
  createdAt: String(row.created_at),
})

export class KeysTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @throws exists when the name or the key is there already */
  add(key: { readonly name: string; readonly fingerprint: string; readonly publicKey: string }): void {
    this.#db.transaction(() => {
      const same = this.findByFingerprint(key.fingerprint)
      if (same)
        throw failure('exists', {
          what: 'key',
          name: key.fingerprint,
          hint: `it is registered as ${same.name}`,
        })
      if (this.#db.get('SELECT 1 FROM ssh_keys WHERE name = ?', key.name)) {
        throw failure('exists', {
          what: 'key',
          name: key.name,
          hint: 'choose another name, or ssh-keys:remove it first',
        })
      }
      this.#db.run(
        'INSERT INTO ssh_keys (name, fingerprint, public_key, created_at) VALUES (?, ?, ?, ?)',
        key.name,
        key.fingerprint,
        key.publicKey,
        new Date().toISOString(),
      )
    })
  }

  findByFingerprint(fingerprint: string): StoredKey | undefined {
    const row = this.#db.get('SELECT * FROM ssh_keys WHERE fingerprint = ?', fingerprint)
    return row && toKey(row)
  }

  list(): StoredKey[] {
    return this.#db.all('SELECT * FROM ssh_keys ORDER BY name').map(toKey)
  }

  /** @returns whether there was one */
  remove(name: string): boolean {
    return this.#db.run('DELETE FROM ssh_keys WHERE name = ?', name) > 0
  }
}
