// What must be compiled anew when a configuration changes: Buildroot itself looks at nothing but its stamps. Pure.
import type { Config } from './check.ts'
import type { PackageInfos } from './package-info.ts'

/** What the results that are there were made of. */
export interface Made {
  readonly tree: string
  readonly config: Config
  /** Of each package, what it was compiled with. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>
  /** Paths in the overlays. */
  readonly overlay: readonly string[]
  /** A digest of the patches of each package that layers patch, and of the fragment of its own configuration. */
  readonly patches: Readonly<Record<string, string>>
  readonly fragments: Readonly<Record<string, string>>
}

export interface Rebuild {
  /** All of it, the compiler too; undefined to keep what is not named here. */
  readonly everything: string | undefined
  /** Packages to be unpacked and compiled again. */
  readonly afresh: readonly string[]
  /** Packages to be configured again, which keep their sources. */
  readonly again: readonly string[]
  /** The target's root is put together again from what the packages installed; why. */
  readonly root: string | undefined
}

const NOTHING: Rebuild = { everything: undefined, afresh: [], again: [], root: undefined }

/** Symbols that show in no file, or that make looks at each time. */
const OF_NO_EFFECT =
  /^BR2_(HAVE_DOT_CONFIG|DEFCONFIG|EXTERNAL_|DL_DIR|JLEVEL|HOST_GCC_|HOSTARCH|NEEDS_HOST_|BACKUP_SITE|PRIMARY_SITE|GNU_MIRROR|KERNEL_MIRROR|DOWNLOAD_|WGET|CURL|GIT\b|LOCALFILES|PACKAGE_PROVIDES|PACKAGE_HAS)|_SUPPORTS$|_ARCH$/
/** The root is finished anew on every make: names, overlays, hooks, images. */
const OF_THE_ROOT =
  /^BR2_(ROOTFS_|TARGET_ROOTFS_|TARGET_GENERIC_|SYSTEM_|ENABLE_LOCALE|GENERATE_LOCALE|TARGET_LOCALTIME|TARGET_TZ|TARGET_ENABLE_ROOT_LOGIN)/

const upper = (name: string) => name.toUpperCase().replaceAll('-', '_').replaceAll('.', '_')

/** Which package a symbol is an option of: the one with the longest name that fits. */
function ownerOf(symbol: string, owners: ReadonlyMap<string, string>): string | undefined {
  if (symbol.startsWith('BR2_LINUX_KERNEL')) return 'linux'
  const rest = /^BR2_(?:PACKAGE|TARGET)_(.+)$/.exec(symbol)?.[1] ?? ''
  for (let end = rest.length; end > 0; end = rest.lastIndexOf('_', end - 1)) {
    const owner = owners.get(rest.slice(0, end))
    if (owner !== undefined) return owner
  }
  return undefined
}

function changedSymbols(before: Config, after: Config): string[] {
  const all = new Set([...before.keys(), ...after.keys()])
  return [...all].filter((symbol) => before.get(symbol) !== after.get(symbol) && !OF_NO_EFFECT.test(symbol))
}

interface Changes {
  readonly afresh: Set<string>
  readonly root: string[]
  everything: string | undefined
}

function compareSymbols(made: Made, now: Made, infos: PackageInfos, changes: Changes): void {
  const names = new Set([...infos.keys(), ...made.dependencies.keys()])
  const owners = new Map([...names].map((name) => [upper(name), name]))
  for (const symbol of changedSymbols(made.config, now.config)) {
    const [was = 'n', is = 'n'] = [made.config.get(symbol), now.config.get(symbol)]
    if (OF_THE_ROOT.test(symbol)) {
      changes.root.push(`${symbol} changed`)
      continue
    }
    const owner = ownerOf(symbol, owners)
    if (owner !== undefined) changes.afresh.add(owner)
    // an option of no package that is compiled, which one of them may still have looked at
    else if (symbol.startsWith('BR2_PACKAGE_')) continue
    else changes.everything ??= `${symbol} was ${was} and is ${is}`
  }
}

/**
 * @param made undefined when nothing was made yet
 * @param infos of what is to be made
 * @param forced somebody asked for everything
 */
export function planRebuild(made: Made | undefined, now: Made, infos: PackageInfos, forced = false): Rebuild {
  if (!made) return NOTHING
  if (forced) return { ...NOTHING, everything: 'it was asked for' }
  if (made.tree !== now.tree)
    return { ...NOTHING, everything: `Buildroot was ${made.tree} and is ${now.tree}` }
  const changes: Changes = { afresh: new Set(), root: [], everything: undefined }
  compareSymbols(made, now, infos, changes)
  if (changes.everything !== undefined) return { ...NOTHING, everything: changes.everything }
  const { afresh, root } = changes
  // a package finds what it can use when it is configured
  for (const [name, { dependencies }] of infos) {
    const was = made.dependencies.get(name)
    if (was && was.toSorted().join() !== dependencies.toSorted().join()) afresh.add(name)
  }
  for (const name of made.dependencies.keys()) if (!infos.has(name)) root.push(`${name} is gone`)
  const differing = (before: Made['patches'], after: Made['patches']) =>
    Object.keys({ ...before, ...after }).filter((name) => (before[name] ?? '') !== (after[name] ?? ''))
  for (const name of differing(made.patches, now.patches)) afresh.add(name)
  const again = differing(made.fragments, now.fragments)
  const gone = made.overlay.find((path) => !now.overlay.includes(path))
  if (gone !== undefined) root.push(`${gone} is gone from the overlays`)
  const known = (name: string) => infos.has(name) && made.dependencies.has(name)
  return {
    everything: undefined,
    afresh: [...afresh].filter(known).toSorted(),
    again: again.filter((name) => known(name) && !afresh.has(name)).toSorted(),
    root: root[0],
  }
}

/** What is done, in words. */
export function describeRebuild({ everything, afresh, again, root }: Rebuild): string[] {
  if (everything !== undefined) return [`All is compiled anew: ${everything}`]
  return [
    ...(afresh.length > 0 ? [`Compiled anew: ${afresh.join(', ')}`] : []),
    ...(again.length > 0 ? [`Configured anew: ${again.join(', ')}`] : []),
    ...(root !== undefined ? [`The root is put together anew: ${root}`] : []),
  ]
}
