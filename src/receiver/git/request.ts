// Which git service an exec line asks for, and of which app.
import { type AppName, parseAppName } from '../../core/app.ts'
import { failure } from '../../core/errors.ts'

const services = ['git-receive-pack', 'git-upload-pack', 'git-upload-archive'] as const

export type GitServiceName = (typeof services)[number]

export interface GitRequest {
  readonly service: GitServiceName
  readonly app: AppName
}

/**
 * Reads `git-receive-pack '/app.git'` and its kin; also `git receive-pack app`, as newer clients may spell it.
 * The path is what git sends for `ssh://host/app` (/app), `host:app` (app) and `ssh://host/~/app` (~/app).
 * @returns undefined when the words are a command of another kind
 * @throws app-name-invalid, usage
 */
export function parseGitService(argv: readonly string[]): GitRequest | undefined {
  const [first = '', ...rest] = argv
  const [name, args] = first === 'git' ? [`git-${rest[0] ?? ''}`, rest.slice(1)] : [first, rest]
  const service = services.find((each) => each === name)
  if (!service) return undefined
  const [path] = args
  if (path === undefined || args.length > 1)
    throw failure('usage', { problem: `${service} takes one app`, usage: `${service} <app>` })
  return { service, app: parseAppName(appInPath(path)) }
}

const appInPath = (path: string) =>
  path
    .replace(/^(~\/|\/)/, '')
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
