// A commit's files as they lie in git's objects: looked up and listed without ever being checked out.
import { failure } from '../../core/errors.ts'
import type { GitObjects } from './objects.ts'
import { type Commit, malformed, parseCommit, parseTree, type TreeEntry } from './tree-entries.ts'
import { ObjectReader } from './tree-objects.ts'

const MAX_COMMIT = 2 ** 20
/** Some 500,000 entries in one folder. */
const MAX_TREE = 32 * 2 ** 20
/** PATH_MAX of Linux. */
const MAX_LINK = 4096
/** As Linux follows: path_resolution(7). */
const MAX_LINKS = 40

/** Something in a tree, and the reader that has its object. */
export interface TreeNode extends TreeEntry {
  readonly reader: ObjectReader
}

/** Entries of folders by their object ids. */
export type FolderCache = Map<string, readonly TreeEntry[]>

/** The tree of one commit, with other trees mounted at the places of its submodules. */
export class GitTree implements AsyncDisposable {
  readonly commit: string
  /** When it was committed; every file's time. */
  readonly time: Date
  readonly root: TreeNode
  readonly #mounts = new Map<string, TreeNode>()
  readonly #known: FolderCache | undefined

  private constructor(
    commit: string,
    { tree, time }: Commit,
    reader: ObjectReader,
    known: FolderCache | undefined,
  ) {
    this.commit = commit
    this.time = time
    this.root = { kind: 'tree', name: '', utf8: true, oid: tree, reader }
    this.#known = known
  }

  /**
   * Opens a commit. Dispose of the tree to end its git process; `signal` ends it too.
   * @throws canceled, build-failed when the objects are not there
   */
  static async open(objects: GitObjects, commit: string, signal: AbortSignal): Promise<GitTree> {
    const reader = new ObjectReader(objects, signal)
    try {
      return await GitTree.at(reader, commit)
    } catch (error) {
      await reader[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * A commit by a reader that others use too: to be disposed of is then that, not the tree.
   * @param known folders that were read before, for who reads many commits; grows
   */
  static async at(reader: ObjectReader, commit: string, known?: FolderCache): Promise<GitTree> {
    const content = await reader.contents(commit, 'commit', MAX_COMMIT)
    return new GitTree(commit, parseCommit(content.toString()), reader, known)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root.reader[Symbol.asyncDispose]()
  }

  /** Shows `tree` at the place of the submodule at `path`. It stays its opener's to dispose of. */
  mount(path: string, tree: GitTree): void {
    this.#mounts.set(path, tree.root)
    for (const [inner, root] of tree.#mounts) this.#mounts.set(`${path}/${inner}`, root)
  }

  /** What lies in a folder. A submodule that nothing is mounted on is an empty folder, as in a clone. */
  async list(folder: TreeNode, path: string): Promise<TreeNode[]> {
    if (folder.kind === 'submodule') return []
    const { reader } = folder
    return (await this.#entries(folder)).map((entry) => {
      const mount =
        entry.kind === 'submodule'
          ? this.#mounts.get(path === '' ? entry.name : `${path}/${entry.name}`)
          : undefined
      return mount ? { ...mount, name: entry.name, utf8: entry.utf8 } : { ...entry, reader }
    })
  }

  async #entries({ reader, oid }: TreeNode): Promise<readonly TreeEntry[]> {
    const known = this.#known?.get(oid)
    if (known) return known
    const entries = parseTree(await reader.contents(oid, 'tree', MAX_TREE), oid.length / 2)
    this.#known?.set(oid, entries)
    return entries
  }

  /** Where a symbolic link leads to, exactly. @throws build-failed when no tar can say it */
  async readLink(link: TreeNode, path: string): Promise<string> {
    const bytes = await link.reader.contents(link.oid, 'blob', MAX_LINK)
    const target = bytes.toString()
    if (target === '' || target.includes('\0') || !Buffer.from(target).equals(bytes)) {
      const problem = `the target of the symbolic link ${JSON.stringify(path)} is ${target === '' ? 'empty' : 'not UTF-8'}`
      throw failure('build-failed', { problem })
    }
    return target
  }

  /**
   * Finds what a path leads to, following symbolic links with the tree as their whole world: an absolute
   * link starts at its top, and `..` ends there. @returns undefined when it leads nowhere
   */
  async resolve(path: string): Promise<{ path: string; node: TreeNode } | undefined> {
    const rest = path.split('/')
    let stack: TreeNode[] = []
    const here = () => stack.map(({ name }) => name).join('/')
    for (let links = 0; ; ) {
      const part = rest.shift()
      const folder = stack.at(-1) ?? this.root
      if (part === undefined) return { path: here(), node: folder }
      if (part === '' || part === '.') continue
      if (part === '..') {
        stack.pop()
        continue
      }
      if (folder.kind !== 'tree') return undefined
      const node = (await this.list(folder, here())).find((entry) => entry.utf8 && entry.name === part)
      if (node === undefined) return undefined
      if (node.kind !== 'symlink') {
        stack.push(node)
        continue
      }
      if (++links > MAX_LINKS) return undefined
      const target = await this.readLink(node, `${here()}/${part}`)
      if (target.startsWith('/')) stack = []
      rest.unshift(...target.split('/'))
    }
  }

  /**
   * Text of a file, found as `resolve` does.
   * @param most bytes it may have
   * @returns undefined when there is no such file; `path` is where it really lies
   */
  async readText(path: string, most: number): Promise<{ path: string; text: string } | undefined> {
    const found = await this.resolve(path)
    if (found?.node.kind !== 'file' && found?.node.kind !== 'executable') return undefined
    const { reader, oid } = found.node
    if ((await reader.size(oid, 'blob')) > most)
      throw malformed(`${path} is larger than the ${most} bytes allowed for it`)
    return { path: found.path, text: (await reader.contents(oid, 'blob', most)).toString() }
  }
}
