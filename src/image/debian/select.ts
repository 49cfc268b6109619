// Which files of a system's packages an image keeps: those its lists name, and whatever these need of the dynamic
// loader. What a list names and no package has is an error, so a list cannot rot unseen.
import { failure } from '../../core/errors.ts'
import { readElfNeeds } from '../../host/archive/elf-needs.ts'
import { type Entry, resolvePath, type Tree } from '../../host/archive/entry.ts'
import { patternOf } from '../set/pattern.ts'

/** The links that make /bin, /lib and /sbin part of /usr; every system has them. */
const MERGED = /^(bin|sbin|lib|lib32|lib64|libx32)$/

/** Folders that the loader looks into: its own, and the private one of systemd, which its programs name themselves. */
const isLibrary = (path: string) =>
  /^usr\/lib\/([^/]+-linux-[^/]+\/)?(systemd\/)?[^/]+\.so(\.[^/]+)*$/.test(path)

export interface Selection {
  /** Kept entries. */
  readonly tree: Tree
  /** Patterns that fitted nothing and do not start with `?`. */
  readonly idle: readonly string[]
}

/** Entries that patterns name; a pattern that starts with `!` takes away what earlier ones named. Pure. */
export function select(tree: Tree, patterns: readonly string[]): Selection {
  const kept = new Map<string, Entry>()
  const idle: string[] = []
  const paths = [...tree.keys()]
  for (const pattern of patterns) {
    const away = pattern.startsWith('!')
    const fits = patternOf(away ? pattern.slice(1) : pattern)
    const found = (away ? [...kept.keys()] : paths).filter((path) => fits.test(path))
    if (found.length === 0 && !pattern.startsWith('?')) idle.push(pattern)
    for (const path of found) {
      const entry = tree.get(path)
      if (away || !entry) kept.delete(path)
      else if (entry.kind !== 'folder') kept.set(path, entry)
    }
  }
  for (const [path, entry] of tree) if (MERGED.test(path) && entry.kind === 'link') kept.set(path, entry)
  return { tree: kept, idle }
}

/** Libraries of a tree by the name that programs ask for. */
function librariesOf(tree: Tree): Map<string, string> {
  const found = new Map<string, string>()
  for (const path of tree.keys()) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (isLibrary(path) && !found.has(name)) found.set(name, path)
  }
  return found
}

/**
 * Adds what the programs and libraries of a selection need, from the tree it was made of. Pure.
 * @param present what is there besides when it runs, and so needs no second copy
 * @throws image-incomplete naming a library that nobody has and the file that asks for it
 */
export function withNeeds(kept: Tree, from: Tree, present: Tree = new Map()): Tree {
  const libraries = librariesOf(from)
  const there = librariesOf(present)
  const whole = new Map(kept)
  const queue = [...kept]
  const add = (path: string) => {
    // both the name that is asked for and the file that it leads to
    for (const each of new Set([path, resolvePath(from, path) ?? path])) {
      const entry = from.get(each)
      if (!entry || whole.has(each)) continue
      whole.set(each, entry)
      queue.push([each, entry])
    }
  }
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [file, entry] = next
    // what a kept link leads to is kept
    if (entry.kind === 'link') add(file)
    if (entry.kind !== 'file') continue
    const needs = readElfNeeds(entry.content)
    if (!needs) continue
    const loader = needs.interpreter?.split('/').at(-1)
    for (const name of [...needs.needed, ...(loader === undefined ? [] : [loader])]) {
      if (there.has(name)) continue
      const path = libraries.get(name)
      if (path === undefined) throw failure('image-incomplete', { file, needs: name })
      add(path)
    }
    // the kernel starts the loader by its path, which on some processors is a link of its own
    if (needs.interpreter !== undefined && !present.has(needs.interpreter.slice(1)))
      add(needs.interpreter.slice(1).replace(/^lib(64|32|x32)?\//, 'usr/lib$1/'))
  }
  return whole
}

/** What is there only at run time: what is mounted there, and what the engine image brings. */
const LATER = /^(run|proc|dev|sys|var|mnt|tmp|usr\/share\/skiff)(\/|$)/

/** Links of a tree that lead to nothing, in it or in what is there besides. Pure. */
export function danglingLinks(tree: Tree, present: Tree = new Map()): string[] {
  const all = new Map([...present, ...tree])
  return [...tree]
    .filter(([, entry]) => entry.kind === 'link')
    .map(([path]) => path)
    .filter((path) => {
      const end = resolvePath(all, path)
      if (end === undefined) return true
      if (all.has(end) || LATER.test(end)) return false
      return ![...all.keys()].some((each) => each.startsWith(`${end}/`))
    })
}
