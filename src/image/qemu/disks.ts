// Disks for images that run in QEMU: the one with persist, and a boot partition with the engine image. Made as plain
// files, so nobody has to be root.
import { copyFile, link, mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runOrThrow } from '../../host/process/run.ts'
import { isMissing } from '../set/missing.ts'

const MB = 2 ** 20

/** Where mke2fs is, which not every user's PATH leads to. */
const withSbin = () => ({ ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` })

export interface DiskContent {
  readonly label: string
  readonly megabytes: number
  /** Files by their path in the file system. */
  readonly files: Readonly<Record<string, string | Uint8Array>>
  /** Files of this machine that are taken over, by their path in the file system. */
  readonly copies?: Readonly<Record<string, string>>
}

/**
 * Writes a disk that is one ext4 file system. What was at `file` is replaced as a whole.
 * @throws process-missing, process-failed, canceled
 */
export async function makeDisk(file: string, content: DiskContent, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const work = await mkdtemp(join(dirname(file), '.disk-'))
  const tree = join(work, 'tree')
  const part = join(work, 'disk')
  try {
    await mkdir(tree)
    for (const [path, text] of Object.entries(content.files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true })
      await writeFile(join(tree, path), text)
    }
    for (const [path, from] of Object.entries(content.copies ?? {})) {
      await mkdir(dirname(join(tree, path)), { recursive: true })
      // a second name of a large file costs nothing; on another file system it has to be copied
      await link(from, join(tree, path)).catch(() => copyFile(from, join(tree, path)))
    }
    const disk = await open(part, 'w')
    try {
      await disk.truncate(content.megabytes * MB)
    } finally {
      await disk.close()
    }
    const owner = ['-E', 'root_owner=0:0']
    const args = ['-q', '-t', 'ext4', '-L', content.label, ...owner, '-d', tree, part]
    await runOrThrow('mke2fs', args, { signal, timeout: 120_000, env: withSbin() })
    await rename(part, file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What a boot partition has for the running system. */
const IMAGES = ['engine.squashfs', 'firmware.squashfs']

/** The boot partition of an image: its engine image and its firmware. @returns false when it has neither */
export async function makeBootDisk(file: string, output: string, signal: AbortSignal): Promise<boolean> {
  const copies: Record<string, string> = {}
  let size = 0
  for (const name of IMAGES) {
    const path = join(output, name)
    try {
      size += (await stat(path)).size
      copies[name] = path
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  if (size === 0) return false
  await makeDisk(file, { label: 'boot', megabytes: Math.ceil(size / MB) + 24, files: {}, copies }, signal)
  return true
}
