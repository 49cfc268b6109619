// The archive that the kernel unpacks: the core as a squashfs, as it is, and a few packed files that put it together.
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { writeCpio } from '../../host/archive/cpio.ts'
import { type Entry, fileEntry, folderEntry, linkEntry, type Tree } from '../../host/archive/entry.ts'
import { parseDependencies } from './modules.ts'

export interface StubParts {
  /** The script that becomes /init. */
  readonly init: Buffer
  readonly busybox: Entry
  readonly applets: readonly string[]
  /** The core's modules and their indexes. */
  readonly modules: Tree
  readonly release: string
  /** Modules to load, as paths below the kernel's folder without their ending. */
  readonly load: readonly string[]
}

/** Files that put the core together. Pure. @throws image-incomplete for a module that is not in the core */
export function stubTree({ init, busybox, applets, modules, release, load }: StubParts): Tree {
  const home = `usr/lib/modules/${release}`
  const index = modules.get(`${home}/modules.dep`)
  const needs = parseDependencies(index?.kind === 'file' ? index.content.toString() : '')
  const order: string[] = []
  const add = (path: string) => {
    if (!order.includes(path)) order.push(path)
  }
  for (const name of load) {
    const path = [...needs.keys()].find((each) => each.replace(/\.ko$/, '') === name)
    if (path === undefined)
      throw failure('image-incomplete', { file: 'debian/initramfs-modules', needs: name })
    // modules.dep names the nearest first, and what they need after them
    for (const each of [...(needs.get(path) ?? [])].reverse()) add(each)
    add(path)
  }
  const tree = new Map<string, Entry>([
    ['init', fileEntry(init, 0o755)],
    ['bin/busybox', busybox],
    ['modules/order', fileEntry(`${order.map((path) => nameOf(path)).join('\n')}\n`)],
    ...['dev', 'proc', 'ram', 'rom', 'root'].map((name) => [name, folderEntry()] as const),
    ...applets.map((name) => [join('bin', name), linkEntry('busybox')] as const),
  ])
  for (const path of order) {
    const module = modules.get(`${home}/${path}`)
    if (module) tree.set(`modules/${nameOf(path)}`, module)
  }
  return tree
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/**
 * Both parts in one. The kernel unpacks one after the other, and wants the plain one first, its length a multiple
 * of 4.
 * @param packedStub the packed archive of `stubTree`
 * @param time seconds since 1970
 */
export const joinInitramfs = (core: Buffer, packedStub: Buffer, time: number): Buffer =>
  Buffer.concat([writeCpio(new Map([['core.squashfs', fileEntry(core)]]), time), packedStub])
