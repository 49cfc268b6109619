// How a command of a package is run that the package brings itself, in extensions/: an executable of its name, or a
// target of a Makefile there.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { placeIn } from '../layers/read.ts'
import type { ConfigPackage } from './package.ts'

/** A program and its arguments. */
export interface ExtensionCall {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
}

const isExecutable = async (path: string) => {
  const found = await stat(path)
  return found.isFile() && (found.mode & 0o111) !== 0
}

/**
 * @param name of the command, one word
 * @param args to an executable; a target of a Makefile takes none
 * @returns undefined when the package brings nothing of the kind
 * @throws package-invalid when a link leads out of the package
 */
export async function extensionOf(
  each: ConfigPackage,
  name: string,
  args: readonly string[],
): Promise<ExtensionCall | undefined> {
  const executable = await placeIn(each, `extensions/${name}`)
  if (executable !== undefined && (await isExecutable(executable)))
    return { command: executable, args, cwd: dirname(executable) }
  const makefile = await placeIn(each, 'extensions/Makefile')
  if (makefile === undefined) return undefined
  const cwd = dirname(makefile)
  return { command: 'make', args: ['--no-print-directory', '-C', cwd, '--', name], cwd }
}
