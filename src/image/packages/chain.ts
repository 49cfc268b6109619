// From the names in SKIFF_CONFIG to layers: what each package depends on comes before it, and otherwise the order
// in which the names were given stays.
import { failure } from '../../core/errors.ts'
import { suggestion } from '../../core/suggest.ts'
import type { Catalogue } from './catalogue.ts'
import { splitNames } from './metadata.ts'
import { type ConfigPackage, parsePackageName, type ResolvedChain } from './package.ts'

/** Names of a list that commas or blanks separate; a repeated one counts once. @throws value-invalid */
export const parseChain = (text: string): string[] => splitNames(text).map(parsePackageName)

function unknown(catalogue: Catalogue, name: string, wantedBy: string | undefined) {
  const meant = suggestion(name, catalogue.names)
  return failure('package-unknown', {
    name,
    who: wantedBy === undefined ? '' : `, which ${wantedBy} depends on`,
    hint: `${meant === undefined ? '' : `did you mean ${meant}? `}skiff configs lists them`,
  })
}

/**
 * Depth first over the dependencies, in the order of the names: a topological order in which a package moves only as
 * far to the front as one that needs it demands.
 * @param asked names as the user gave them
 * @param first names that come before all others, with what they depend on, when they are known
 * @throws package-unknown, package-cycle, package-invalid, package-path
 */
export async function resolveChain(
  catalogue: Catalogue,
  asked: readonly string[],
  first: readonly string[] = [],
): Promise<ResolvedChain> {
  const packages: ConfigPackage[] = []
  const done = new Set<string>()
  const visit = async (name: string, path: readonly string[]): Promise<void> => {
    if (done.has(name)) return
    const begin = path.indexOf(name)
    if (begin !== -1) throw failure('package-cycle', { circle: [...path.slice(begin), name].join(' -> ') })
    const found = await catalogue.get(name)
    if (!found) throw unknown(catalogue, name, path.at(-1))
    for (const dependency of found.dependencies) await visit(dependency, [...path, name])
    done.add(name)
    packages.push(found)
  }
  for (const name of first) if (catalogue.names.includes(name)) await visit(name, [])
  for (const name of asked) await visit(name, [])
  return { packages, asked: [...new Set(asked)] }
}
