// Parts the root that Buildroot made: the core, which runs from RAM, and the engine image. Pure.
import { type Entry, fileEntry, folderEntry, resolvePath, type Tree } from '../../host/archive/entry.ts'
import { BUSYBOX, MOUNT_POINTS } from '../set/skeleton.ts'

const MODULES = 'usr/lib/modules'
/** What is of use on the machine that compiles, or comes in another way. */
const LEFT_OUT = /^(init|THIS_IS_NOT_YOUR_ROOT_FILESYSTEM|boot\/|usr\/(include|share\/(man|doc|info))\/)/

/**
 * Files of some packages in build/packages-file-list.txt (`package,./path`) that no other package installed too.
 * @returns paths as trees have them, links on their way not followed
 */
export function filesOf(list: string, packages: ReadonlySet<string>): Set<string> {
  const own = new Set<string>()
  const others = new Set<string>()
  for (const line of list.split('\n')) {
    const comma = line.indexOf(',')
    if (comma < 0) continue
    const path = line.slice(comma + 1).replace(/^\.\//, '')
    if (packages.has(line.slice(0, comma))) own.add(path)
    else others.add(path)
  }
  return new Set([...own].filter((path) => !others.has(path)))
}

/** Release of the kernel whose modules are in a tree; undefined without modules. */
export const releaseIn = (root: Tree): string | undefined =>
  [...root.keys()].flatMap((path) => new RegExp(`^${MODULES}/([^/]+)$`).exec(path)?.[1] ?? [])[0]

export interface Parted {
  readonly core: Tree
  /** Of usr/ and opt/ only: systemd-sysext(8) merges nothing else. */
  readonly engine: Tree
}

/**
 * @param root everything
 * @param engineFiles as `filesOf` tells them
 * @param modules those that are kept, in place of all
 */
export function partRoot(
  root: Tree,
  engineFiles: ReadonlySet<string>,
  modules: { readonly core: Tree; readonly engine: Tree },
): Parted {
  const core = new Map<string, Entry>()
  const engine = new Map<string, Entry>()
  // a package may say lib/x where lib leads to usr/lib
  const real = new Set<string>()
  for (const path of engineFiles) {
    const cut = path.lastIndexOf('/')
    const folder = cut < 0 ? '' : resolvePath(root, path.slice(0, cut))
    if (folder !== undefined)
      real.add(folder === '' ? path.slice(cut + 1) : `${folder}/${path.slice(cut + 1)}`)
  }
  for (const [path, entry] of root) {
    if (LEFT_OUT.test(path) || path.startsWith(`${MODULES}/`) || path === BUSYBOX) continue
    if (entry.kind !== 'folder' && real.has(path)) {
      if (/^(usr|opt)\//.test(path)) engine.set(path, entry)
    } else core.set(path, entry)
  }
  for (const [path, entry] of modules.core) core.set(path, entry)
  for (const [path, entry] of modules.engine) engine.set(path, entry)
  for (const name of MOUNT_POINTS)
    if (!core.has(name))
      core.set(name, folderEntry(name === 'root' ? 0o700 : name === 'tmp' ? 0o1777 : 0o755))
  dropEnabled(core, engine)
  if (engine.size > 0)
    engine.set('usr/lib/extension-release.d/extension-release.engine', fileEntry('ID=_any\n'))
  return { core: withoutEmpty(core, root), engine }
}

/** Units of the engine are started when it is there, not by links to what is not. */
function dropEnabled(core: Map<string, Entry>, engine: Tree): void {
  for (const [path, entry] of core) {
    if (!path.startsWith('etc/systemd/system/') || entry.kind !== 'link') continue
    const from = entry.target.startsWith('/') ? '' : path.slice(0, path.lastIndexOf('/'))
    const target = resolvePath(core, `${from}/${entry.target}`)
    if (target !== undefined && engine.has(target)) core.delete(path)
  }
}

/** Folders that only held what is in the engine are of no use in the core. */
function withoutEmpty(core: Tree, root: Tree): Tree {
  const filled = new Set<string>()
  const mark = (paths: Iterable<string>, into: Set<string>) => {
    for (const path of paths)
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
        into.add(path.slice(0, at))
  }
  mark(
    [...core].flatMap(([path, { kind }]) => (kind === 'folder' ? [] : [path])),
    filled,
  )
  const once = new Set<string>()
  mark(
    [...root].flatMap(([path, { kind }]) => (kind === 'folder' ? [] : [path])),
    once,
  )
  return new Map(
    [...core].filter(([path, { kind }]) => kind !== 'folder' || filled.has(path) || !once.has(path)),
  )
}
