// The kernel's modules: those that the lists name and those they need, unpacked, with depmod's indexes of just these.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { failure } from '../../core/errors.ts'
import { type Entry, fileEntry, type Tree } from '../../host/archive/entry.ts'
import { runOrThrow } from '../../host/process/run.ts'
import { patternOf } from './pattern.ts'

const ROOT = 'usr/lib/modules'
const MODULE = /\.ko(\.xz|\.zst|\.gz)?$/
/** So many files are given to one run of a program. */
const BATCH = 500
const LIMIT = 300_000
/** Of what depmod writes, kmod reads these; of the indexes in text, only the list of what needs what is read here. */
const INDEXES = /^modules\.(dep|softdep|builtin|devname|(dep|alias|symbols|builtin|builtin\.alias)\.bin)$/

/** Where a kernel may be: up to Debian 13 in /boot, and from then on beside its modules. */
const KERNEL = /^(?:boot\/vmlinu[xz]-(.+)|usr\/lib\/modules\/([^/]+)\/vmlinu[xz])$/

const releaseIn = (path: string) => {
  const found = KERNEL.exec(path)
  return found?.[1] ?? found?.[2]
}

/** The kernel of a release in a tree. Pure. */
export const kernelIn = (tree: Tree, release: string): Entry | undefined =>
  [...tree].find(([path]) => releaseIn(path) === release)?.[1]

/** Release of the one kernel in a tree. @throws image-failed */
export function kernelRelease(tree: Tree): string {
  const found = [...new Set([...tree.keys()].flatMap((path) => releaseIn(path) ?? []))]
  const [release] = found
  if (release !== undefined && found.length === 1) return release
  const problem = found.length === 0 ? 'no package has one' : `there are several: ${found.join(', ')}`
  throw failure('image-failed', { what: 'kernel', problem, hint: 'debian/packages names one linux-image-…' })
}

/** Lines of modules.dep: a module and those it needs, all of them. Pure. */
export function parseDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [module, needs = ''] = line.split(':')
      return module ? [[module, needs.split(' ').filter((each) => each !== '')] as const] : []
    }),
  )
}

/**
 * Modules that patterns name, without their ending, and those they need. Pure.
 * @param list where the patterns come from, for who reads what is wrong with them
 * @throws image-incomplete for a pattern that fits nothing
 */
export function chooseModules(
  dependencies: ReadonlyMap<string, readonly string[]>,
  builtin: ReadonlySet<string>,
  patterns: readonly string[],
  list = 'debian/kernel-modules',
): ReadonlySet<string> {
  const chosen = new Set<string>()
  const bare = (path: string) => path.replace(MODULE, '')
  for (const pattern of patterns) {
    const fits = patternOf(pattern.replace(/^[?!]/, ''))
    const found = [...dependencies.keys()].filter((path) => fits.test(bare(path)))
    if (pattern.startsWith('!')) {
      for (const path of found) chosen.delete(path)
      continue
    }
    const there = found.length > 0 || [...builtin].some((path) => fits.test(bare(path)))
    if (!there && !pattern.startsWith('?')) throw failure('image-incomplete', { file: list, needs: pattern })
    for (const path of found) for (const each of [path, ...(dependencies.get(path) ?? [])]) chosen.add(each)
  }
  return chosen
}

/**
 * Modules of the engine image: those that patterns name and those they need, but for what the core has. Pure.
 * @throws image-incomplete for a pattern that fits nothing
 */
export function engineModules(
  dependencies: ReadonlyMap<string, readonly string[]>,
  builtin: ReadonlySet<string>,
  patterns: readonly string[],
  core: ReadonlySet<string>,
): string[] {
  const chosen = chooseModules(dependencies, builtin, patterns, 'debian/engine-kernel-modules')
  return [...chosen].filter((path) => !core.has(path))
}

/** depmod is where not every user's PATH leads. */
const withSbin = () => ({ ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` })

async function eachBatch(
  files: readonly string[],
  work: (batch: string[]) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < files.length; at += BATCH) await work(files.slice(at, at + BATCH))
}

/** Writes the modules of a tree into a folder and unpacks them, several at once. */
async function unpack(tree: Tree, release: string, folder: string, signal: AbortSignal): Promise<void> {
  const packed: string[] = []
  for (const [path, entry] of tree) {
    if (!path.startsWith(`${ROOT}/${release}/`) || entry.kind !== 'file') continue
    const file = join(folder, path.slice('usr/'.length))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, entry.content)
    if (file.endsWith('.xz')) packed.push(file)
  }
  await eachBatch(packed, (batch) =>
    runOrThrow('xz', ['--decompress', '--', ...batch], { signal, timeout: LIMIT }),
  )
}

/** Patterns of modules by where they are to be. */
export interface ModuleLists {
  readonly core: readonly string[]
  /** What nobody needs before the engine image is laid over /usr. */
  readonly engine: readonly string[]
}

export interface Modules {
  /** The core's own, and the indexes of all: kmod finds those of the engine image once it is there. */
  readonly core: Tree
  /** Without what the core has. */
  readonly engine: Tree
  readonly count: number
}

/**
 * Modules of core and engine image, and their indexes.
 * @param tree all files of the kernel's package
 * @param work a folder for temporary files
 * @throws image-failed, image-incomplete, process-missing, canceled
 */
export async function makeModules(
  tree: Tree,
  lists: ModuleLists,
  work: string,
  signal: AbortSignal,
): Promise<Modules> {
  const release = kernelRelease(tree)
  const folder = await mkdtemp(join(work, 'modules-'))
  try {
    await unpack(tree, release, folder, signal)
    const home = join(folder, 'lib/modules', release)
    const depmod = ['-b', folder, release]
    await runOrThrow('depmod', depmod, { signal, timeout: LIMIT, env: withSbin() })
    const dependencies = parseDependencies(await readFile(join(home, 'modules.dep'), 'utf8'))
    const builtin = new Set((await readFile(join(home, 'modules.builtin'), 'utf8')).split('\n'))
    const inCore = chooseModules(dependencies, builtin, lists.core)
    const inEngine = engineModules(dependencies, builtin, lists.engine, inCore)
    const chosen = new Set([...inCore, ...inEngine])
    for (const path of dependencies.keys()) if (!chosen.has(path)) await rm(join(home, path))
    await runOrThrow('depmod', depmod, { signal, timeout: LIMIT, env: withSbin() })
    const entries = async (paths: Iterable<string>) => {
      const made = new Map<string, Entry>()
      for (const path of paths)
        made.set(`${ROOT}/${release}/${path}`, fileEntry(await readFile(join(home, path))))
      return made
    }
    const indexes = (await readdir(home)).filter((name) => INDEXES.test(name))
    return {
      core: await entries([...inCore, ...indexes]),
      engine: await entries(inEngine),
      count: chosen.size,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
