// The build context of a base image: a folder of a commit, read straight from git's objects.
import { lookIntoArchive, type RootFilesystem } from '../../host/docker/root-archive.ts'
import type { GitObjects } from '../../host/git/objects.ts'
import type { GitTree, TreeNode } from '../../host/git/tree.ts'
import { ObjectReader } from '../../host/git/tree-objects.ts'
import { MAX_DOCKERFILE } from '../dockerfile/read.ts'
import type { Exactness } from './plan.ts'
import type { SourceFiles } from './world.ts'

export interface TreeSourceOptions {
  readonly objects: GitObjects
  readonly directory: string
  readonly exactness: Exactness
  readonly signal: AbortSignal
}

/** The tree is its opener's to dispose of. */
export class TreeSource implements SourceFiles {
  readonly exactness: Exactness
  readonly tree: GitTree
  /** Path of the context in the tree; `.` for the top. */
  readonly directory: string

  readonly #objects: GitObjects
  readonly #signal: AbortSignal

  constructor(tree: GitTree, { objects, directory, exactness, signal }: TreeSourceOptions) {
    this.tree = tree
    this.directory = directory
    this.exactness = exactness
    this.#objects = objects
    this.#signal = signal
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.tree.readText(path, MAX_DOCKERFILE))?.text
  }

  /** The folder of the context; undefined when it is not there. */
  async folder(): Promise<TreeNode | undefined> {
    const found = await this.tree.resolve(this.directory)
    return found?.node.kind === 'tree' ? found.node : undefined
  }

  async contentId(): Promise<string> {
    return (await this.folder())?.oid ?? ''
  }

  async lookInto(path: string): Promise<RootFilesystem> {
    const found = await this.tree.resolve(`${this.directory}/${path}`)
    const nothing = { platforms: undefined, distribution: undefined }
    if (found?.node.kind !== 'file' && found?.node.kind !== 'executable') return nothing
    // a reader of its own: leaving a blob before its end ends the reader
    await using reader = new ObjectReader(this.#objects, this.#signal)
    return await lookIntoArchive(reader.blob(found.node.oid), path, this.#signal)
  }
}
