// The plan of how an image is had for a platform: a graph of nodes, each with how and why. Values only.
import type { Platform } from '../../core/platform.ts'
import type { Recipe } from '../library/library-file.ts'
import type { Refusal } from '../refusals/refusal.ts'
import type { Ground } from './grounds.ts'

/** `<image>|<platform>`: the same image is one node however often it is needed. */
export type NodeId = string

/** An image that a Dockerfile names, and the node that gives it. */
export interface Need {
  readonly node: NodeId
  /** As the Dockerfile names it, in its familiar form. */
  readonly reference: string
  /** The platform that the Dockerfile asks for itself; undefined for the plan's. */
  readonly platform: Platform | undefined
}

/** How far the Dockerfile at hand is the one that the image was published from. */
export type Exactness = 'pinned' | 'tip' | 'nearest'

/** Where a Dockerfile comes from. */
export type Origin =
  | {
      readonly kind: 'repository'
      readonly recipe: Recipe
      readonly from: RecipeSource
      readonly exactness: Exactness
    }
  | { readonly kind: 'substitute'; readonly id: string }

/** Who says how an image is made. */
export type RecipeSource = 'user' | 'library' | 'labels'

/** Why a node cannot be had. */
export interface Blocker {
  /** One word for machines: a refusal's code, `no-source`, `cycle`, … */
  readonly code: string
  /** One sentence for people. */
  readonly problem: string
  /** File and line where it is decided, if there is one. */
  readonly file?: string
  readonly line?: number
  /** What can be done. */
  readonly offers: readonly string[]
}

interface Common {
  readonly id: NodeId
  /** Familiar form. */
  readonly reference: string
  readonly platform: Platform
  /** Why it is had this way, one line for each thing that was tried. */
  readonly reasons: readonly string[]
  /** Images that must be there first. */
  readonly needs: readonly Need[]
  /**
   * Regular expressions, of substitutes below: what is built on this image and says one of them relies on something
   * that the substitute lacks.
   */
  readonly unfit?: readonly string[]
}

export type PlanNode =
  /** On the engine already. `image` is its id. */
  | (Common & { readonly how: 'present'; readonly image: string; readonly tag: string | undefined })
  /** Its registry has it for the platform. */
  | (Common & {
      readonly how: 'pull'
      readonly digest: string
      readonly published: Platform
      readonly key: string
      readonly image: string | undefined
    })
  /** Built here from a Dockerfile. `image` is its id when the cache has it. */
  | (Common & {
      readonly how: 'build'
      readonly origin: Origin
      readonly dockerfile: string
      readonly warnings: readonly Refusal[]
      readonly replacements: readonly Refusal[]
      readonly key: string | undefined
      readonly image: string | undefined
    })
  /** A root file system made here. */
  | (Common & {
      readonly how: 'ground'
      readonly ground: Ground
      readonly key: string
      readonly image: string | undefined
    })
  /** Another image in its place; it is the only need. */
  | (Common & { readonly how: 'substitute'; readonly substitute: string })
  | (Common & { readonly how: 'blocked'; readonly blockers: readonly Blocker[] })

export interface Plan {
  readonly platform: Platform
  /** What was asked for. */
  readonly roots: readonly NodeId[]
  /** Every node, needs before what needs them. */
  readonly nodes: readonly PlanNode[]
}

export const nodeId = (reference: string, platform: Platform): NodeId => `${reference}|${platform}`

export const isBlocked = (node: PlanNode): node is Extract<PlanNode, { how: 'blocked' }> =>
  node.how === 'blocked'

/** Whether a node is made here, and not there already. */
export const isToMake = (node: PlanNode): boolean =>
  (node.how === 'build' || node.how === 'ground') && node.image === undefined

/** Whether something else stands in for what was asked for. */
export const isSubstituted = (node: PlanNode): boolean =>
  node.how === 'substitute' || (node.how === 'build' && node.origin.kind === 'substitute')

/** Blockers of a plan, those nearest to the ground first; empty when it can be carried out. */
export const blockersOf = ({ nodes }: Plan) =>
  nodes.filter(isBlocked).flatMap((node) => node.blockers.map((blocker) => ({ node, blocker })))

/** The first of a node's `unfit` that a Dockerfile built on it says, if any. */
export const unfitFor = ({ unfit = [] }: PlanNode, dockerfile: string): string | undefined =>
  unfit.find((source) => new RegExp(source).test(dockerfile))

/** The sentence for a node whose substitute does not fit. */
export const lacks = ({ reference }: PlanNode, missed: string): string =>
  `it relies on something of ${reference} that its substitute has not (${missed})`

/** What may still go wrong, as far as the Dockerfiles tell. */
export const warningsOf = ({ nodes }: Plan) =>
  nodes.flatMap((node) => (node.how === 'build' ? node.warnings.map((warning) => ({ node, warning })) : []))

/** What a node became. */
export interface Made {
  readonly image: string
  /** Our own name of it; undefined where its own name leads to it. */
  readonly tag: string | undefined
}
