// The official-images library: from an image's name to the entry that says how it is made.
import { failure } from '../../core/errors.ts'
import { type LibraryEntry, parseLibraryFile } from './library-file.ts'

/** Where the files of the library lie: a folder, or a commit. */
export interface LibraryFiles {
  /** @param name of an image, such as node @returns undefined when there is no such file */
  read(name: string): Promise<string | undefined>
  /** Names of all images. */
  list(): Promise<readonly string[]>
  /** The commit it is of, if it is one; for records. */
  readonly commit: string | null
}

const NAME = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/

export class Library {
  readonly #files: LibraryFiles
  readonly #entries = new Map<string, Promise<readonly LibraryEntry[] | undefined>>()

  constructor(files: LibraryFiles) {
    this.#files = files
  }

  get commit(): string | null {
    return this.#files.commit
  }

  /** Names of all images, sorted. */
  async names(): Promise<string[]> {
    return (await this.#files.list()).filter((name) => NAME.test(name)).toSorted()
  }

  /** Entries of an image, in the order of its file; undefined when the library has no such image. */
  entries(name: string): Promise<readonly LibraryEntry[] | undefined> {
    const known = this.#entries.get(name)
    if (known) return known
    const read = this.#read(name)
    this.#entries.set(name, read)
    return read
  }

  async #read(name: string): Promise<readonly LibraryEntry[] | undefined> {
    if (!NAME.test(name)) return undefined
    const text = await this.#files.read(name)
    return text === undefined ? undefined : parseLibraryFile(text, `library/${name}`)
  }

  /**
   * The entry of a tag: one that lists the architecture if there is one, else one of Linux.
   * @throws not-found naming tags that look alike, library-invalid
   */
  async find(name: string, tag: string, architecture: string): Promise<LibraryEntry | undefined> {
    const entries = await this.entries(name)
    if (entries === undefined) return undefined
    const having = entries.filter(({ tags, sharedTags }) => tags.includes(tag) || sharedTags.includes(tag))
    const linux = having.filter(isLinux)
    const found = linux.find(({ architectures }) => architectures.includes(architecture)) ?? linux[0]
    if (found) return found
    if (having.length > 0)
      throw failure('not-found', {
        what: 'image',
        name: `${name}:${tag}`,
        hint: 'that tag is for Windows only',
      })
    const alike = entries.filter(isLinux).flatMap(({ tags }) => tags)
    throw failure('not-found', {
      what: 'image',
      name: `${name}:${tag}`,
      hint: `the library has, among ${alike.length} tags: ${alike.slice(0, 6).join(', ')}`,
    })
  }
}

export const isLinux = ({ architectures }: LibraryEntry) =>
  architectures.some((name) => !name.startsWith('windows-'))
