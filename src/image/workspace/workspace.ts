// A workspace: one image with its chain, what it is made of and what came out. Its words, no I/O.
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import type { ResolvedChain } from '../packages/package.ts'

export interface Workspace {
  readonly name: string
  /** workspaces/<name>, absolute. */
  readonly folder: string
  readonly chain: ResolvedChain
  /** The assembled set: kernel, initramfs, engine.squashfs, dtbs/, boot/, manifest.json. */
  readonly output: string
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Names are lower-cased; the rest must fit as it is. @throws value-invalid */
export function parseWorkspaceName(text: string): string {
  const name = text.toLowerCase()
  if (NAME.test(name) && !name.includes('..')) return name
  throw failure('value-invalid', {
    what: 'workspace',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'a name starts with a letter or digit and holds letters, digits, dots, dashes and _, 63 at most',
  })
}

/** The paths below a workspace's folder. */
export const workspacePaths = (folder: string) => ({
  /** What it remembers. */
  state: join(folder, 'workspace.json'),
  /** The lock: one skiff at a time. */
  lock: join(folder, 'lock'),
  /** Merged fragments and lists, for people and assemblers. */
  config: join(folder, 'config'),
  /** A configuration package of this workspace alone, layered last; the user's. */
  overrides: join(folder, 'overrides'),
  output: join(folder, 'output'),
  manifest: join(folder, 'output', 'manifest.json'),
})
