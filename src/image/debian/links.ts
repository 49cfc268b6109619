// What maintainer scripts would have made, had they run: links, commands of BusyBox, the bundle of certificates.
import { failure } from '../../core/errors.ts'
import { type Entry, fileEntry, linkEntry, type Tree } from '../../host/archive/entry.ts'

/** Adds links given as `path target`. Pure. @throws package-invalid */
export function withLinks(tree: Tree, lines: readonly string[], file: string): Tree {
  const whole = new Map(tree)
  for (const line of lines) {
    const [path, target, ...more] = line.split(' ')
    if (!path || !target || more.length > 0 || path.startsWith('/'))
      throw failure('package-invalid', { file, problem: `${JSON.stringify(line)} is no path and target` })
    whole.set(path, linkEntry(target))
  }
  return whole
}

/**
 * Adds a link to BusyBox for every command that no program has. Pure.
 * @param busybox its program, which has the names of its commands in it, each between two zero bytes
 * @throws image-incomplete for a command that this BusyBox was built without
 */
export function withApplets(tree: Tree, applets: readonly string[], busybox: Buffer): Tree {
  const whole = new Map(tree)
  for (const name of applets) {
    if (!busybox.includes(`\0${name}\0`))
      throw failure('image-incomplete', { file: 'debian/applets', needs: `a BusyBox with ${name}` })
    if (!whole.has(`usr/bin/${name}`) && !whole.has(`usr/sbin/${name}`))
      whole.set(`usr/bin/${name}`, linkEntry('busybox'))
  }
  return whole
}

const SINGLE = /^usr\/share\/ca-certificates\/mozilla\/.*\.crt$/

/** Single certificates become the one file that programs read; it is at `path`. Pure. */
export function withCertificates(tree: Tree, path: string): Tree {
  const whole = new Map<string, Entry>()
  const bundle: Buffer[] = []
  for (const name of [...tree.keys()].sort()) {
    const entry = tree.get(name)
    if (!entry) continue
    if (SINGLE.test(name) && entry.kind === 'file') bundle.push(entry.content)
    else whole.set(name, entry)
  }
  if (bundle.length > 0) whole.set(path, fileEntry(Buffer.concat(bundle)))
  return whole
}
