// Serves git's three services over a session: finds the app, makes it on the first push, runs git on its repository.
import type { Settings } from '../../config/settings.ts'
import type { App, AppName } from '../../core/app.ts'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { describeError } from '../../core/report.ts'
import { removeQuarantines } from '../../host/git/repository.ts'
import type { PushHandler } from '../push.ts'
import type { Session } from '../session.ts'
import { receivePack } from './receive-pack.ts'
import type { GitRequest } from './request.ts'
import { uploadPack } from './upload-pack.ts'

export { parseGitService } from './request.ts'

/** What the service needs of the rest; each is a narrow cut of a class elsewhere. */
export interface GitServiceParts {
  readonly settings: Pick<Settings, 'push-max-size'>
  readonly paths: { readonly hooks: string }
  readonly log: Log
  readonly store: { readonly apps: { find(name: AppName): App | undefined } }
  readonly repositories: { path(app: App): string; create(app: App): Promise<void> }
  readonly pipeline: { readonly push: PushHandler; create(name: AppName): Promise<void> }
}

export class GitService {
  readonly #parts: GitServiceParts
  /** Pushes under way, by repository. */
  readonly #receiving = new Map<string, number>()

  constructor(parts: GitServiceParts) {
    this.#parts = parts
  }

  /**
   * Answers one git client.
   * @returns the exit status for it; what went wrong is on the session's stderr
   */
  async serve(request: GitRequest, session: Session): Promise<number> {
    const { log } = this.#parts
    const asked = { app: request.app, service: request.service, who: session.who }
    try {
      const repository = await this.#repositoryOf(request)
      const status =
        request.service === 'git-receive-pack'
          ? await this.#receive(request.app, repository, session)
          : await uploadPack({ ...this.#options(repository, session), service: request.service })
      log.debug({ ...asked, status }, 'git ended')
      return status
    } catch (error) {
      if (!isFailure(error)) log.error({ ...asked, problem: messageOf(error) }, 'serving git failed')
      const { text, exit } = describeError(error)
      session.stderr.write(text)
      return exit
    }
  }

  async #repositoryOf({ app: name, service }: GitRequest): Promise<string> {
    const { store, repositories, pipeline } = this.#parts
    // the store has an app before its repository is made: by another first push, or by one that a full disk ended
    const whole = async (app: App) => {
      await repositories.create(app)
      return repositories.path(app)
    }
    const app = store.apps.find(name)
    if (app) return await whole(app)
    if (service !== 'git-receive-pack') throw failure('app-unknown', { app: name })
    await pipeline.create(name).catch((error: unknown) => {
      // another first push was faster
      if (!isFailure(error, 'app-exists')) throw error
    })
    const made = store.apps.find(name)
    if (!made) throw failure('app-unknown', { app: name })
    return await whole(made)
  }

  #options(repository: string, session: Session) {
    const { settings, paths } = this.#parts
    return { repository, session, hooks: paths.hooks, maxSize: settings['push-max-size'] }
  }

  async #receive(app: AppName, repository: string, session: Session): Promise<number> {
    const { log, pipeline } = this.#parts
    const others = this.#receiving.get(repository) ?? 0
    this.#receiving.set(repository, others + 1)
    try {
      return await receivePack({ ...this.#options(repository, session), app, accept: pipeline.push, log })
    } finally {
      const left = (this.#receiving.get(repository) ?? 1) - 1
      if (left > 0) this.#receiving.set(repository, left)
      else {
        this.#receiving.delete(repository)
        // of a git that had to be killed; listed before another push can begin
        await removeQuarantines(repository)
      }
    }
  }
}
