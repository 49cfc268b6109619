// Other people's repositories, kept below the root as far as they were needed: one bare, shallow repository per
// address, so what was fetched once is there without a network, and a second commit costs what it changed.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import { writeWhole } from '../files/write.ts'
import { TurnsByKey } from '../queue/turns.ts'
import { fetchCommit, fetchRefs, hasCommit } from './fetch.ts'
import { gitOrThrow } from './git.ts'
import type { GitObjects } from './objects.ts'
import { createRepository, removeRepository, resolveCommit } from './repository.ts'
import { refusedUrl } from './tree-gitmodules.ts'

export interface SourcesOptions {
  /** Folder of the repositories; made when it is not there. */
  readonly folder: string
  /** Milliseconds that one run of git may take. */
  readonly limit: number
}

/** A commit that is here. */
export interface SourceCommit {
  readonly objects: GitObjects
  readonly commit: string
}

const NAME = /^[0-9a-f]{24}\.git$/

export class Sources {
  readonly #folder: string
  readonly #limit: number
  /** git locks a shallow repository while it fetches, and a second fetch would fail. */
  readonly #turns = new TurnsByKey()
  /** Repositories and commits that were seen to be there. */
  readonly #known = new Set<string>()

  constructor({ folder, limit }: SourcesOptions) {
    this.#folder = folder
    this.#limit = limit
  }

  /**
   * Brings a commit here if it is not.
   * @param ref where it can be found if the server hands out no commit by its id
   * @param image what it is wanted for; for messages
   * @throws source-failed, source-commit-gone, canceled
   */
  async commit(
    url: string,
    commit: string,
    ref: string | undefined,
    image: string,
    signal: AbortSignal,
  ): Promise<SourceCommit> {
    return this.#inTurn(url, image, signal, async (repository) => {
      const objects = { repository, quarantine: {} }
      // a ref of its own keeps it from git's garbage collection, and says that all of it came
      const kept = `refs/kept/${commit}`
      if (this.#known.has(`${repository} ${commit}`) || (await resolveCommit(objects, kept)) === commit)
        return this.#knows({ objects, commit })
      if (!(await hasCommit(repository, commit, signal))) {
        const missing = await fetchCommit(repository, url, commit, ref, this.#options(signal))
        if (missing?.gone) throw failure('source-commit-gone', { commit, url, image })
        if (missing) throw this.#failed(url, image, missing.problem)
      }
      await gitOrThrow(objects, ['update-ref', kept, commit], { signal })
      return this.#knows({ objects, commit })
    })
  }

  /**
   * The newest commit of a branch or tag.
   * @param ref a branch, a tag or a full name; undefined for the repository's own default
   * @param maxAge milliseconds for which what was fetched before is new enough
   * @returns with `stale` the reason why an older one had to do
   * @throws source-failed when there is none at all, canceled
   */
  async newest(
    url: string,
    ref: string | undefined,
    { image, maxAge, signal }: { image: string; maxAge: number; signal: AbortSignal },
  ): Promise<SourceCommit & { readonly stale?: string }> {
    return this.#inTurn(url, image, signal, async (repository) => {
      const objects = { repository, quarantine: {} }
      const id = createHash('sha256')
        .update(ref ?? 'HEAD')
        .digest('hex')
        .slice(0, 16)
      const name = `refs/newest/${id}`
      const stamp = join(repository, `fetched-${id}`)
      const there = await resolveCommit(objects, name)
      const fetched = await stat(stamp).catch(() => undefined)
      if (there !== undefined && fetched && Date.now() - fetched.mtimeMs < maxAge)
        return { objects, commit: there }
      const problem = await this.#fetchNewest(repository, url, ref, name, signal)
      const now = await resolveCommit(objects, name)
      if (now === undefined) throw this.#failed(url, image, problem ?? `it has no commit ${ref ?? ''}`.trim())
      if (problem !== undefined) return { objects, commit: now, stale: problem }
      await writeWhole(stamp, '')
      return { objects, commit: now }
    })
  }

  async #fetchNewest(
    repository: string,
    url: string,
    ref: string | undefined,
    name: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const tries =
      ref === undefined
        ? ['HEAD']
        : ref.startsWith('refs/')
          ? [ref]
          : [`refs/heads/${ref}`, `refs/tags/${ref}`]
    let problem: string | undefined
    for (const each of tries) {
      try {
        const fetched = await fetchRefs(repository, url, [`+${each}:${name}`], {
          ...this.#options(signal),
          depth: 1,
        })
        if (fetched.status === 0) return undefined
        problem ??= fetched.words
      } catch (error) {
        if (!isFailure(error, 'timed-out')) throw error
        return messageOf(error)
      }
    }
    return problem
  }

  /** Git directory of a repository that was fetched before; undefined when it was not. */
  there(url: string): string | undefined {
    const path = this.#path(url)
    return existsSync(path) ? path : undefined
  }

  #path(url: string): string {
    return join(this.#folder, `${createHash('sha256').update(url).digest('hex').slice(0, 24)}.git`)
  }

  /** Removes the repositories nobody has asked for in `age` milliseconds; 0 for all. @returns how many */
  async prune(age: number): Promise<number> {
    let removed = 0
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!NAME.test(name)) continue
      const path = join(this.#folder, name)
      const used = await stat(path).catch(() => undefined)
      if (!used || Date.now() - used.mtimeMs < age) continue
      this.#known.clear()
      await removeRepository(path)
      removed++
    }
    return removed
  }

  #knows(source: SourceCommit): SourceCommit {
    this.#known.add(`${source.objects.repository} ${source.commit}`)
    return source
  }

  #options(signal: AbortSignal) {
    return { signal, limit: this.#limit, local: true }
  }

  #failed(url: string, image: string, problem: string) {
    const hint = 'check the network, or name another source: scratch:source add <image> <url>'
    return failure('source-failed', { image, url, problem, hint })
  }

  async #inTurn<T>(
    url: string,
    image: string,
    signal: AbortSignal,
    work: (repository: string) => Promise<T>,
  ): Promise<T> {
    const refused = refusedUrl(url)
    if (refused !== undefined) throw this.#failed(JSON.stringify(url.slice(0, 200)), image, refused)
    const repository = this.#path(url)
    await using _turn = await this.#turns.take(repository, { signal })
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await createRepository(repository)
    try {
      const result = await work(repository)
      const now = new Date()
      await utimes(repository, now, now)
      return result
    } catch (error) {
      if (isFailure(error, 'timed-out') || isFailure(error, 'process-failed'))
        throw this.#failed(url, image, messageOf(error))
      throw error
    }
  }
}
