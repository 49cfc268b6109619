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
const isDeletion = (id: string) => /^0+$/.test(id)

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
    if (isDeletion(update.to)) {
      throw failure('push-delete-refused', { branch: update.ref.slice(HEADS.length), app })
    }
  }
  const [first] = deploying
  const stored = updates.filter((update) => update !== first && !isDeletion(update.to)).map(({ ref }) => ref)
  return { deploy: first ? { branch: first.ref.slice(HEADS.length), commit: first.to } : null, stored }
}
