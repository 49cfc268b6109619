// The Buildroot tree: the one a setting names, or the pinned release, fetched once and unpacked beside its hash.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure, messageOf } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { formatSize } from '../../core/units.ts'
import { syncFolder } from '../../host/files/write.ts'
import { DownloadError, download } from '../../host/ground/download.ts'
import { runOrThrow } from '../../host/process/run.ts'
import { type BuildrootSettings, type Release, requireFit, variables } from './settings.ts'

export interface BuildrootTree {
  readonly path: string
  /** As its Makefile says. */
  readonly version: string
}

/** The release has 6 MB. */
const MOST = 64 * 2 ** 20
const UNPACK_LIMIT = 300_000

/** @param makefile text of the tree's Makefile @returns undefined where it is another project's */
export const versionIn = (makefile: string): string | undefined =>
  /^export BR2_VERSION := (\S+)$/m.exec(makefile)?.[1]

/** Looks at a folder. @throws buildroot-unfit */
export async function openTree(path: string): Promise<BuildrootTree> {
  const unfit = (problem: string) =>
    failure('buildroot-unfit', {
      path,
      problem,
      hint: `${variables.tree} names a folder with Buildroot's sources; without it the release is fetched`,
    })
  let makefile: string
  try {
    makefile = await readFile(join(path, 'Makefile'), 'utf8')
  } catch (error) {
    throw unfit(`it has no Makefile (${messageOf(error)})`)
  }
  const version = versionIn(makefile)
  if (version === undefined) throw unfit('its Makefile is not that of Buildroot')
  return { path, version }
}

/** Fetches an archive and compares its content. @throws release-failed, release-wrong, canceled */
async function fetchRelease({ version, url, sha256 }: Release, signal: AbortSignal): Promise<Buffer> {
  let archive: Buffer
  try {
    archive = await download(url, MOST, signal)
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    const hint = `check the network, name another address in ${variables.url}, or a folder with its sources in ${variables.tree}`
    throw failure('release-failed', { version, url, problem: error.message, hint }, error)
  }
  const found = createHash('sha256').update(archive).digest('hex')
  if (found !== sha256) throw failure('release-wrong', { version, url, found, wanted: sha256 })
  return archive
}

/** Unpacks beside its place and moves it there when it is whole. */
async function unpack(archive: Buffer, release: Release, folder: string, signal: AbortSignal): Promise<void> {
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  const file = join(fresh, 'archive')
  await writeFile(file, archive)
  // tar finds out itself how it is packed
  const args = ['-x', '-f', file, '-C', fresh, '--strip-components=1', '--no-same-owner']
  try {
    await runOrThrow('tar', args, { signal, timeout: UNPACK_LIMIT })
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (signal.aborted) throw error
    const { version, url } = release
    throw failure(
      'release-failed',
      { version, url, problem: messageOf(error), hint: 'xz-utils unpacks it' },
      error,
    )
  }
  await rm(file)
  await rename(fresh, folder)
  await syncFolder(join(folder, '..'))
}

/**
 * The tree to work with.
 * @throws buildroot-unfit, release-failed, release-wrong, path-unfit, process-missing, canceled
 */
export async function findTree(
  settings: BuildrootSettings,
  report: Report,
  signal: AbortSignal,
): Promise<BuildrootTree> {
  const { tree, release, cache } = settings
  if (tree !== undefined) return openTree(requireFit(tree, variables.tree))
  const folder = join(requireFit(cache, variables.cache), `buildroot-${release.sha256.slice(0, 16)}`)
  try {
    return await openTree(folder)
  } catch {
    // not fetched yet
  }
  report.step(`Fetching Buildroot ${release.version} from ${release.url}`)
  await mkdir(cache, { recursive: true })
  const archive = await fetchRelease(release, signal)
  report.line(`${formatSize(archive.length)}, SHA-256 as it should be`)
  await unpack(archive, release, folder, signal)
  return openTree(folder)
}
