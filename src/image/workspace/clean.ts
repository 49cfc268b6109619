// Empties a workspace: all that can be made again goes; the chain it remembers and overrides/ stay.
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { readRecord, writeRecord } from './record.ts'
import { workspacePaths } from './workspace.ts'

/** Mount points below a folder, from /proc/self/mounts, where `\040` is a blank. Pure. */
export const mountsBelow = (mounts: string, folder: string): string[] =>
  mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .map((path) =>
      path.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((path) => path.startsWith(`${folder}/`))

/** What would go, as names in the folder; nothing for a workspace that is not there. */
export async function toClean(folder: string, force: boolean): Promise<string[]> {
  const { state, lock, overrides } = workspacePaths(folder)
  const kept = [lock, overrides, ...(force ? [] : [state])].map((path) => basename(path))
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => !kept.includes(name)).toSorted()
}

/**
 * The lock must be held.
 * @param force also what it remembers, so that a workspace of another version can be used again
 * @returns names of what went
 * @throws workspace-version unless forced; exists while something is mounted in it
 */
export async function clean(name: string, folder: string, force: boolean): Promise<string[]> {
  const { state } = workspacePaths(folder)
  const record = force ? undefined : await readRecord(state, name)
  const [mounted] = mountsBelow(await readFile('/proc/self/mounts', 'utf8').catch(() => ''), folder)
  if (mounted !== undefined)
    throw failure('exists', { what: 'mount', name: mounted, hint: `umount ${mounted}, then clean again` })
  const gone = await toClean(folder, force)
  // first what says that there is an image, so that a clean that is cut short never leaves a part of one as whole
  if (record)
    await writeRecord(state, { ...record, configured: undefined, compiled: undefined, attempted: undefined })
  for (const each of gone) await rm(join(folder, each), { recursive: true, force: true })
  return gone
}
