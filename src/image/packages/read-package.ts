// Makes a ConfigPackage of a folder.
import { join } from 'node:path'
import { placeIn, textIn } from '../layers/read.ts'
import { parseCommands, parseDependencies, parseDescription } from './metadata.ts'
import type { ConfigPackage } from './package.ts'

/**
 * @param name how it is called
 * @param path its folder, absolute
 * @throws package-invalid when its metadata cannot be read
 */
export async function readPackage(name: string, path: string): Promise<ConfigPackage> {
  const place = { name, path }
  const read = async (file: string) => (await textIn(place, `metadata/${file}`)) ?? ''
  const [description, dependencies, commands, unlisted] = await Promise.all([
    read('description'),
    read('dependencies'),
    read('commands'),
    placeIn(place, 'metadata/unlisted'),
  ])
  return {
    name,
    path,
    description: parseDescription(description),
    dependencies: parseDependencies(dependencies, join(path, 'metadata/dependencies')),
    commands: parseCommands(commands, join(path, 'metadata/commands')),
    unlisted: unlisted !== undefined,
  }
}
