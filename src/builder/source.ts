// What a commit says about its build: the Dockerfile, which files go along, the Procfile.
import { failure } from '../core/errors.ts'
import type { GitTree } from '../host/git/tree.ts'
import { MAX_DOCKERFILE } from './dockerfile/read.ts'
import { Dockerignore } from './dockerignore.ts'

const MAX_TEXT = 2 ** 18

export interface Source {
  /** Text of the Dockerfile. */
  readonly dockerfile: string
  /** Where in the tree it really lies. */
  readonly path: string
  /** Text of the Procfile; undefined when there is none. */
  readonly procfile: string | undefined
  /** What becomes of each path of the tree. */
  readonly select: (path: string) => 'send' | 'omit' | 'look-inside'
}

/**
 * Reads it from the tree. The patterns come from `<Dockerfile>.dockerignore` where that is, as BuildKit has it,
 * else from `.dockerignore`; the Dockerfile and .dockerignore are always sent, for the engine reads them.
 * @throws push-empty, dockerfile-missing
 */
export async function readSource(tree: GitTree, path: string, app: string): Promise<Source> {
  if ((await tree.list(tree.root, '')).length === 0) throw failure('push-empty', {})
  const dockerfile = await tree.readText(path, MAX_DOCKERFILE)
  if (!dockerfile) throw failure('dockerfile-missing', { path, app })
  const procfile = await tree.readText('Procfile', MAX_TEXT)
  for (const file of [`${path}.dockerignore`, '.dockerignore']) {
    const found = await tree.readText(file, MAX_TEXT)
    if (!found) continue
    const ignore = new Dockerignore(found.text, file, ['.dockerignore', path, dockerfile.path])
    return {
      dockerfile: dockerfile.text,
      path: dockerfile.path,
      procfile: procfile?.text,
      select: (path) => ignore.select(path),
    }
  }
  return {
    dockerfile: dockerfile.text,
    path: dockerfile.path,
    procfile: procfile?.text,
    select: () => 'send',
  }
}
