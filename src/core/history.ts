// What the releases of an app say about its past: whose images are kept, and where a rollback leads. Pure.
import type { Release } from './app.ts'

const ran = ({ state }: Release) => state === 'live' || state === 'superseded'

/**
 * Images that stay on the engine.
 * @param releases of one app, newest first
 * @param count how many of those that ran keep theirs
 */
export function keptImages(releases: readonly Release[], count: number): Set<string> {
  return new Set(
    releases
      .filter(ran)
      .slice(0, count)
      .flatMap(({ image }) => image ?? []),
  )
}

/**
 * The release that a rollback leads to.
 * @param releases of one app, newest first
 * @param wanted its number; undefined for the last one that ran before the live one
 * @returns the release, or why there is none
 */
export function rollbackTarget(
  releases: readonly Release[],
  wanted: number | undefined,
): { readonly target: Release } | { readonly why: string } {
  const past = releases.filter(({ state, image }) => state === 'superseded' && image !== null)
  const target = wanted === undefined ? past[0] : releases.find(({ number }) => number === wanted)
  if (target === undefined) return { why: wanted === undefined ? '' : `: there is no release ${wanted}` }
  if (past.includes(target)) return { target }
  return {
    why: `: release ${target.number} ${target.state === 'live' ? 'is live' : `ended as ${target.state}`}`,
  }
}
