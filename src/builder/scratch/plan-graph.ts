// The nodes of a plan while it is being made: found once each, put in order, asked for what is there.
import { buildKey } from './key.ts'
import { isBlocked, type Need, type NodeId, type PlanNode } from './plan.ts'
import type { SourceFiles } from './world.ts'

export class PlanGraph {
  readonly #nodes = new Map<NodeId, PlanNode>()

  get(id: NodeId): PlanNode | undefined {
    return this.#nodes.get(id)
  }

  add(node: PlanNode): void {
    this.#nodes.set(node.id, node)
  }

  /** Whether a need cannot be met; one that is not there is above in a circle. */
  fails({ node }: Need): boolean {
    const found = this.#nodes.get(node)
    return found === undefined || isBlocked(found)
  }

  /** Nodes that these need, themselves included, needs first. */
  reachable(roots: readonly NodeId[]): PlanNode[] {
    const found = new Map<NodeId, PlanNode>()
    const visit = (id: NodeId, above: readonly NodeId[]) => {
      const node = this.#nodes.get(id)
      if (node === undefined || found.has(id) || above.includes(id)) return
      for (const need of node.needs) visit(need.node, [...above, id])
      found.set(id, node)
    }
    for (const root of roots) visit(root, [])
    return [...found.values()]
  }

  /** Id of a node's image if it is there. */
  imageOf(id: NodeId): string | undefined {
    const node = this.#nodes.get(id)
    if (node === undefined || node.how === 'blocked') return undefined
    if (node.how !== 'substitute') return node.image
    const [need] = node.needs
    return need && this.imageOf(need.node)
  }

  /** Undefined as long as a base is still to be made: its id is not known then. */
  async keyOf(
    { platform }: Pick<PlanNode, 'platform'>,
    dockerfile: string,
    needs: readonly Need[],
    files: SourceFiles | undefined,
  ): Promise<string | undefined> {
    const bases: Record<string, string> = {}
    for (const need of needs) {
      const image = this.imageOf(need.node)
      if (image === undefined) return undefined
      bases[`${need.reference}|${need.platform ?? ''}`] = image
    }
    const context = files ? await files.contentId() : ''
    return buildKey({ dockerfile, context, platform, bases })
  }
}
