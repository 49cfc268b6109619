// How much room a build has: on the disk of the engine, when it is one of this machine, and of the root.
import { statfs } from 'node:fs/promises'
import { failure } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { ASK_LIMIT, call } from './call.ts'
import type { Engine } from './engine.ts'

/** A file system can be full of files before it is full of bytes; node_modules alone may have this many. */
const FREE_INODES = 5000

/** The folder that the engine keeps its images in, as the engine sees it. */
export async function engineDataRoot(engine: Engine, signal: AbortSignal): Promise<string> {
  const { DockerRootDir }: { DockerRootDir?: unknown } = await call(engine, ASK_LIMIT, signal, () =>
    engine.docker.info(),
  )
  return typeof DockerRootDir === 'string' ? DockerRootDir : ''
}

/**
 * Checks each path that exists here; one that does not is the engine's own matter (it runs elsewhere).
 * @param bytes how much must be free
 * @throws disk-low
 */
export async function requireSpace(paths: readonly string[], bytes: number): Promise<void> {
  for (const path of paths) {
    const disk = await statfs(path).catch(() => undefined)
    if (disk === undefined) continue
    const free = disk.bavail * disk.bsize
    if (free < bytes) throw failure('disk-low', { free: formatSize(free), path, needed: formatSize(bytes) })
    // btrfs and ZFS make inodes as they need them and report none
    if (disk.files > 0 && disk.ffree < FREE_INODES)
      throw failure('disk-low', { free: `${disk.ffree} inodes`, path, needed: `${FREE_INODES} inodes` })
  }
}
