// A git tree in the shape of node:fs, as far as tar-fs asks: so a commit streams into a tar from its objects,
// and no file of the machine can be meant by any of its paths.
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { failure } from '../../core/errors.ts'
import type { GitTree, TreeNode } from './tree.ts'

type Callback<T> = (error: Error | null, value?: T) => void

interface Stat {
  readonly mode: number
  readonly size: number
  readonly mtime: Date
  readonly uid: 0
  readonly gid: 0
  isDirectory(): boolean
  isFile(): boolean
  isSymbolicLink(): boolean
  isSocket(): boolean
}

const MODES = { file: 0o644, executable: 0o755, symlink: 0o777, tree: 0o755, submodule: 0o755 }

/** Most bytes of content fetched before they are asked for, and what a file counts besides its content. */
const AHEAD_BYTES = 2 ** 18
const AHEAD_COST = 1024

interface Found {
  readonly node: TreeNode
  /** Bytes of a file; 0 for the rest. */
  readonly size: number
}

/**
 * The calls of node:fs that tar-fs makes, on a tree. Each folder is read when it is listed, and forgotten entry
 * by entry as each is read in turn, so memory follows what is still to come, not what was there.
 */
export class TreeFiles {
  /** The made-up folder under which the tree lies. */
  readonly root = '/tree'
  /** Bytes of the files that were read so far. */
  bytes = 0
  readonly #tree: GitTree
  /** What was listed and not read yet, in the order in which it will be. */
  readonly #ahead = new Map<string, Found>()
  readonly #fetched = new Map<string, Promise<Buffer>>()

  /** Content by path inside, in place of the file or link that the tree has there. */
  readonly #replaced: ReadonlyMap<string, Buffer>

  constructor(
    tree: GitTree,
    {
      folder = tree.root,
      replaced = new Map(),
    }: { folder?: TreeNode; replaced?: ReadonlyMap<string, Buffer> } = {},
  ) {
    this.#tree = tree
    this.#replaced = new Map([...replaced].map(([path, content]) => [posix.normalize(path), content]))
    this.#ahead.set('', { node: folder, size: 0 })
  }

  /** Path inside the tree; empty for the tree itself. */
  readonly inside = (path: string): string => path.slice(this.root.length + 1)

  readonly lstat = (path: string, callback: Callback<Stat>): void => {
    this.#answer<Stat>(callback, async () => {
      const { node, size } = this.#at(path)
      if (!node.utf8) {
        const problem = `the file name ${JSON.stringify(this.inside(path))} is not UTF-8: rename it, or list it in .dockerignore`
        throw failure('build-failed', { problem })
      }
      const { kind } = node
      return {
        mode: MODES[kind],
        size,
        mtime: this.#tree.time,
        uid: 0,
        gid: 0,
        isDirectory: () => kind === 'tree' || kind === 'submodule',
        isFile: () => kind === 'file' || kind === 'executable',
        isSymbolicLink: () => kind === 'symlink',
        isSocket: () => false,
      }
    })
  }

  readonly readdir = (path: string, callback: Callback<string[]>): void => {
    this.#answer(callback, async () => {
      const { node } = this.#leave(path)
      const folder = this.inside(path)
      const nodes = await this.#tree.list(node, folder)
      const insideOf = (name: string) => (folder === '' ? name : `${folder}/${name}`)
      // all the questions are sent before the first answer is read: one round trip for a folder
      const sizes = await Promise.all(
        nodes.map(({ kind, reader, oid, name }) => {
          const replaced = this.#replaced.get(insideOf(name))
          if (replaced) return replaced.length
          return kind === 'file' || kind === 'executable' ? reader.size(oid, 'blob') : 0
        }),
      )
      for (const [index, node] of nodes.entries()) {
        const inner = insideOf(node.name)
        const isReplacedLink = node.kind === 'symlink' && this.#replaced.has(inner)
        const shown: TreeNode = isReplacedLink ? { ...node, kind: 'file' } : node
        this.#ahead.set(inner, { node: shown, size: sizes[index] ?? 0 })
      }
      return nodes.map(({ name }) => name)
    })
  }

  readonly readlink = (path: string, callback: Callback<string>): void => {
    this.#answer(callback, () => this.#tree.readLink(this.#leave(path).node, this.inside(path)))
  }

  readonly createReadStream = (path: string): Readable => {
    const replaced = this.#replaced.get(this.inside(path))
    if (replaced) {
      this.#leave(path)
      this.bytes += replaced.length
      return Readable.from([replaced], { objectMode: false })
    }
    if (!this.#fetched.has(path)) this.#fetchAhead()
    const { node, size } = this.#leave(path)
    this.bytes += size
    const content = this.#fetched.get(path)
    this.#fetched.delete(path)
    if (content === undefined && size > 0)
      return Readable.from(node.reader.blob(node.oid), { objectMode: false })
    return new Readable({
      read() {
        Promise.resolve(content).then(
          (bytes) => {
            if (bytes) this.push(bytes)
            this.push(null)
          },
          (error: Error) => this.destroy(error),
        )
      },
    })
  }

  /** Asks for the next files in one go while they are small: a round trip to git costs more than they do. */
  #fetchAhead(): void {
    let room = AHEAD_BYTES
    for (const [path, { node, size }] of this.#ahead) {
      room -= size + AHEAD_COST
      if (room < 0) return
      if (size === 0 || this.#replaced.has(path) || (node.kind !== 'file' && node.kind !== 'executable'))
        continue
      const content = node.reader.contents(node.oid, 'blob', size)
      content.catch(() => {}) // told to the one who reads it
      this.#fetched.set(`${this.root}/${path}`, content)
    }
  }

  /** Whether a path that was listed and not read yet is a folder. */
  isFolder(path: string): boolean {
    const kind = this.#ahead.get(path)?.node.kind
    return kind === 'tree' || kind === 'submodule'
  }

  /** tar-fs was told to leave this entry out: it will not be asked for. */
  forget(path: string): void {
    this.#ahead.delete(path)
  }

  #at(path: string): Found {
    const found = this.#ahead.get(this.inside(path))
    if (found) return found
    throw Object.assign(new Error(`${path} is asked for out of turn`), { code: 'EINVAL' })
  }

  #leave(path: string): Found {
    const found = this.#at(path)
    this.#ahead.delete(this.inside(path))
    return found
  }

  #answer<T>(callback: Callback<T>, work: () => Promise<T>): void {
    work().then(
      (value) => callback(null, value),
      (error) => callback(error instanceof Error ? error : new Error(String(error))),
    )
  }
}
