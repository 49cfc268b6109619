// Which packages of Buildroot belong into the engine image: those that resources/engine names and what only they need.
import type { PackageInfo, PackageInfos } from './package-info.ts'

/** Names in a file of resources/engine: words, `#` begins a remark. Pure. */
export const readEngineList = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line) => line.replace(/#.*/, '').split(/\s+/))
    .filter((word) => word !== '')

/**
 * Everything that something outside the engine needs stays in the core, so that the core works without the engine.
 * @param roots names from resources/engine; those that are not compiled here do not count
 * @returns names in byte order. Pure.
 */
export function enginePackages(infos: PackageInfos, roots: readonly string[]): string[] {
  const asked = new Set(roots)
  const isRoot = ({ name, provides }: PackageInfo) =>
    asked.has(name) || provides.some((each) => asked.has(each))
  const targets = [...infos.values()].filter(({ kind }) => kind === 'target')
  const names = new Set(targets.map(({ name }) => name))
  const core = new Set<string>()
  const keep = (name: string) => {
    if (core.has(name) || !names.has(name)) return
    core.add(name)
    for (const each of infos.get(name)?.dependencies ?? []) keep(each)
  }
  // what no other package needs was asked for itself
  for (const each of targets)
    if (!isRoot(each) && !each.neededBy.some((name) => names.has(name))) keep(each.name)
  return [...names].filter((name) => !core.has(name)).toSorted()
}
