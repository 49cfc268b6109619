// Who says how an image is made: the user, the official library, the labels of the image as published for others.
import type { Settings } from '../../config/settings.ts'
import { failure, messageOf } from '../../core/errors.ts'
import {
  familiar,
  familiarRepository,
  type ImageReference,
  officialName,
} from '../../core/image-reference.ts'
import { isCommit, parseGitSource } from '../../core/image-source.ts'
import { architectureOf, type Platform } from '../../core/platform.ts'
import type { GitObjects } from '../../host/git/objects.ts'
import type { Sources } from '../../host/git/sources.ts'
import { GitTree } from '../../host/git/tree.ts'
import { imageLabels } from '../../host/registry/client.ts'
import type { RegistryAccess } from '../../host/registry/credentials.ts'
import type { ImageSource } from '../../host/store/image-sources.ts'
import { Library, type LibraryFiles } from '../library/library.ts'
import type { Recipe } from '../library/library-file.ts'
import { TreeSource } from './tree-source.ts'
import type { FoundRecipe } from './world.ts'

export interface RecipesOptions {
  readonly settings: Settings
  readonly sources: Sources
  /** The source that a user gave for an image, by its familiar name. */
  readonly userSource: (image: string) => ImageSource | undefined
  readonly access: (registry: string) => RegistryAccess
  /** Told when something older had to do. */
  readonly onStale: (problem: string) => void
  readonly signal: AbortSignal
}

/** How long a branch counts as new enough. */
const BRANCH_AGE = 10 * 60_000
const MAX_LIBRARY_FILE = 2 ** 20
const SOURCE_LABEL = 'org.opencontainers.image.source'
const REVISION_LABEL = 'org.opencontainers.image.revision'

/** For one plan; dispose of it when the plan was carried out, for it holds git processes open. */
export class Recipes implements AsyncDisposable {
  readonly #options: RecipesOptions
  readonly #open = new AsyncDisposableStack()
  readonly #trees = new Map<string, Promise<TreeSource>>()
  /** Several images often come from one commit. */
  readonly #commits = new Map<string, Promise<{ readonly objects: GitObjects; readonly tree: GitTree }>>()
  #library: Promise<Library> | undefined

  constructor(options: RecipesOptions) {
    this.#options = options
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync()
  }

  /** To be asked one after the other. */
  of(reference: ImageReference, platform: Platform): readonly (() => Promise<FoundRecipe | undefined>)[] {
    return [
      () => this.#fromUser(reference),
      () => this.#fromLibrary(reference, platform),
      () => this.#fromLabels(reference),
    ]
  }

  /** The build context of a recipe. @throws source-failed, source-commit-gone, canceled */
  open({ recipe }: FoundRecipe, image: string): Promise<TreeSource> {
    const key = `${recipe.repository} ${recipe.commit} ${recipe.directory}`
    const known = this.#trees.get(key)
    if (known) return known
    const opened = this.#openTree(recipe, image)
    this.#trees.set(key, opened)
    return opened
  }

  async #openTree(recipe: Recipe, image: string): Promise<TreeSource> {
    const { signal } = this.#options
    const { repository, commit, directory } = recipe
    const key = `${repository} ${commit}`
    const opening = this.#commits.get(key) ?? this.#openCommit(recipe, image)
    this.#commits.set(key, opening)
    const { tree, objects } = await opening
    return new TreeSource(tree, { objects, directory, exactness: 'pinned', signal })
  }

  async #openCommit({ repository, commit, fetch }: Recipe, image: string) {
    const { sources, signal } = this.#options
    const ref = fetch === '' ? undefined : fetch
    const { objects } = await sources.commit(repository, commit, ref, image, signal)
    return { objects, tree: this.#open.use(await GitTree.open(objects, commit, signal)) }
  }

  async #fromUser(reference: ImageReference): Promise<FoundRecipe | undefined> {
    const found =
      this.#options.userSource(familiar(reference)) ?? this.#options.userSource(familiarRepository(reference))
    if (!found) return undefined
    const { url, ref, directory } = parseGitSource(found.url)
    const recipe = await this.#recipeAt(url, ref, directory, found.image)
    return { recipe, from: 'user', tags: [] }
  }

  async #recipeAt(url: string, ref: string | undefined, directory: string, image: string): Promise<Recipe> {
    const common = { repository: url, directory, file: 'Dockerfile', builder: 'classic' } as const
    if (ref !== undefined && isCommit(ref)) return { ...common, commit: ref, fetch: '' }
    const { sources, signal, onStale } = this.#options
    const { commit, stale } = await sources.newest(url, ref, { image, maxAge: BRANCH_AGE, signal })
    if (stale !== undefined) onStale(`${url} cannot be reached, so what was fetched before is used: ${stale}`)
    return { ...common, commit, fetch: ref ?? '' }
  }

  async #fromLibrary(reference: ImageReference, platform: Platform): Promise<FoundRecipe | undefined> {
    const name = officialName(reference)
    if (name === undefined || reference.tag === null || this.#options.settings['scratch-library'] === 'none')
      return undefined
    this.#library ??= this.#openLibrary()
    const library = await this.#library
    const { library: architecture } = architectureOf(platform)
    const entry = await library.find(name, reference.tag, architecture)
    return entry && { recipe: entry.recipe(architecture), from: 'library', tags: entry.tags }
  }

  async #openLibrary(): Promise<Library> {
    const { settings, sources, signal, onStale } = this.#options
    const url = settings['scratch-library']
    const maxAge = settings['scratch-library-age']
    const { objects, commit, stale } = await sources.newest(url, undefined, {
      image: 'official images',
      maxAge,
      signal,
    })
    if (stale !== undefined)
      onStale(`the official library cannot be reached, so what was fetched before is used: ${stale}`)
    return new Library(treeLibrary(this.#open.use(await GitTree.open(objects, commit, signal))))
  }

  /** The labels that the image has on other platforms (opencontainers/image-spec, annotations.md). */
  async #fromLabels(reference: ImageReference): Promise<FoundRecipe | undefined> {
    const { access, signal } = this.#options
    const labels = await imageLabels(reference, access(reference.registry), signal)
    const source = labels?.[SOURCE_LABEL]
    const revision = labels?.[REVISION_LABEL]
    if (source === undefined || revision === undefined) return undefined
    const image = familiar(reference)
    try {
      const { url, directory } = parseGitSource(source.replace(/\/tree\/.*$/, ''))
      if (!isCommit(revision))
        throw new Error(`its revision ${JSON.stringify(revision.slice(0, 60))} is no commit`)
      const recipe = { ...(await this.#recipeAt(url, revision, directory, image)), commit: revision }
      return { recipe, from: 'labels', tags: [] }
    } catch (error) {
      const problem = `its labels do not lead to a Dockerfile: ${messageOf(error)}`
      const hint = `scratch:source add ${image} <git-url>`
      throw failure(
        'source-failed',
        { image, url: JSON.stringify(source.slice(0, 200)), problem, hint },
        error,
      )
    }
  }
}

/** The library in a commit of its repository. */
export function treeLibrary(tree: GitTree): LibraryFiles {
  return {
    commit: tree.commit,
    read: async (name) => (await tree.readText(`library/${name}`, MAX_LIBRARY_FILE))?.text,
    async list() {
      const folder = await tree.resolve('library')
      return folder ? (await tree.list(folder.node, 'library')).map(({ name }) => name) : []
    },
  }
}
