// A program that comes from a newer suite than the rest, with the libraries of that suite, its C library included, in
// a folder of its own. What starts it is a script that names the loader and the folder, so that nothing of it reaches
// the programs that it starts in turn.
import { failure } from '../../core/errors.ts'
import { readElfNeeds } from '../../host/archive/elf-needs.ts'
import { type Entry, fileEntry, resolvePath, type Tree } from '../../host/archive/entry.ts'
import { kept } from './core.ts'

export interface Apart {
  /** The program below usr/bin. */
  readonly name: string
  /** Debian packages it is in. */
  readonly packages: readonly string[]
}

/** A line of debian/engine-apart: the program, then its packages. Pure. @throws package-invalid */
export function readApart(line: string): Apart {
  const [name = '', ...packages] = line.split(' ')
  if (/^[a-z0-9][a-z0-9.+-]*$/.test(name) && packages.length > 0) return { name, packages }
  throw failure('package-invalid', {
    file: 'debian/engine-apart',
    problem: `${JSON.stringify(line)} is no program and its packages`,
  })
}

const isLibrary = (path: string) => /\.so(\.[^/]+)*$/.test(path)
const lastOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/**
 * What is kept of the fetched packages, libraries moved to `usr/lib/<name>/`. Pure.
 * @param patterns of files besides the program, which stay where they are
 * @throws image-idle, image-incomplete
 */
export function apartTree(fetched: Tree, { name }: Apart, patterns: readonly string[]): Tree {
  const program = `usr/bin/${name}`
  const folder = `usr/lib/${name}`
  const files = kept(fetched, [program, ...patterns], 'debian/engine-apart-keep')
  const tree = new Map<string, Entry>()
  let loader: string | undefined
  for (const [path, entry] of files) {
    // where links lead is what counts; those that were on the way are of another place
    const end = resolvePath(fetched, path) ?? path
    const real = fetched.get(end)
    if (real?.kind !== 'file') continue
    if (path === program) {
      loader = readElfNeeds(real.content)?.interpreter
      tree.set(`${folder}/${name}`, real)
    } else if (isLibrary(path)) tree.set(`${folder}/${lastOf(path)}`, real)
    else tree.set(path, entry.kind === 'link' ? real : entry)
  }
  if (loader === undefined)
    throw failure('image-incomplete', {
      file: 'debian/engine-apart',
      needs: `a program ${name} with a loader`,
    })
  const own = `${folder}/${lastOf(loader)}`
  if (!tree.has(own)) throw failure('image-incomplete', { file: 'debian/engine-apart', needs: own })
  const start = `exec /${own} --argv0 ${name} --library-path /${folder} /${folder}/${name} "$@"`
  tree.set(program, fileEntry(`#!/bin/sh\n# ${name}, with libraries of its own\n${start}\n`, 0o755))
  return tree
}
