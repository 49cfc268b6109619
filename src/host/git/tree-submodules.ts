// Fetches a tree's submodules at the commits it names and mounts them. They lie in one temporary bare
// repository until the build is over.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Paths } from '../../config/paths.ts'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { run, runOrThrow } from '../process/run.ts'
import { fetchCommit } from './fetch.ts'
import { GitTree } from './tree.ts'
import { parseGitmodules, refusedUrl, type Submodule } from './tree-gitmodules.ts'

const PREFIX = 'submodules-'
const DEEPEST = 5
const FETCH_LIMIT = 10 * 60_000
const MAX_GITMODULES = 2 ** 18

export interface SubmoduleOptions {
  readonly paths: Paths
  readonly report: Report
  readonly signal: AbortSignal
  /** Whether a submodule at this path will be read at all. */
  readonly wanted: (path: string) => boolean
}

/**
 * Mounts the submodules of `tree`, theirs included, each at its pinned commit.
 * @returns what to dispose of when the tree is not read any more
 * @throws submodule-failed naming the path and URL
 */
export async function mountSubmodules(tree: GitTree, options: SubmoduleOptions): Promise<AsyncDisposable> {
  const open = new AsyncDisposableStack()
  try {
    const store = new FetchedObjects(options)
    open.defer(() => store.remove())
    await mountInto(tree, '', 1, store, open, options)
    return open
  } catch (error) {
    await open.disposeAsync()
    throw error
  }
}

async function mountInto(
  tree: GitTree,
  base: string,
  depth: number,
  store: FetchedObjects,
  open: AsyncDisposableStack,
  options: SubmoduleOptions,
): Promise<void> {
  const { report, signal, wanted } = options
  for (const { path, url } of await readGitmodules(tree, signal)) {
    const shown = base + path
    if (!wanted(shown)) continue
    const node = (await tree.resolve(path))?.node
    if (node?.kind !== 'submodule') continue
    const refused = depth > DEEPEST ? `more than ${DEEPEST} levels of submodules` : refusedUrl(url)
    if (refused !== undefined)
      throw failure('submodule-failed', {
        path: shown,
        url: JSON.stringify(url.slice(0, 200)),
        problem: refused,
      })
    report.line(`Submodule ${shown} at ${node.oid.slice(0, 12)}`)
    try {
      await store.fetch(url, node.oid)
    } catch (error) {
      if (signal.aborted || isFailure(error, 'process-missing')) throw error
      throw failure('submodule-failed', { path: shown, url, problem: messageOf(error) }, error)
    }
    const inner = await GitTree.open(store.objects, node.oid, signal)
    open.use(inner)
    await mountInto(inner, `${shown}/`, depth + 1, store, open, options)
    tree.mount(path, inner)
  }
}

async function readGitmodules(tree: GitTree, signal: AbortSignal): Promise<Submodule[]> {
  const file = await tree.readText('.gitmodules', MAX_GITMODULES)
  if (file === undefined) return []
  const args = ['config', '--file', '-', '--no-includes', '--list', '-z']
  const { status, stdout, stderr } = await run('git', args, { input: file.text, signal })
  if (status !== 0)
    throw failure('build-failed', { problem: `.gitmodules cannot be read: ${stderr.trim().slice(0, 300)}` })
  return parseGitmodules(stdout)
}

/** Removes what builds that were cut short have left. */
export async function removeStaleWork(paths: Paths): Promise<void> {
  const names = await readdir(paths.work).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names)
    if (name.startsWith(PREFIX)) await rm(join(paths.work, name), { recursive: true, force: true })
}

/** The temporary repository, made when the first submodule is fetched. */
class FetchedObjects {
  readonly #options: SubmoduleOptions
  #repository: string | undefined

  constructor(options: SubmoduleOptions) {
    this.#options = options
  }

  get objects() {
    return { repository: this.#repository ?? '', quarantine: {} }
  }

  /** @throws Error with git's words */
  async fetch(url: string, commit: string): Promise<void> {
    const repository = await this.#made(commit.length === 64 ? 'sha256' : 'sha1')
    const { signal } = this.#options
    const missing = await fetchCommit(repository, url, commit, undefined, { signal, limit: FETCH_LIMIT })
    if (missing) throw new Error(missing.problem)
  }

  async remove(): Promise<void> {
    if (this.#repository) await rm(this.#repository, { recursive: true, force: true })
  }

  async #made(format: string): Promise<string> {
    if (this.#repository) return this.#repository
    const { paths, signal } = this.#options
    await mkdir(paths.work, { recursive: true, mode: 0o700 })
    this.#repository = await mkdtemp(join(paths.work, PREFIX))
    const init = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`, this.#repository]
    await runOrThrow('git', init, { signal })
    return this.#repository
  }
}
