// The core: what runs from RAM. From the files of Debian packages to the tree of its squashfs.
import { failure } from '../../core/errors.ts'
import { type Entry, fileEntry, folderEntry, type Tree } from '../../host/archive/entry.ts'
import { overlaid } from '../set/overlay.ts'
import { BUSYBOX, MOUNT_POINTS } from '../set/skeleton.ts'
import { withApplets, withCertificates, withLinks } from './links.ts'
import { danglingLinks, select, withNeeds } from './select.ts'

export interface CoreLists {
  readonly keep: readonly string[]
  readonly links: readonly string[]
  readonly applets: readonly string[]
}

const CERTIFICATES = 'usr/share/skiff/ca-certificates.crt'

/** Keeps what lists name and what that needs. Pure. @throws image-idle, image-incomplete */
export function kept(system: Tree, patterns: readonly string[], list: string, present?: Tree): Tree {
  const { tree, idle } = select(system, patterns)
  if (idle.length > 0) throw failure('image-idle', { list, patterns: idle.slice(0, 5).join(' ') })
  return withNeeds(tree, system, present)
}

/**
 * The core's tree, without BusyBox, which the initramfs brings. Pure.
 * @param system all files of the packages
 * @param modules kernel modules
 * @param overlay what configuration packages lay on top
 * @param made files that are known only now, such as the hash of the engine image
 * @throws image-idle, image-incomplete, package-invalid, and image-failed for links to nothing
 */
export function coreTree(
  system: Tree,
  lists: CoreLists,
  modules: Tree,
  overlay: Tree,
  made: Readonly<Record<string, string>>,
): Tree {
  const files = kept(system, lists.keep, 'debian/keep')
  const linked = withLinks(files, lists.links, 'debian/links')
  const whole = new Map(overlaid(new Map([...linked, ...modules]), overlay))
  for (const name of MOUNT_POINTS) whole.set(name, folderEntry(name === 'root' ? 0o700 : 0o755))
  whole.set('tmp', folderEntry(0o1777))
  for (const [path, content] of Object.entries(made)) whole.set(path, fileEntry(content))
  const busybox = whole.get(BUSYBOX)
  if (busybox?.kind !== 'file') throw failure('image-incomplete', { file: 'debian/keep', needs: BUSYBOX })
  const all = withApplets(whole, lists.applets, busybox.content)
  refuseDangling(all)
  return new Map([...all].filter(([path]) => path !== BUSYBOX))
}

/** Whether a path of the core is a command of BusyBox, which a program of the engine image may stand in for. */
const isApplet = (core: Tree, path: string) => {
  const entry = core.get(path)
  return entry?.kind === 'link' && entry.target === 'busybox'
}

/** The engine image's tree: of usr/ only what the core lacks, or has of BusyBox. Pure. @throws as coreTree */
export function engineTree(
  system: Tree,
  keep: readonly string[],
  links: readonly string[],
  core: Tree,
  added: Tree,
): Tree {
  const files = kept(system, keep, 'debian/engine-keep', core)
  const linked = withLinks(withCertificates(files, CERTIFICATES), links, 'debian/engine-links')
  const whole = new Map<string, Entry>()
  for (const [path, entry] of [...linked, ...added])
    if (path.startsWith('usr/') && (!core.has(path) || isApplet(core, path))) whole.set(path, entry)
  refuseDangling(whole, core)
  return whole
}

function refuseDangling(tree: Tree, present?: Tree): void {
  const dangling = danglingLinks(tree, present)
  if (dangling.length === 0) return
  throw failure('image-failed', {
    what: 'tree',
    problem: `links lead to nothing: ${dangling.slice(0, 8).join(', ')}`,
    hint: 'keep what they lead to, or leave them out (debian/keep, debian/links)',
  })
}
