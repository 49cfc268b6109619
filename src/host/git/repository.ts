// A bare repository on disk: made whole or not at all, removed the same way, and asked for refs and commits.
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../files/write.ts'
import { runOrThrow } from '../process/run.ts'
import { startGit } from './child.ts'
import { gitEnvironment } from './environment.ts'
import { git, gitOrThrow } from './git.ts'
import type { GitObjects } from './objects.ts'

/** HEAD of a new repository; `setHead` moves it to the branch that was pushed. */
const FIRST_BRANCH = 'master'
const GARBAGE_LIMIT = 10 * 60_000

/** Folders of git's own making for objects of a push that is not accepted yet (tmp-objdir.c). */
const QUARANTINE = /^tmp_objdir-incoming-/
/** Repositories that are being made or removed. */
const UNFINISHED = /^\..*\.git\.(new|removed)-[0-9a-f]+$/

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

const besides = (path: string, what: 'new' | 'removed') =>
  join(dirname(path), `.${basename(path)}.${what}-${randomBytes(6).toString('hex')}`)

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes an empty bare repository; one that is there is left as it is. A crash leaves it whole or absent. */
export async function createRepository(path: string): Promise<void> {
  if (await isThere(join(path, 'HEAD'))) return
  const unfinished = besides(path, 'new')
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    // no template: its sample hooks and descriptions are of no use here
    const args = ['init', '--quiet', '--bare', '--template=', `--initial-branch=${FIRST_BRANCH}`, unfinished]
    await runOrThrow('git', args, { env: gitEnvironment() })
    for (const file of ['HEAD', 'config']) await syncFile(join(unfinished, file))
    await syncFolder(unfinished)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // another call was faster
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '') && (await isThere(join(path, 'HEAD')))) return
    throw error
  }
  await syncFolder(dirname(path))
}

/** Removes a repository: gone by name at once, then its files. One that is not there is fine. */
export async function removeRepository(path: string): Promise<void> {
  const doomed = besides(path, 'removed')
  try {
    await rename(path, doomed)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  await syncFolder(dirname(path))
  await rm(doomed, { recursive: true, force: true })
}

/**
 * Removes what a power cut left in a folder of repositories: some half made or half removed, and quarantines
 * of pushes nobody waits for. Only while nothing is received.
 */
export async function sweepRepositories(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (UNFINISHED.test(name)) await rm(join(folder, name), { recursive: true, force: true })
    else await removeQuarantines(join(folder, name))
  }
}

/**
 * Removes the quarantines of pushes that were killed. Only while nothing is received into the repository: they
 * are listed before this returns to its caller, so a push that begins afterwards is safe.
 */
export async function removeQuarantines(path: string): Promise<void> {
  const objects = join(path, 'objects')
  const left = existsSync(objects) ? readdirSync(objects).filter((name) => QUARANTINE.test(name)) : []
  for (const name of left) await rm(join(objects, name), { recursive: true, force: true })
}

/** The repository without any push under way. */
export const acceptedObjects = (path: string): GitObjects => ({ repository: path, quarantine: {} })

/** Every ref and the object id it points at, by full name. */
export async function refs(path: string): Promise<ReadonlyMap<string, string>> {
  const out = await gitOrThrow(acceptedObjects(path), ['for-each-ref', '--format=%(objectname) %(refname)'])
  const found = new Map<string, string>()
  for (const line of out.split('\n')) {
    const space = line.indexOf(' ')
    if (space > 0) found.set(line.slice(space + 1), line.slice(0, space))
  }
  return found
}

/**
 * The commit an id, a ref or a tag leads to, seen with the objects of a push if there is one.
 * @returns its object id; undefined when it leads to no commit
 */
export async function resolveCommit(objects: GitObjects, rev: string): Promise<string | undefined> {
  if (rev === '' || /[\0\r\n]/.test(rev)) return undefined
  // over stdin, a name that looks like an option is still a name
  const { stdout } = await git(objects, ['cat-file', '--batch-check'], { input: `${rev}^{commit}\n` })
  return /^([0-9a-f]{40}|[0-9a-f]{64}) commit \d+\n$/.exec(stdout)?.[1]
}

/** Makes `branch` the one that a clone checks out. */
export async function setHead(path: string, branch: string): Promise<void> {
  await gitOrThrow(acceptedObjects(path), ['symbolic-ref', 'HEAD', `refs/heads/${branch}`])
}

/** Packs loose objects and drops old unreachable ones when git thinks it is worth it; slowly, and not for ever. */
export async function collectRepositoryGarbage(path: string, signal: AbortSignal): Promise<void> {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(GARBAGE_LIMIT)])
  if (stop.aborted) return
  await using child = startGit(
    [`--git-dir=${path}`, '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet'],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
      nice: true,
    },
  )
  const end = () => child.terminate()
  stop.addEventListener('abort', end)
  await child.exited.finally(() => stop.removeEventListener('abort', end))
}
