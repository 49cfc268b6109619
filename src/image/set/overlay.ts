// The root_overlay of each package of a chain, laid over a tree: later packages win.
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { failure } from '../../core/errors.ts'
import {
  type Entry,
  fileEntry,
  folderEntry,
  linkEntry,
  resolvePath,
  type Tree,
} from '../../host/archive/entry.ts'
import type { Layers } from './lists.ts'
import { isMissing } from './missing.ts'

/** Only whether a file may be run counts: the rest hangs on the umask of whoever has the checkout. */
const modeOf = (mode: number) => ((mode & 0o100) === 0 ? 0o644 : 0o755)

/**
 * Adds the files, folders and links below a folder to a tree, by their path in it.
 * @throws package-invalid for a device or a pipe
 */
export async function readFolder(folder: string, into: Map<string, Entry>, inside = ''): Promise<void> {
  const names = (await readdir(join(folder, inside))).sort()
  for (const name of names) {
    const path = inside === '' ? name : `${inside}/${name}`
    const file = join(folder, path)
    const { mode } = await lstat(file)
    const kind = mode & 0o170000
    if (kind === 0o040000) {
      into.set(path, folderEntry())
      await readFolder(folder, into, path)
    } else if (kind === 0o120000) into.set(path, linkEntry(await readlink(file)))
    else if (kind === 0o100000) into.set(path, fileEntry(await readFile(file), modeOf(mode)))
    else throw failure('package-invalid', { file, problem: 'it is no file, folder or link' })
  }
}

/**
 * Reads the overlays of a chain.
 * @throws package-invalid for a device or a pipe, and an overlay that leads out of its package
 */
export async function readOverlays(layers: Layers): Promise<Tree> {
  const tree = new Map<string, Entry>()
  for (const { path } of layers.packages) {
    const folder = join(path, 'root_overlay')
    try {
      const real = await realpath(folder)
      if (!real.startsWith((await realpath(path)) + sep))
        throw failure('package-invalid', { file: folder, problem: 'it leads out of its package' })
    } catch (error) {
      if (isMissing(error)) continue
      throw error
    }
    await readFolder(folder, tree)
  }
  return tree
}

/** A tree with another on top; `bin/x` lands where the link `bin` of the lower tree leads. Pure. */
export function overlaid(lower: Tree, upper: Tree): Tree {
  const whole = new Map(lower)
  for (const [path, entry] of upper) {
    const cut = path.lastIndexOf('/')
    const folder = cut < 0 ? '' : (resolvePath(lower, path.slice(0, cut)) ?? path.slice(0, cut))
    const target = folder === '' ? path.slice(cut + 1) : `${folder}/${path.slice(cut + 1)}`
    if (entry.kind === 'folder' && whole.has(target)) continue
    whole.set(target, entry)
  }
  return whole
}
