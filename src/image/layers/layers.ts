// All layers of a chain made one: what an assembler is given, and what a workspace compares.
import { failure } from '../../core/errors.ts'
import type { ConfigPackage } from '../packages/package.ts'
import { type FragmentKind, fragmentKinds } from './fragment.ts'
import { type LayerText, type Merged, mergeFragments, type Override } from './merge.ts'
import { folderIn, placeIn, textIn, textsIn } from './read.ts'
import { type ListedWord, mergeWords } from './words.ts'

/** A folder or a file of one layer, absolute. */
export interface LayerPath {
  readonly layer: string
  readonly path: string
}

/** What packages bring as folders, in the order of the chain. */
export const folderKinds = [
  'root_overlay',
  'kernel_patches',
  'uboot_patches',
  'buildroot_patches',
  'buildroot_ext',
] as const
export type FolderKind = (typeof folderKinds)[number]

export interface Layers {
  readonly fragments: Readonly<Record<FragmentKind, Merged>>
  /** Flags of the compiler for the target, one line; empty for those of the assembler. */
  readonly cflags: string
  /** The users table, in Buildroot's form. */
  readonly users: string
  readonly folders: Readonly<Record<FolderKind, readonly LayerPath[]>>
  /** Executables that run before (`pre`) and after (`post`) images are made. */
  readonly hooks: { readonly pre: readonly LayerPath[]; readonly post: readonly LayerPath[] }
  /** Word lists of debian/ by file name: `packages`, `packages.arm64`, `modules`. */
  readonly debian: Readonly<Record<string, readonly ListedWord[]>>
  readonly overrides: readonly Override[]
  /** What was passed over, as `file:line: why`. */
  readonly warnings: readonly string[]
}

/** Files of debian/ that are word lists; others there have a form of their own. */
const WORD_LIST = /^debian\/(packages|modules)(\.[a-z0-9]+)?$/

const EXTERNAL = ['external.mk', 'external.desc', 'Config.in']

/** Texts of one folder of every layer, in order. @throws package-invalid */
export async function layerTexts(packages: readonly ConfigPackage[], folder: string): Promise<LayerText[]> {
  const files: LayerText[] = []
  for (const { name, path } of packages)
    for (const file of await textsIn({ name, path }, folder)) files.push({ ...file, layer: name, root: path })
  return files
}

/** Comment lines are dropped, the rest is one line. */
const flagsOf = (files: readonly LayerText[]) =>
  files
    .flatMap(({ text }) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join(' ')

const joined = (files: readonly LayerText[]) =>
  files.map(({ text }) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('')

async function pathsOf(
  packages: readonly ConfigPackage[],
  inside: string,
  find: typeof placeIn,
): Promise<LayerPath[]> {
  const paths: LayerPath[] = []
  for (const each of packages) {
    const path = await find(each, inside)
    if (path !== undefined) paths.push({ layer: each.name, path })
  }
  return paths
}

async function checkExternal(packages: readonly ConfigPackage[]): Promise<void> {
  for (const each of packages) {
    const folder = await folderIn(each, 'buildroot_ext')
    if (folder === undefined) continue
    for (const file of EXTERNAL)
      if ((await textIn(each, `buildroot_ext/${file}`)) === undefined)
        throw failure('package-invalid', { file: folder, problem: `it lacks ${file}` })
  }
}

function wordLists(files: readonly LayerText[]): Record<string, ListedWord[]> {
  const lists = Map.groupBy(
    files.filter(({ inside }) => WORD_LIST.test(inside)),
    ({ inside }) => inside.slice('debian/'.length),
  )
  return Object.fromEntries([...lists].map(([name, texts]) => [name, mergeWords(texts)]))
}

const recordOf = async <K extends string, T>(keys: readonly K[], value: (key: K) => Promise<T>) => {
  const entries: [K, T][] = []
  for (const key of keys) entries.push([key, await value(key)])
  return Object.fromEntries(entries) as Record<K, T>
}

/**
 * Reads every layer and joins them; later packages win.
 * @throws package-invalid
 */
export async function mergeLayers(packages: readonly ConfigPackage[]): Promise<Layers> {
  await checkExternal(packages)
  const fragments = await recordOf(fragmentKinds, async (kind) =>
    mergeFragments(kind, await layerTexts(packages, kind)),
  )
  const merged = Object.values(fragments)
  return {
    fragments,
    cflags: flagsOf(await layerTexts(packages, 'cflags')),
    users: joined(await layerTexts(packages, 'users')),
    folders: await recordOf(folderKinds, (kind) => pathsOf(packages, kind, folderIn)),
    hooks: {
      pre: await pathsOf(packages, 'hooks/pre.sh', placeIn),
      post: await pathsOf(packages, 'hooks/post.sh', placeIn),
    },
    debian: wordLists(await layerTexts(packages, 'debian')),
    overrides: merged.flatMap(({ overrides }) => overrides),
    warnings: merged.flatMap(({ stray }) => stray),
  }
}
