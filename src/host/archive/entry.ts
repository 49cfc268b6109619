// A tree of files held in memory, on its way from one archive into another: no disk, owner or device is touched.

interface Common {
  /** Permission bits, without the type. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export type Entry =
  | (Common & { readonly kind: 'file'; readonly content: Buffer })
  | (Common & { readonly kind: 'link'; readonly target: string })
  | (Common & { readonly kind: 'folder' })

/** Entries by path: no slash at either end, no `.` or `..` in it. */
export type Tree = ReadonlyMap<string, Entry>

const ROOT = { uid: 0, gid: 0 } as const

/** A file of root's. */
export const fileEntry = (content: string | Uint8Array, mode = 0o644): Entry => ({
  ...ROOT,
  kind: 'file',
  mode,
  content: typeof content === 'string' ? Buffer.from(content) : Buffer.from(content),
})

/** A symbolic link of root's. */
export const linkEntry = (target: string): Entry => ({ ...ROOT, kind: 'link', mode: 0o777, target })

/** A folder of root's. */
export const folderEntry = (mode = 0o755): Entry => ({ ...ROOT, kind: 'folder', mode })

/** The same tree with every folder above an entry, in the order of the bytes of the paths. Pure. */
export function completed(tree: Tree): Tree {
  const whole = new Map(tree)
  for (const path of tree.keys()) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (!whole.has(folder)) whole.set(folder, folderEntry())
    }
  }
  return new Map([...whole].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
}

const MOST_LINKS = 40

/**
 * Where a path leads when every symbolic link of the tree is followed, as the kernel would. Pure.
 * @returns undefined for a circle, and for a way out of the tree
 */
export function resolvePath(tree: Tree, path: string): string | undefined {
  let rest = path.split('/')
  let done: string[] = []
  for (let links = 0; rest.length > 0; ) {
    const [part = '', ...after] = rest
    rest = after
    if (part === '' || part === '.') continue
    if (part === '..') {
      done = done.slice(0, -1)
      continue
    }
    const entry = tree.get([...done, part].join('/'))
    if (entry?.kind !== 'link') {
      done = [...done, part]
      continue
    }
    links += 1
    if (links > MOST_LINKS) return undefined
    if (entry.target.startsWith('/')) done = []
    rest = [...entry.target.split('/'), ...rest]
  }
  return done.join('/')
}
