// What git's tree and commit objects say, read from their bytes.
import { isUtf8 } from 'node:buffer'
import { failure } from '../../core/errors.ts'

export type EntryKind = 'file' | 'executable' | 'symlink' | 'tree' | 'submodule'

export interface TreeEntry {
  readonly kind: EntryKind
  /** Bytes that are no UTF-8 are shown as U+FFFD. */
  readonly name: string
  readonly utf8: boolean
  readonly oid: string
}

/** The error for objects that git would not have made. */
export const malformed = (problem: string) => failure('build-failed', { problem: `git objects: ${problem}` })

function kindOf(mode: number): EntryKind {
  // git-fast-import(1) lists the modes; old repositories also hold 100664, of which only the x bit counts
  switch (mode & 0o170000) {
    case 0o100000:
      return mode & 0o100 ? 'executable' : 'file'
    case 0o120000:
      return 'symlink'
    case 0o040000:
      return 'tree'
    case 0o160000:
      return 'submodule'
  }
  throw malformed(`mode ${mode.toString(8)} is unknown`)
}

/**
 * Entries of a tree object: `<mode> SP <name> NUL <object id>`, repeated.
 * @param oidLength bytes of an object id: 20 (SHA-1) or 32 (SHA-256)
 * @throws build-failed for bytes that are no tree, or a name that could leave its folder
 */
export function parseTree(content: Buffer, oidLength: number): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at)
    const nul = content.indexOf(0, space)
    const end = nul + 1 + oidLength
    if (space < 0 || nul < 0 || end > content.length) throw malformed('a tree is cut short')
    const mode = content.toString('latin1', at, space)
    if (!/^[0-7]{5,6}$/.test(mode)) throw malformed('a tree has an entry without a mode')
    const bytes = content.subarray(space + 1, nul)
    const name = bytes.toString()
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw malformed(`a tree has an entry named ${JSON.stringify(name)}`)
    entries.push({
      kind: kindOf(Number.parseInt(mode, 8)),
      name,
      utf8: isUtf8(bytes),
      oid: content.toString('hex', nul + 1, end),
    })
    at = end
  }
  return entries
}

export interface Commit {
  readonly tree: string
  readonly time: Date
}

const LATEST = 2 ** 31 - 1

/** Tree and committer's time of a commit object. The time is kept to what a tar header can say. */
export function parseCommit(content: string): Commit {
  const tree = /^tree ([0-9a-f]{40}|[0-9a-f]{64})\n/.exec(content)?.[1]
  if (tree === undefined) throw malformed('a commit names no tree')
  const header = content.slice(0, content.indexOf('\n\n') + 1)
  const seconds = Number(/^committer .*> (\d{1,12}) [+-]\d{4}$/m.exec(header)?.[1] ?? 0)
  return { tree, time: new Date(Math.min(seconds, LATEST) * 1000) }
}
