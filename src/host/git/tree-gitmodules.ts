// What .gitmodules says, as far as Crew acts on it: a pushed file, so nothing in it is believed unchecked.
import { failure } from '../../core/errors.ts'

export interface Submodule {
  /** Where it lies in the tree. */
  readonly path: string
  readonly url: string
}

const MOST = 100

/**
 * Reads the output of `git config --list -z`: `key LF value NUL` or `key NUL`, repeated.
 * @returns submodules with path and URL; as in git, the rest is no submodule
 */
export function parseGitmodules(output: string): Submodule[] {
  const found = new Map<string, { path?: string; url?: string }>()
  for (const record of output.split('\0')) {
    const match = /^submodule\.([\s\S]*)\.(path|url)\n([\s\S]*)$/.exec(record)
    if (!match) continue
    const [, name = '', key, value] = match
    found.set(name, { ...found.get(name), [key === 'path' ? 'path' : 'url']: value })
  }
  const submodules: Submodule[] = []
  for (const { path, url } of found.values())
    if (path !== undefined && url !== undefined) submodules.push({ path: path.replace(/\/+$/, ''), url })
  if (submodules.length > MOST)
    throw failure('build-failed', { problem: `.gitmodules names more than ${MOST} submodules` })
  return submodules
}

const REMOTE = /^(https?|git|ssh):\/\/[A-Za-z0-9[][^\s]*$/
/** git-fetch(1): `[user@]host:path`, where no slash comes before the colon. */
const SCP_LIKE = /^([A-Za-z0-9_][\w.+-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s]+$/
const TOO_LONG = 2000

/** Why a URL is not fetched from, or undefined when it may be. Options, helpers (`ext::`) and paths are refused. */
export function refusedUrl(url: string): string | undefined {
  if (url.length > TOO_LONG) return 'the URL is too long'
  if (url.startsWith('./') || url.startsWith('../'))
    return 'a relative URL has no meaning for a repository that was pushed; write the whole URL in .gitmodules'
  if (REMOTE.test(url) || (SCP_LIKE.test(url) && !/^[a-z0-9+.-]+:\/\//i.test(url))) return undefined
  return 'only https, http, git and ssh URLs are fetched from'
}
