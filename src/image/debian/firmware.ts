// The firmware image: what drivers give to their devices, apart from the core and verified by it. It is not free
// software, so a mirror may not have it.
import { failure } from '../../core/errors.ts'
import type { Tree } from '../../host/archive/entry.ts'
import { readTar } from '../../host/archive/tar.ts'
import { type FetchPlace, fetchPackages } from './fetch.ts'
import { danglingLinks, select } from './select.ts'

/** Where Debian has it. */
const COMPONENT = 'non-free-firmware'

/** Words of a list, `?` first for what may be missing, as names and which of these are optional. Pure. */
export function readOptional(words: readonly string[]): { packages: string[]; optional: string[] } {
  const bare = (word: string) => word.replace(/^\?/, '')
  return { packages: words.map(bare), optional: words.filter((word) => word.startsWith('?')).map(bare) }
}

/**
 * Fetches packages.
 * @returns files of firmware only; none when the mirror has none of it
 * @throws what fetchPackages throws
 */
export function fetchFirmware(
  words: readonly string[],
  architecture: string,
  place: FetchPlace,
): Promise<Tree> {
  const wanted = { what: 'firmware', architecture, components: [COMPONENT], ...readOptional(words) }
  return fetchPackages(wanted, place, (tar) => readTar(tar, (path) => /firmware\//.test(path)))
}

/**
 * What drivers ask for, of the files that were fetched. Pure.
 * @param present files of the core, which are not needed twice
 * @throws image-idle
 */
export function firmwareTree(fetched: Tree, keep: readonly string[], present: Tree): Tree {
  const tree = chosen(fetched, keep, 'debian/firmware-keep')
  const whole = new Map([...tree].filter(([path]) => path.startsWith('usr/') && !present.has(path)))
  // a link to what no list keeps is of no use to a driver
  for (const path of danglingLinks(whole)) whole.delete(path)
  return whole
}

/** What a board's first program reads from the boot partition, by name. Pure. @throws image-idle */
export function bootFiles(fetched: Tree, keep: readonly string[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const [path, entry] of chosen(fetched, keep, 'debian/boot-keep'))
    if (entry.kind === 'file') files.set(path.slice(path.lastIndexOf('/') + 1), entry.content)
  return files
}

function chosen(fetched: Tree, keep: readonly string[], list: string): Tree {
  const { tree, idle } = select(fetched, keep)
  if (idle.length === 0) return tree
  throw failure('image-idle', { list, patterns: idle.slice(0, 5).join(' ') })
}
