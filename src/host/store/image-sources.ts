// Sources that users gave for images: where the Dockerfile of an image is that nobody publishes for the board.
import { failure } from '../../core/errors.ts'
import type { Database, Row } from './database.ts'

export interface ImageSource {
  /** In its familiar form; without a tag it stands for every tag. */
  readonly image: string
  /** `<git-url>[#<ref>[:<directory>]]`, as docker build takes it. */
  readonly url: string
  readonly createdAt: string
}

const toSource = (row: Row): ImageSource => ({
  image: String(row.image),
  url: String(row.url),
  createdAt: String(row.created_at),
})

export class ImageSourcesTable {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** @throws exists */
  add(image: string, url: string): void {
    if (this.find(image))
      throw failure('exists', { what: 'a source of', name: image, hint: `scratch:source remove ${image}` })
    this.#db.run(
      'INSERT INTO image_sources (image, url, created_at) VALUES (?, ?, ?)',
      image,
      url,
      new Date().toISOString(),
    )
  }

  find(image: string): ImageSource | undefined {
    const row = this.#db.get('SELECT * FROM image_sources WHERE image = ?', image)
    return row && toSource(row)
  }

  list(): ImageSource[] {
    return this.#db.all('SELECT * FROM image_sources ORDER BY image').map(toSource)
  }

  /** @returns whether there was one */
  remove(image: string): boolean {
    return this.#db.run('DELETE FROM image_sources WHERE image = ?', image) > 0
  }
}
