// A configuration package: a folder namespace/name that says something of an image. Its words, no I/O.
import { failure } from '../../core/errors.ts'

/** A command that a package brings, as its metadata/commands names it. */
export interface PackageCommand {
  readonly name: string
  /** One sentence for help. */
  readonly text: string
}

export interface ConfigPackage {
  /** `namespace/name`. */
  readonly name: string
  /** Its folder, absolute. */
  readonly path: string
  readonly description: string
  /** Names of packages that are layered before this one. */
  readonly dependencies: readonly string[]
  readonly commands: readonly PackageCommand[]
  /** Of use to other packages only; lists leave it out. */
  readonly unlisted: boolean
}

/** Packages in the order in which they are layered: later ones override earlier ones. */
export interface ResolvedChain {
  readonly packages: readonly ConfigPackage[]
  /** What SKIFF_CONFIG named. */
  readonly asked: readonly string[]
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$/
/** The rule for people; the ancestor has no dash. */
export const NAME_RULE = 'a package is namespace/name, each of letters, digits, _ and -'

export const isPackageName = (name: string): boolean => NAME.test(name)

/** @throws value-invalid */
export function parsePackageName(name: string): string {
  if (isPackageName(name)) return name
  throw failure('value-invalid', {
    what: 'package',
    value: JSON.stringify(name.slice(0, 100)),
    rule: NAME_RULE,
  })
}

const VARIABLE = 'SKIFF_CONFIG_PATH_'

/** Environment variable that says where a package is: SKIFF_CONFIG_PATH_ODROID_XU4 for odroid/xu4. */
export const variableOf = (name: string): string =>
  `${VARIABLE}${name.toUpperCase().replaceAll('/', '_').replaceAll('-', '_')}`

export const isPackageVariable = (variable: string): boolean =>
  variable.startsWith(VARIABLE) && variable.length > VARIABLE.length

/**
 * The name that a variable most likely means, when nothing else tells: the namespace ends at the first `_`.
 * @returns undefined when it cannot be split
 */
export function nameFromVariable(variable: string): string | undefined {
  const name = variable.slice(VARIABLE.length).toLowerCase().replace('_', '/')
  return isPackageName(name) ? name : undefined
}
