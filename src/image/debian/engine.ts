// What is in the engine image: files of Debian packages, programs of a newer suite, and what packages of the chain add.
import type { Entry, Tree } from '../../host/archive/entry.ts'
import { readTar } from '../../host/archive/tar.ts'
import { engineOverlay } from '../set/engine-hooks.ts'
import type { Layers } from '../set/lists.ts'
import { apartTree, readApart } from './apart.ts'
import { engineTree } from './core.ts'
import { type FetchPlace, fetchPackages } from './fetch.ts'

export interface EngineInputs {
  /** A list of the chain, by its name below debian/. */
  readonly list: (name: string) => Promise<string[]>
  readonly chain: Layers
  /** As Debian calls it. */
  readonly architecture: string
  readonly place: FetchPlace
  /** Folder for what hooks make. */
  readonly work: string
  /** What is there already when the engine image is laid over it. */
  readonly core: Tree
  /** Kernel modules that the core does without. */
  readonly modules: Tree
  readonly report: { readonly step: (text: string) => void; readonly line: (text: string) => void }
}

/** Paths that an image is no better for. */
export const notDocs = (path: string): boolean =>
  !/^usr\/share\/(doc|man|locale|info|lintian|bash-completion)\//.test(path)

/**
 * @returns undefined for a chain without an engine
 * @throws what fetching, hooks and selecting throw
 */
export async function engineFiles(inputs: EngineInputs): Promise<Tree | undefined> {
  const { list, chain, architecture, place, work, core, modules, report } = inputs
  const packages = await list('engine-packages')
  if (packages.length === 0) return undefined
  report.step('engine image')
  const fetched = await fetchPackages({ what: 'engine', packages, architecture }, place, (tar) =>
    readTar(tar, notDocs),
  )
  const added = new Map([...modules, ...(await programsApart(inputs))])
  const hooks = { work, architecture, line: report.line, signal: place.signal }
  for (const [path, entry] of await engineOverlay(chain, hooks)) added.set(path, entry)
  return engineTree(fetched, await list('engine-keep'), await list('engine-links'), core, added)
}

/** Programs that the suite has too old a version of: those of a newer one, with their libraries. */
async function programsApart({ list, architecture, place }: EngineInputs): Promise<Tree> {
  const tree = new Map<string, Entry>()
  const suite = place.options.newerSuite
  for (const apart of (await list('engine-apart')).map(readApart)) {
    place.line(`${apart.name} of Debian ${suite}`)
    const wanted = { what: apart.name, packages: apart.packages, architecture, suite }
    const fetched = await fetchPackages(wanted, place, (tar) => readTar(tar, notDocs))
    for (const [path, entry] of apartTree(fetched, apart, await list('engine-apart-keep')))
      tree.set(path, entry)
  }
  return tree
}
