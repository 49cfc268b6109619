// In which order a tree is written into a squashfs. Small files that lie beside each other share a block, so what a boot
// reads one after the other is unpacked once, and not once for every file.
import { completed, type Tree } from '../../host/archive/entry.ts'
import { patternOf } from './pattern.ts'

/**
 * The same tree with its folders first, then the files that patterns fit, in the order of the patterns, then all
 * others. Pure.
 * @param patterns as in other lists; one that fits nothing means nothing, since an order promises no file
 */
export function readingOrder(tree: Tree, patterns: readonly string[]): Tree {
  const fits = patterns.map(patternOf)
  const last = fits.length
  const rank = (path: string) => {
    const found = fits.findIndex((each) => each.test(path))
    return found < 0 ? last : found
  }
  const ranked = [...completed(tree)].map(([path, entry]) => ({
    rank: entry.kind === 'folder' ? -1 : rank(path),
    path,
    entry,
  }))
  // sort is stable: equals stay in the order of their paths
  return new Map(ranked.sort((a, b) => a.rank - b.rank).map(({ path, entry }) => [path, entry]))
}
