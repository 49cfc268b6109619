// Fetches from other people's repositories: over the network, with this machine's git configuration, in bounded time.
import { failure } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { startGit } from './child.ts'

export interface FetchOptions {
  readonly signal: AbortSignal
  /** Milliseconds that one run of git may take. */
  readonly limit: number
  /**
   * Also `file:`: for addresses that came from this machine's own configuration, where `url.<base>.insteadOf` may
   * lead to a mirror on disk.
   */
  readonly local?: boolean
}

/** A server that sends less than this for a minute counts as one that never answers. */
const SLOWEST = ['-c', 'http.lowSpeedLimit=1000', '-c', 'http.lowSpeedTime=60']

/** How a run of git fetch ended; `words` is what it said last. */
export interface Fetched {
  readonly status: number
  readonly words: string
}

/**
 * One `git fetch` into a bare repository. Its helpers (git-remote-https, ssh) end with it.
 * @param refs what to fetch, as refspecs or commits
 * @throws timed-out, canceled, process-missing
 */
export async function fetchRefs(
  repository: string,
  url: string,
  refs: readonly string[],
  { signal, limit, local = false, depth }: FetchOptions & { readonly depth?: number },
): Promise<Fetched> {
  const late = AbortSignal.timeout(limit)
  const stop = AbortSignal.any([signal, late])
  if (stop.aborted) throw failure('canceled', { what: 'fetching' })
  const args = [
    '--git-dir',
    repository,
    '-c',
    'protocol.version=2',
    ...SLOWEST,
    'fetch',
    '--quiet',
    '--no-tags',
  ]
  args.push('--no-recurse-submodules', '--no-auto-maintenance', '--no-write-fetch-head')
  if (depth !== undefined) args.push(`--depth=${depth}`)
  await using child = startGit([...args, '--end-of-options', url, ...refs], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      GIT_ASKPASS: 'false',
      SSH_ASKPASS: 'false',
      GIT_ALLOW_PROTOCOL: `https:http:git:ssh${local ? ':file' : ''}`,
      GIT_SSH_COMMAND: process.env.GIT_SSH_COMMAND ?? 'ssh -o BatchMode=yes -o ConnectTimeout=20',
    },
  })
  let words = ''
  child.process.stderr?.on('data', (text: Buffer) => {
    words = (words + text).slice(-2000)
  })
  const end = () => child.terminate()
  stop.addEventListener('abort', end, { once: true })
  try {
    const status = await child.exited
    if (signal.aborted) throw failure('canceled', { what: 'fetching' })
    if (late.aborted)
      throw failure('timed-out', { what: `fetching from ${url}`, seconds: limit / 1000, hint: '' })
    return { status, words: words.trim().replaceAll('\n', '; ').slice(-400) }
  } finally {
    stop.removeEventListener('abort', end)
  }
}

/** Whether a commit and its tree are in a repository. */
export async function hasCommit(repository: string, commit: string, signal: AbortSignal): Promise<boolean> {
  const args = ['--git-dir', repository, 'cat-file', '-e', `${commit}^{commit}`]
  const { status } = await run('git', args, { signal, env: { ...process.env, GIT_NO_LAZY_FETCH: '1' } })
  return status === 0
}

/**
 * Brings one commit: alone where the server hands it out by its id, else with the ref that is said to have it,
 * else with all branches and tags.
 * @param ref a full name such as refs/heads/main; undefined when nobody says one
 * @returns undefined when it is here; else git's words, or `gone` when the repository answers and has no such commit
 */
export async function fetchCommit(
  repository: string,
  url: string,
  commit: string,
  ref: string | undefined,
  options: FetchOptions,
): Promise<{ readonly gone: boolean; readonly problem: string } | undefined> {
  const alone = await fetchRefs(repository, url, [commit], { ...options, depth: 1 })
  if (alone.status === 0) return undefined
  const wider = ref === undefined ? [] : [[`+${ref}:refs/fetched/${ref}`]]
  wider.push(['+refs/heads/*:refs/fetched/refs/heads/*', '+refs/tags/*:refs/fetched/refs/tags/*'])
  let last = alone
  for (const refs of wider) {
    last = await fetchRefs(repository, url, refs, options)
    if (last.status === 0 && (await hasCommit(repository, commit, options.signal))) return undefined
  }
  return last.status === 0
    ? { gone: true, problem: `commit ${commit} is not there` }
    : { gone: false, problem: last.words }
}
