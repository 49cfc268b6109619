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
 * Fetches packages and keeps what the patterns name.
 * @param present files of the core, which are not needed twice
 * @returns an empty tree when the mirror has none of it
 * @throws image-idle, and what fetchPackages throws
 */
export async function firmwareTree(
  words: readonly string[],
  keep: readonly string[],
  present: Tree,
  architecture: string,
  place: FetchPlace,
): Promise<Tree> {
  const wanted = { what: 'firmware', architecture, components: [COMPONENT], ...readOptional(words) }
  const fetched = await fetchPackages(wanted, place, (tar) =>
    readTar(tar, (path) => /\/firmware\//.test(path)),
  )
  const { tree, idle } = select(fetched, keep)
  if (idle.length > 0)
    throw failure('image-idle', { list: 'debian/firmware-keep', patterns: idle.slice(0, 5).join(' ') })
  const whole = new Map([...tree].filter(([path]) => path.startsWith('usr/') && !present.has(path)))
  // a link to what no list keeps is of no use to a driver
  for (const path of danglingLinks(whole)) whole.delete(path)
  return whole
}
