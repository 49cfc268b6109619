// Tars read into trees, and trees written as tars.
import type { Readable } from 'node:stream'
import tarStream from 'tar-stream'
import { failure } from '../../core/errors.ts'
import { completed, type Entry, type Tree } from './entry.ts'

/** A path as trees have it; undefined for the root itself. */
function pathOf(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw failure('rootfs-invalid', { name, problem: 'it leads out of the tree' })
  return parts.length === 0 ? undefined : parts.join('/')
}

/**
 * Reads a tar. Hard links become files of their own that share the bytes; devices and pipes are left out.
 * @param wanted which files are kept; folders and links are cheap and kept always
 * @throws rootfs-invalid for a name that leads out of the tree, a hard link to nothing, and what is no tar
 */
export async function readTar(tar: Readable, wanted: (path: string) => boolean = () => true): Promise<Tree> {
  const extract = tarStream.extract()
  const tree = new Map<string, Entry>()
  tar.on('error', (error) => extract.destroy(error))
  tar.pipe(extract)
  try {
    for await (const source of extract) {
      const { header } = source
      const path = pathOf(header.name)
      const common = { mode: (header.mode ?? 0o644) & 0o7777, uid: header.uid ?? 0, gid: header.gid ?? 0 }
      if (path !== undefined && header.type === 'file' && wanted(path)) {
        const chunks: Buffer[] = []
        for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk)
        tree.set(path, { ...common, kind: 'file', content: Buffer.concat(chunks) })
        continue
      }
      source.resume()
      if (path === undefined) continue
      if (header.type === 'directory') tree.set(path, { ...common, kind: 'folder' })
      if (header.type === 'symlink')
        tree.set(path, { ...common, kind: 'link', target: header.linkname ?? '' })
      if (header.type === 'link' && wanted(path)) {
        const first = tree.get(pathOf(header.linkname ?? '') ?? '')
        if (first?.kind === 'file') tree.set(path, first)
      }
    }
  } finally {
    tar.unpipe(extract)
  }
  return tree
}

/**
 * Writes a tree as a tar, with one time for everything: same tree, same bytes.
 * @param time seconds since 1970
 * @param inOrder all entries in the order in which they are written, folders among them: by default that of the paths
 */
export function writeTar(
  tree: Tree,
  time: number,
  inOrder: (tree: Tree) => Tree = completed,
): AsyncIterable<unknown> {
  const pack = tarStream.pack()
  // one entry after the other: each is taken when the reader has room for it
  const write = async () => {
    for (const [path, entry] of inOrder(tree)) {
      const { mode, uid, gid } = entry
      const header = { name: path, mode, uid, gid, mtime: new Date(time * 1000) }
      await new Promise<void>((resolve, reject) => {
        const done = (error?: Error | null) => (error ? reject(error) : resolve())
        if (entry.kind === 'file')
          pack.entry({ ...header, size: entry.content.length }, entry.content, done).on('error', done)
        else if (entry.kind === 'link')
          pack.entry({ ...header, type: 'symlink', linkname: entry.target }, done).on('error', done)
        else pack.entry({ ...header, type: 'directory' }, done).on('error', done)
      })
    }
    pack.finalize()
  }
  write().catch((error: Error) => pack.destroy(error))
  return pack as unknown as AsyncIterable<Uint8Array>
}
