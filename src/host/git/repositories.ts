// The bare repositories of all apps, one per app id, so that a rename of an app moves nothing on disk.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { App } from '../../core/app.ts'
import { DEFAULT_BRANCHES } from '../../core/push-plan.ts'
import type { GitObjects } from './objects.ts'
import {
  collectRepositoryGarbage,
  createRepository,
  refs,
  removeRepository,
  resolveCommit,
  setHead,
  sweepRepositories,
} from './repository.ts'

const NAME = /^(\d+)\.git$/

export class Repositories {
  readonly #folder: string

  /** @param folder made when it is not there */
  constructor(folder: string) {
    this.#folder = folder
  }

  path(app: App): string {
    return join(this.#folder, `${app.id}.git`)
  }

  objects(app: App): GitObjects {
    return { repository: this.path(app), quarantine: {} }
  }

  /** Makes the repository of an app; one that is there is left as it is. */
  async create(app: App): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await createRepository(this.path(app))
  }

  async remove(app: App): Promise<void> {
    await removeRepository(this.path(app))
  }

  /** Removes what pushes of a daemon that was killed have left. Only before anything is received. */
  async sweep(): Promise<void> {
    await sweepRepositories(this.#folder)
  }

  /** Lets git pack what has piled up, when it thinks that is worth it. */
  async collectGarbage(app: App, signal: AbortSignal): Promise<void> {
    await collectRepositoryGarbage(this.path(app), signal)
  }

  /**
   * Brings the folder to the apps there are: what is missing is made, what belongs to no app is removed.
   * @param apps asked after the folder was read: an app is in the store before its repository is made, so a first
   *   push meanwhile does not lose it
   */
  async reconcile(apps: () => readonly App[]): Promise<void> {
    const found = (await readdir(this.#folder).catch(() => [])).filter((name) => NAME.test(name))
    const wanted = apps()
    for (const app of wanted) await this.create(app)
    const names = new Set(wanted.map((app) => `${app.id}.git`))
    for (const name of found) if (!names.has(name)) await removeRepository(join(this.#folder, name))
  }

  /** Object id by full name of the ref. */
  async refs(app: App): Promise<ReadonlyMap<string, string>> {
    return refs(this.path(app))
  }

  /** The commit that an id or a ref leads to; undefined when it leads to none. */
  async commitOf(objects: GitObjects, rev: string): Promise<string | undefined> {
    return resolveCommit(objects, rev)
  }

  /** The branch that a clone checks out. */
  async setHead(app: App, branch: string): Promise<void> {
    await setHead(this.path(app), branch)
  }

  /** Commit of the deploy branch. @param branch empty for the first of master and main that is there */
  async deployHead(app: App, branch: string): Promise<string | undefined> {
    for (const each of branch === '' ? DEFAULT_BRANCHES : [branch]) {
      const commit = await resolveCommit(this.objects(app), `refs/heads/${each}`)
      if (commit !== undefined) return commit
    }
    return undefined
  }
}
