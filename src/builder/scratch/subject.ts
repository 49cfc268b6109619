// The image that a plan is looking at, and what may come of a look.
import type { ImageReference } from '../../core/image-reference.ts'
import type { Platform } from '../../core/platform.ts'
import type { Blocker, Need, NodeId, PlanNode } from './plan.ts'

/** A node, or why there is none that way. */
export type Attempt =
  | { readonly node: PlanNode }
  | { readonly blockers: readonly Blocker[]; readonly needs: readonly Need[] }

export interface Subject {
  readonly id: NodeId
  readonly reference: string
  readonly parsed: ImageReference
  readonly platform: Platform
  /** Grows as things are tried. */
  readonly reasons: string[]
  /** What needs it, itself last. */
  readonly above: readonly NodeId[]
}

/** What every node of a subject has. */
export const shared = ({ id, reference, platform, reasons }: Subject) => ({
  id,
  reference,
  platform,
  reasons,
})

export const stopped = (code: string, problem: string): Attempt => ({
  blockers: [{ code, problem, offers: [] }],
  needs: [],
})

export const blocked = (
  common: Omit<Extract<PlanNode, { how: 'blocked' }>, 'how' | 'blockers'>,
  blockers: readonly Blocker[],
): PlanNode => ({ ...common, how: 'blocked', blockers })
