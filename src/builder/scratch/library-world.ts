// The world of a desk: what the library lists is published, nothing is on an engine, and sources are the clones at hand.
// It tells what runs on a board without one, and without a network.
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { type ImageReference, officialName } from '../../core/image-reference.ts'
import { architectureOf, type Platform } from '../../core/platform.ts'
import type { GitObjects } from '../../host/git/objects.ts'
import { resolveCommit } from '../../host/git/repository.ts'
import { type FolderCache, GitTree } from '../../host/git/tree.ts'
import { ObjectReader } from '../../host/git/tree-objects.ts'
import type { Library, LibraryFiles } from '../library/library.ts'
import { FactsReader } from './facts.ts'
import type { Exactness } from './plan.ts'
import { substituteFor } from './substitutes.ts'
import { TreeSource } from './tree-source.ts'
import type { FoundRecipe, ImageNeed, Published, SourceFiles, World } from './world.ts'

export interface LibraryWorldOptions {
  readonly library: Library
  readonly platform: Platform
  /** Git directory of the clone of a repository; undefined when there is none. */
  readonly clone: (repository: string) => string | undefined
  readonly signal: AbortSignal
}

/** The library in a folder that somebody checked out. */
export function folderLibrary(checkout: string): LibraryFiles {
  const folder = join(checkout, 'library')
  return {
    commit: null,
    read: (name) => readFile(join(folder, name), 'utf8').catch(ifMissing(undefined)),
    list: () => readdir(folder),
  }
}

const ifMissing =
  <T>(value: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return value
    throw error
  }

/** What a clone has in place of a commit that it lacks. */
interface OpenClone {
  readonly objects: GitObjects
  readonly reader: ObjectReader
  readonly tip: string | undefined
}

export class LibraryWorld implements World, AsyncDisposable {
  readonly #options: LibraryWorldOptions
  readonly #facts: FactsReader
  readonly #open = new AsyncDisposableStack()
  readonly #clones = new Map<string, Promise<OpenClone | undefined>>()
  readonly #trees = new Map<string, Promise<GitTree | undefined>>()
  readonly #folders: FolderCache = new Map()

  constructor(options: LibraryWorldOptions) {
    this.#options = options
    this.#facts = new FactsReader({ buildPlatform: options.platform, classic: false })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync()
  }

  async present(): Promise<undefined> {
    return undefined
  }

  async published(reference: ImageReference, platform: Platform): Promise<Published> {
    const name = officialName(reference)
    const entries = name === undefined ? undefined : await this.#options.library.entries(name)
    if (!entries) return { state: 'unreachable', problem: 'only the official library is known here' }
    const { tag } = reference
    const having = entries.filter(
      ({ tags, sharedTags }) => tag !== null && (tags.includes(tag) || sharedTags.includes(tag)),
    )
    const listed = new Set(having.flatMap(({ architectures }) => architectures))
    const fitting = [platform, ...architectureOf(platform).runs].find((each) =>
      listed.has(architectureOf(each).library),
    )
    if (fitting !== undefined) return { state: 'published', platform: fitting, digest: '' }
    return having.length === 0 ? { state: 'absent' } : { state: 'other', platforms: [] }
  }

  recipes(reference: ImageReference, platform: Platform) {
    return [
      async (): Promise<FoundRecipe | undefined> => {
        const name = officialName(reference)
        if (name === undefined || reference.tag === null) return undefined
        const { library } = architectureOf(platform)
        const entry = await this.#options.library.find(name, reference.tag, library)
        return entry && { recipe: entry.recipe(library), from: 'library', tags: entry.tags }
      },
    ]
  }

