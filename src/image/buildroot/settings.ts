// Where Buildroot, its downloads and its caches are: settings of the Buildroot assembler, from the environment.
import { availableParallelism, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { failure } from '../../core/errors.ts'

/** A release with its address and what its content must be. */
export interface Release {
  readonly version: string
  readonly url: string
  readonly sha256: string
}

/**
 * The release that our packages are written for. The hash is that of the signed announcement
 * (buildroot-2026.08.tar.xz.sign beside the archive).
 */
export const PINNED: Release = {
  version: '2026.08',
  url: 'https://buildroot.org/downloads/buildroot-2026.08.tar.xz',
  sha256: '87aaca4164ea9d5c8085854953018263f7963f07c22e73a2a2185cc98c581c34',
}

export interface BuildrootSettings {
  /** A tree that is there already; undefined for the release. */
  readonly tree: string | undefined
  readonly release: Release
  /** Holds the release and what it downloads; shared by all workspaces. */
  readonly cache: string
  /** Compilers that may run at once. */
  readonly jobs: number
}

/** The variables, as docs and messages name them. */
export const variables = {
  tree: 'SKIFF_BUILDROOT',
  url: 'SKIFF_BUILDROOT_URL',
  sha256: 'SKIFF_BUILDROOT_SHA256',
  cache: 'SKIFF_BUILDROOT_CACHE',
  jobs: 'SKIFF_JOBS',
} as const

const invalid = (setting: string, problem: string, hint: string) =>
  failure('setting-invalid', { setting, problem, hint })

function releaseFrom(env: NodeJS.ProcessEnv): Release {
  const url = env[variables.url] || PINNED.url
  if (!URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    throw invalid(variables.url, 'this is no address', `for example ${PINNED.url}`)
  const sha256 = (env[variables.sha256] || PINNED.sha256).toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(sha256))
    throw invalid(variables.sha256, 'this is no SHA-256', '64 hexadecimal digits')
  // another content is another version; its name says what it is known by
  const version = sha256 === PINNED.sha256 ? PINNED.version : sha256.slice(0, 12)
  return { version, url, sha256 }
}

/** @throws setting-invalid */
export function buildrootSettings(env: NodeJS.ProcessEnv): BuildrootSettings {
  const tree = env[variables.tree]
  const jobs = env[variables.jobs] || String(availableParallelism())
  if (!/^[1-9]\d{0,3}$/.test(jobs)) throw invalid(variables.jobs, 'this is no number of jobs', '1 or more')
  const caches = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache')
  return {
    tree: tree ? resolve(tree) : undefined,
    release: releaseFrom(env),
    cache: resolve(env[variables.cache] || join(caches, 'skiff/buildroot')),
    jobs: Number(jobs),
  }
}

/** What make, shells and Buildroot's own checks cannot bear in a path. */
const UNFIT = /[\s"'$`\\:#%&;|<>(){}[\]*?!~@]/

/** @param setting the variable that can name another place @throws path-unfit */
export function requireFit(path: string, setting: string): string {
  const [found] = UNFIT.exec(path) ?? []
  if (found === undefined) return path
  throw failure('path-unfit', { path, problem: found.trim() === '' ? 'a blank' : found, setting })
}
