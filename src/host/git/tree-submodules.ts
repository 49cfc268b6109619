// Fetches a tree's submodules at the commits it names and mounts them. They lie in one temporary bare
// repository until the build is over.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Paths } from '../../config/paths.ts'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { run, runOrThrow } from '../process/run.ts'
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

  /** Brings one commit here, alone where the server allows to ask for it, else with all branches and tags. */
  async fetch(url: string, commit: string): Promise<void> {
    const repository = await this.#made(commit.length === 64 ? 'sha256' : 'sha1')
    const fetch = ['--git-dir', repository, '-c', 'protocol.version=2', 'fetch', '--quiet', '--no-tags']
    fetch.push('--no-recurse-submodules', '--no-auto-maintenance', '--no-write-fetch-head')
    const alone = await fetchOnce(
      [...fetch, '--depth=1', '--end-of-options', url, commit],
      this.#options.signal,
    )
    if (alone.status === 0) return
    const all = ['--end-of-options', url, '+refs/heads/*:refs/all/heads/*', '+refs/tags/*:refs/all/tags/*']
    const rest = await fetchOnce([...fetch, ...all], this.#options.signal)
    if (rest.status !== 0) throw new Error(rest.stderr.trim().replaceAll('\n', '; ').slice(-400))
    const there = ['--git-dir', repository, 'cat-file', '-e', `${commit}^{commit}`]
    const { status } = await run('git', there, { signal: this.#options.signal })
    if (status !== 0) throw new Error(`commit ${commit} is not there`)
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

/** git fetch in a process group of its own: its helpers (git-remote-https, ssh) must end with it. */
async function fetchOnce(
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ status: number; stderr: string }> {
  const limit = AbortSignal.timeout(FETCH_LIMIT)
  const stop = AbortSignal.any([signal, limit])
  if (stop.aborted) throw failure('canceled', { what: 'fetching submodules' })
  const child = spawn('git', args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'false',
      SSH_ASKPASS: 'false',
      GIT_ALLOW_PROTOCOL: 'https:http:git:ssh',
      GIT_SSH_COMMAND: process.env.GIT_SSH_COMMAND ?? 'ssh -o BatchMode=yes -o ConnectTimeout=20',
    },
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => {
    stderr = (stderr + text).slice(-2000)
  })
  const kill = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // it has ended already
    }
  }
  stop.addEventListener('abort', kill)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? failure('process-missing', { command: 'git' }, error) : error),
      )
      child.on('close', (status) => {
        if (signal.aborted) reject(failure('canceled', { what: 'fetching submodules' }))
        else if (limit.aborted) reject(new Error(`it took longer than ${FETCH_LIMIT / 60_000} minutes`))
        else resolve({ status: status ?? 1, stderr })
      })
    })
  } finally {
    stop.removeEventListener('abort', kill)
  }
}
