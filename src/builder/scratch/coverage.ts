// Judges a whole library: for each entry, whether and how its image can be had for a platform.
import type { Platform } from '../../core/platform.ts'
import { architectureOf } from '../../core/platform.ts'
import { isLinux, type Library } from '../library/library.ts'
import { LibraryWorld, needOf } from './library-world.ts'
import { blockersOf, type Exactness, isBlocked, type Plan, warningsOf } from './plan.ts'
import { resolve } from './resolve.ts'

export interface EntryVerdict {
  readonly image: string
  /** Its first tag. */
  readonly tag: string
  /** The library lists it for the platform. */
  readonly listed: boolean
  readonly verdict: 'published' | 'plan' | 'may-block' | 'blocked'
  /** Images that would be made here. */
  readonly levels: number
  readonly substitutes: readonly string[]
  /** How near the Dockerfiles judged are to the ones it was published from; the farthest counts. */
  readonly exactness: Exactness
  /** Codes and sentences of what stands in the way, or may. */
  readonly blockers: readonly { readonly code: string; readonly image: string; readonly problem: string }[]
}

export interface CoverageSummary {
  readonly platform: Platform
  readonly entries: number
  readonly published: number
  readonly missing: number
  /** Of those missing: a plan, and nothing known against it. */
  readonly planned: number
  /** Of those missing: a plan, with a step that may refuse. */
  readonly mayBlock: number
  readonly blocked: number
  /** Of those planned: with a substitute somewhere. */
  readonly withSubstitute: number
  /** Of those missing, whose own Dockerfile was judged at the pinned commit. */
  readonly exact: number
  /** How many entries each blocker stops, by code; an entry counts once, by the first. */
  readonly blockers: Readonly<Record<string, number>>
}

export interface CoverageOptions {
  readonly library: Library
  readonly platform: Platform
  /** One image, or one image and tag; every one by default. */
  readonly only?: string | undefined
  readonly clone: (repository: string) => string | undefined
  readonly substitutes: boolean
  readonly today: string
  /** Told now and then how far it is. */
  readonly onProgress: (done: number, of: number) => void
  readonly signal: AbortSignal
}

const PROGRESS_EVERY = 250
const NEARNESS: readonly Exactness[] = ['pinned', 'tip', 'nearest']

/** @throws library-invalid, canceled */
export async function judgeLibrary(options: CoverageOptions): Promise<EntryVerdict[]> {
  const { library, platform, substitutes, today, signal } = options
  await using world = new LibraryWorld(options)
  const { library: architecture } = architectureOf(platform)
  const entries = []
  const [onlyName, onlyTag] = options.only?.split(':') ?? []
  for (const name of await library.names()) {
    if (onlyName !== undefined && name !== onlyName) continue
    for (const entry of (await library.entries(name)) ?? []) {
      const asked = onlyTag === undefined || [...entry.tags, ...entry.sharedTags].includes(onlyTag)
      if (isLinux(entry) && asked) entries.push({ name, entry })
    }
  }
  const verdicts: EntryVerdict[] = []
  for (const { name, entry } of entries) {
    const tag = entry.tags[0] ?? ''
    const plan = await resolve(world, [needOf(name, tag)], { platform, substitutes, today, signal })
    verdicts.push(verdictOf(name, tag, entry.architectures.includes(architecture), plan))
    if (verdicts.length % PROGRESS_EVERY === 0) options.onProgress(verdicts.length, entries.length)
  }
  return verdicts
}

function verdictOf(image: string, tag: string, listed: boolean, plan: Plan): EntryVerdict {
  const blocked = blockersOf(plan)
  const warnings = warningsOf(plan)
  const root = plan.nodes.at(-1)
  const verdict =
    root === undefined || isBlocked(root)
      ? 'blocked'
      : root.how === 'pull'
        ? 'published'
        : warnings.length > 0
          ? 'may-block'
          : 'plan'
  // the cause lies lowest; that a base is blocked is only its consequence
  const causes = blocked.filter(({ blocker }) => blocker.code !== 'base-blocked')
  const found =
    verdict === 'blocked'
      ? (causes.length > 0 ? causes : blocked).map(({ node, blocker }) => ({
          code: blocker.code,
          image: node.reference,
          problem: blocker.problem,
        }))
      : warnings.map(({ node, warning }) => ({
          code: warning.code,
          image: node.reference,
          problem: warning.why,
        }))
  return {
    image,
    tag,
    listed,
    verdict,
    levels: plan.nodes.filter(({ how }) => how === 'build' || how === 'ground').length,
    substitutes: plan.nodes.flatMap(substituteOf),
    exactness: NEARNESS[Math.max(0, ...plan.nodes.map(nearness))] ?? 'pinned',
    blockers: found,
  }
}

const substituteOf = (node: Plan['nodes'][number]): string[] => {
  if (node.how === 'substitute') return [node.substitute]
  if (node.how !== 'build') return []
  const steps = node.replacements.map(({ code }) => `step: ${code}`)
  return node.origin.kind === 'substitute' ? [node.origin.id, ...steps] : steps
}

const nearness = (node: Plan['nodes'][number]): number =>
  node.how === 'build' && node.origin.kind === 'repository' ? NEARNESS.indexOf(node.origin.exactness) : 0

export function summaryOf(platform: Platform, verdicts: readonly EntryVerdict[]): CoverageSummary {
  const count = (test: (verdict: EntryVerdict) => boolean) => verdicts.filter(test).length
  const missing = verdicts.filter(({ verdict }) => verdict !== 'published')
  const blockers: Record<string, number> = {}
  for (const { verdict, blockers: found } of missing) {
    const [first] = found
    if (verdict === 'blocked' && first) blockers[first.code] = (blockers[first.code] ?? 0) + 1
  }
  const planned = missing.filter(({ verdict }) => verdict === 'plan')
  return {
    platform,
    entries: verdicts.length,
    published: count(({ verdict }) => verdict === 'published'),
    missing: missing.length,
    planned: planned.length,
    mayBlock: count(({ verdict }) => verdict === 'may-block'),
    blocked: count(({ verdict }) => verdict === 'blocked'),
    withSubstitute: planned.filter(({ substitutes }) => substitutes.length > 0).length,
    exact: missing.filter(({ exactness }) => exactness === 'pinned').length,
    blockers: Object.fromEntries(Object.entries(blockers).toSorted(([, a], [, b]) => b - a)),
  }
}
