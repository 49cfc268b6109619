// Files below resources/ of a chain's packages.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../core/errors.ts'
import type { Layers } from './lists.ts'
import { isMissing } from './missing.ts'

/** A file of resources/ of the last package that has it; undefined when none has. */
export async function findResource({ packages }: Layers, name: string): Promise<Buffer | undefined> {
  for (const { path } of packages.toReversed()) {
    try {
      return await readFile(join(path, 'resources', name))
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  return undefined
}

/** The same, of a file that no image can do without. @throws image-incomplete */
export async function resource(chain: Layers, name: string): Promise<Buffer> {
  const found = await findResource(chain, name)
  if (found) return found
  throw failure('image-incomplete', { file: 'the chain', needs: `resources/${name}` })
}
