// Which configuration packages there are, and where: by variable, by extra path, built in; the first has it.
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { failure } from '../../core/errors.ts'
import { byBytes } from '../layers/read.ts'
import {
  type ConfigPackage,
  isPackageName,
  isPackageVariable,
  nameFromVariable,
  variableOf,
} from './package.ts'
import { readPackage } from './read-package.ts'

export interface CatalogueOptions {
  /** SKIFF_CONFIG_PATH_<NS>_<NAME> are looked up here. */
  readonly env: NodeJS.ProcessEnv
  /** Folders to look in before the built-in one; the first that has a package has it whole. */
  readonly extra: readonly string[]
  /** buildroot/configs of the checkout. */
  readonly builtIn: string
}

/** The packages that can be had. */
export interface Catalogue {
  /** Every name that is known without being told, in byte order. */
  readonly names: readonly string[]
  /** Folders that look like packages and cannot be ones. */
  readonly ignored: readonly string[]
  /**
   * @returns undefined when there is none of that name
   * @throws package-invalid, package-path
   */
  get(name: string): Promise<ConfigPackage | undefined>
}

/** Folders of a colon-separated list. @param from where relative ones begin */
export const splitPaths = (text: string, from: string): string[] => [
  ...new Set(
    text
      .split(':')
      .map((path) => path.trim())
      .filter((path) => path !== '')
      .map((path) => resolve(from, path)),
  ),
]

/** Names of the real folders in a folder; a link to a folder is none. */
async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name)
}

async function packagesIn(path: string): Promise<string[]> {
  const names: string[] = []
  for (const space of await foldersIn(path))
    for (const name of await foldersIn(join(path, space))) names.push(`${space}/${name}`)
  return names
}

async function checkExtra(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) return
  throw failure('package-path', {
    variable: 'SKIFF_EXTRA_CONFIGS_PATH',
    problem: `${path} is no folder that can be read`,
    hint: 'correct the list, or set it to none to do without',
  })
}

async function pathOfVariable(variable: string, value: string): Promise<string> {
  const path = resolve(value)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) return path
  throw failure('package-path', {
    variable,
    problem: `${path} is no folder that can be read`,
    hint: 'it names the folder of one configuration package',
  })
}

/**
 * Looks once which packages there are; what a package says is read when it is asked for.
 * @throws package-path when an extra path is not there
 */
export async function readCatalogue({ env, extra, builtIn }: CatalogueOptions): Promise<Catalogue> {
  const found = new Map<string, string>()
  const ignored: string[] = []
  for (const path of extra) await checkExtra(path)
  for (const path of [...extra, builtIn]) {
    for (const name of await packagesIn(path)) {
      if (!isPackageName(name)) ignored.push(join(path, name))
      else if (!found.has(name)) found.set(name, join(path, name))
    }
  }
  const variables = Object.keys(env).filter((name) => isPackageVariable(name) && env[name] !== '')
  // a variable that stands for none of the folders adds a package
  for (const variable of variables) {
    const known = [...found.keys()].filter((name) => variableOf(name) === variable)
    if (known.length > 1)
      throw failure('package-path', {
        variable,
        problem: `it may mean each of ${known.join(' and ')}`,
        hint: 'rename one of them, or put yours into a folder of SKIFF_EXTRA_CONFIGS_PATH',
      })
    const name = known[0] ?? nameFromVariable(variable)
    if (name !== undefined) found.set(name, found.get(name) ?? '')
  }
  return {
    names: [...found.keys()].toSorted(byBytes),
    ignored,
    async get(name) {
      const variable = variableOf(name)
      const given = env[variable]
      if (given) return readPackage(name, await pathOfVariable(variable, given))
      const path = found.get(name)
      return path === undefined ? undefined : readPackage(name, path)
    },
  }
}
