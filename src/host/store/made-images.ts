// Images that Crew made or fetched so that others can be built on them, by the key of what they were made from.
import type { Database, Row } from './database.ts'

export interface MadeImage {
  /** Of what went in: equal keys, equal image. */
  readonly key: string
  /** Its id on the engine. */
  readonly image: string
  /** The tag of ours that keeps it. */
  readonly tag: string
  /** The image it stands for, in its familiar form. */
  readonly reference: string
  readonly platform: string
  readonly how: 'build' | 'ground' | 'pull'
  /** Bytes, with the layers it shares. */
  readonly size: number
  /** What it was made from, as JSON. */
  readonly record: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly usedAt: string
}

/** A later use within this time is not written down: cards wear. */
const USE_RESOLUTION = 6 * 3_600_000

const toMade = (row: Row): MadeImage => ({
  key: String(row.key),
  image: String(row.image),
  tag: String(row.tag),
  reference: String(row.reference),
  platform: String(row.platform),
  how: row.how === 'ground' || row.how === 'pull' ? row.how : 'build',
  size: Number(row.size),
  record: String(row.record),
  createdAt: String(row.created_at),
  usedAt: String(row.used_at),
})

export class MadeImagesTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Writes an image down, in place of an earlier one with its key. */
  add(made: Omit<MadeImage, 'createdAt' | 'usedAt'>): void {
    const now = new Date().toISOString()
    this.#db.run(
      `INSERT INTO made_images (key, image, tag, reference, platform, how, size, record, created_at, used_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET image = excluded.image, tag = excluded.tag, size = excluded.size,
         record = excluded.record, created_at = excluded.created_at, used_at = excluded.used_at`,
      made.key,
      made.image,
      made.tag,
      made.reference,
      made.platform,
      made.how,
      made.size,
      made.record,
      now,
      now,
    )
  }

  find(key: string): MadeImage | undefined {
    const row = this.#db.get('SELECT * FROM made_images WHERE key = ?', key)
    return row && toMade(row)
  }

  /** Those that stand for an image, the newest first. */
  named(reference: string, platform: string): MadeImage[] {
    return this.#db
      .all(
        'SELECT * FROM made_images WHERE reference = ? AND platform = ? ORDER BY created_at DESC',
        reference,
        platform,
      )
      .map(toMade)
  }

  /** All, the one that was used last first. */
  list(): MadeImage[] {
    return this.#db.all('SELECT * FROM made_images ORDER BY used_at DESC, created_at DESC').map(toMade)
  }

  /** Notes that it was used now. */
  used(key: string): void {
    const made = this.find(key)
    if (!made || Date.now() - Date.parse(made.usedAt) < USE_RESOLUTION) return
    this.#db.run('UPDATE made_images SET used_at = ? WHERE key = ?', new Date().toISOString(), key)
  }

  remove(key: string): void {
    this.#db.run('DELETE FROM made_images WHERE key = ?', key)
  }
}