  /** The pinned commit where the clone has it, else its newest one, else the folder in it that looks most alike. */
  async open({ recipe }: FoundRecipe): Promise<SourceFiles> {
    const { repository, commit, directory, file } = recipe
    const clone = await this.#clone(repository)
    if (!clone) return nothingAt('pinned')
    const pinned = await this.#tree(clone, commit)
    if (pinned && (await pinned.resolve(posix.join(directory, file))))
      return this.#source(clone, pinned, directory, 'pinned')
    const tip = clone.tip === undefined ? undefined : await this.#tree(clone, clone.tip)
    if (!tip) return nothingAt('tip')
    if (await tip.resolve(posix.join(directory, file))) return this.#source(clone, tip, directory, 'tip')
    const nearest = await nearestFolder(tip, directory, file)
    if (nearest === undefined) return nothingAt('nearest')
    const source = this.#source(clone, tip, nearest, 'nearest')
    return { ...boundTo(source), readText: () => source.readText(posix.join(nearest, file)) }
  }

  #source({ objects }: OpenClone, tree: GitTree, directory: string, exactness: Exactness): TreeSource {
    return new TreeSource(tree, { objects, directory, exactness, signal: this.#options.signal })
  }

  facts(dockerfile: string, path: string, platform: Platform) {
    return this.#facts.read(dockerfile, path, platform)
  }

  async substitute(image: string, tags: readonly string[], platform: Platform) {
    return substituteFor({ image, tags, platform })
  }

  async made(): Promise<undefined> {
    return undefined
  }

  groundKey(): string {
    return ''
  }

  #clone(repository: string): Promise<OpenClone | undefined> {
    const known = this.#clones.get(repository)
    if (known) return known
    const path = this.#options.clone(repository)
    const opened = path === undefined ? Promise.resolve(undefined) : this.#openClone(path)
    this.#clones.set(repository, opened)
    return opened
  }

  /** One git for all commits of a clone: starting one for each takes most of the time. */
  async #openClone(repository: string): Promise<OpenClone> {
    const objects = { repository, quarantine: {} }
    const reader = this.#open.use(new ObjectReader(objects, this.#options.signal))
    return { objects, reader, tip: await resolveCommit(objects, 'HEAD') }
  }

  #tree({ objects, reader }: OpenClone, commit: string): Promise<GitTree | undefined> {
    const key = `${objects.repository} ${commit}`
    const known = this.#trees.get(key)
    if (known) return known
    const opened = reader
      .has(commit)
      .then((there) => (there ? GitTree.at(reader, commit, this.#folders) : undefined))
    this.#trees.set(key, opened)
    return opened
  }
}

const nothingAt = (exactness: Exactness): SourceFiles => ({
  exactness,
  readText: async () => undefined,
  contentId: async () => '',
  lookInto: async () => ({ platforms: undefined, distribution: undefined }),
})

const boundTo = (source: TreeSource): SourceFiles => ({
  exactness: source.exactness,
  readText: (path) => source.readText(path),
  contentId: () => source.contentId(),
  lookInto: (path) => source.lookInto(path),
})

/** Folders of a repository differ by versions: the one with the same words and other numbers is the most alike. */
const shapeOf = (directory: string) => directory.replace(/\d+/g, '#')

async function nearestFolder(tree: GitTree, directory: string, file: string): Promise<string | undefined> {
  const parts = directory.split('/')
  let found: string[] = ['']
  for (const part of parts) {
    const next: string[] = []
    for (const folder of found) {
      const node = folder === '' ? { node: tree.root } : await tree.resolve(folder)
      if (node?.node.kind !== 'tree') continue
      for (const { name, kind } of await tree.list(node.node, folder))
        if (kind === 'tree' && shapeOf(name) === shapeOf(part))
          next.push(folder === '' ? name : `${folder}/${name}`)
    }
    found = next
  }
  // the highest version is the likeliest to be near
  const sorted = found.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
  for (const folder of sorted) if (await tree.resolve(posix.join(folder, file))) return folder
  return undefined
}

/** What the plan of one entry starts from. */
export const needOf = (name: string, tag: string): ImageNeed => ({
  reference: `${name}:${tag}`,
  platform: undefined,
})
