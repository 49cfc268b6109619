// What a push asks for: which ref deploys, which are only stored, what is refused. Pure.
import type { AppName } from './app.ts'
import { failure } from './errors.ts'

export interface RefChange {
  readonly ref: string
  readonly to: string
}

export interface PushPlan {
  /** The branch and commit to deploy; null when the push only stores refs. */
  readonly deploy: { readonly branch: string; readonly commit: string } | null
  /** Refs that are stored and not deployed. */
  readonly stored: readonly string[]
}

/** Branches that deploy when the app names none, the first one winning. */
export const DEFAULT_BRANCHES = ['master', 'main'] as const

const HEADS = 'refs/heads/'
const TAGS = 'refs/tags/'
const isNothing = (id: string) => /^0+$/.test(id)

/**
 * Judges the updates of one push.
 * @param deployBranch the app's own choice; empty for master or main
 * @throws push-delete-refused
 */
export function planPush(app: AppName, updates: readonly RefChange[], deployBranch: string): PushPlan {
  const branches: readonly string[] = deployBranch === '' ? DEFAULT_BRANCHES : [deployBranch]
  const branchOf = ({ ref }: RefChange) => (ref.startsWith(HEADS) ? ref.slice(HEADS.length) : undefined)
  const deploying = branches.flatMap((branch) => updates.filter((update) => branchOf(update) === branch))
  for (const update of deploying) {
    if (isNothing(update.to)) {
      throw failure('push-delete-refused', { branch: update.ref.slice(HEADS.length), app })
    }
  }
  const [first] = deploying
  const stored = updates.filter((update) => update !== first && !isNothing(update.to)).map(({ ref }) => ref)
  return { deploy: first ? { branch: first.ref.slice(HEADS.length), commit: first.to } : null, stored }
}

/**
 * The ref that keeps git from making `ref`, as `a/b` keeps it from `a`: refs are paths.
 * @param others refs that are there or come with the same push
 */
export const refInTheWay = (ref: string, others: Iterable<string>): string | undefined =>
  [...others].find((other) => other.startsWith(`${ref}/`) || ref.startsWith(`${other}/`))

/**
 * What to push so that a stored ref deploys. A tag may be an object of its own, which no branch can hold, and
 * git takes the short name of a branch that is not there for a tag's.
 */
export const deployingRefspec = (ref: string, branch: string): string =>
  ref.startsWith(TAGS)
    ? `${ref.slice(TAGS.length)}^0:${HEADS}${branch}`
    : `${ref.startsWith(HEADS) ? ref.slice(HEADS.length) : ref}:${branch}`

/** The branch that deploys: the app's own choice, else the first of the default ones that is there. */
export const branchToDeploy = (own: string, refs: ReadonlyMap<string, string>): string =>
  own !== '' ? own : (DEFAULT_BRANCHES.find((branch) => refs.has(HEADS + branch)) ?? DEFAULT_BRANCHES[0])

/**
 * Refuses a push whose refs git could not move any more when all is deployed: another push moved them while
 * this one waited, or the branch to deploy cannot be made.
 * @param refs object ids by ref, as the repository has them now
 * @throws push-stale, push-in-the-way
 */
export function refuseImmovable(
  {
    app,
    updates,
  }: { readonly app: AppName; readonly updates: readonly (RefChange & { readonly from: string })[] },
  branch: string | undefined,
  refs: ReadonlyMap<string, string>,
): void {
  for (const { ref, from } of updates) {
    const now = refs.get(ref) ?? ''
    if (now !== (isNothing(from) ? '' : from)) throw failure('push-stale', { ref, app })
  }
  if (branch === undefined) return
  const other = refInTheWay(HEADS + branch, [...refs.keys(), ...updates.map(({ ref }) => ref)])
  if (other !== undefined) throw failure('push-in-the-way', { other, app, branch })
}
