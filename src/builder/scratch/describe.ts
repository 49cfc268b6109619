// A plan in words, and as JSON. Pure.
import { blockersOf, isBlocked, isToMake, type Plan, type PlanNode, warningsOf } from './plan.ts'

/** How a node is had, as the end of a sentence. */
export function describeHow(node: PlanNode): string {
  switch (node.how) {
    case 'present':
      return 'there already'
    case 'pull':
      return `published for ${node.published}`
    case 'ground':
      return `made here: ${node.ground.kind} ${node.ground.suite}`
    case 'substitute':
      return `substitute ${node.substitute}`
    case 'build':
      return node.origin.kind === 'substitute'
        ? `substitute ${node.origin.id}`
        : `built from ${node.origin.recipe.repository}${inFolder(node.origin.recipe.directory)}`
    case 'blocked':
      return 'cannot be had'
  }
}

const inFolder = (directory: string) => (directory === '.' ? '' : ` (${directory})`)

const state = (node: PlanNode): string => {
  if (node.how === 'present') return 'there'
  if (node.how === 'pull') return node.image === undefined ? 'pull' : 'pulled'
  if (isBlocked(node)) return 'blocked'
  if (node.how === 'substitute') return 'instead'
  return node.image === undefined ? 'make' : 'cached'
}

/** A line of the plan: what is said, and how far to the right. */
export interface PlanLine {
  readonly kind: 'node' | 'reason' | 'warning' | 'blocker' | 'offer'
  readonly text: string
}

/** The plan from the ground up, each node with its reasons, then what stands in the way. */
export function planLines(plan: Plan): PlanLine[] {
  const lines: PlanLine[] = []
  const line = (kind: PlanLine['kind'], text: string) => lines.push({ kind, text })
  for (const node of plan.nodes) {
    line('node', `${state(node).padEnd(8)}${node.reference} (${node.platform}): ${describeHow(node)}`)
    for (const reason of node.reasons) line('reason', reason)
  }
  for (const { node, warning } of warningsOf(plan))
    line(
      'warning',
      `${node.reference} may fail${warning.line > 0 ? ` at line ${warning.line}` : ''}: ${warning.why}`,
    )
  for (const { node, blocker } of blockersOf(plan)) {
    const place = blocker.file === undefined ? '' : ` (${blocker.file}, line ${blocker.line})`
    line('blocker', `${node.reference}: ${blocker.problem}${place}`)
    for (const offer of blocker.offers) line('offer', offer)
  }
  return lines
}

/** One sentence on what is to be done. */
export function planSummary(plan: Plan): string {
  const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`
  const blocked = plan.nodes.filter(isBlocked).length
  const toMake = plan.nodes.filter(isToMake).length
  const rest = plan.nodes.length - blocked - toMake
  if (blocked > 0) return `blocked: ${count(blocked, 'image')} cannot be had`
  if (toMake === 0) return 'nothing to make: every image is there or published'
  return `${count(toMake, 'image')} to make here, ${rest} there or published`
}

/** The plan as scratch:plan --format json prints it. */
export function planJson(plan: Plan) {
  return {
    platform: plan.platform,
    buildable: !plan.nodes.some(isBlocked),
    roots: plan.roots.map((id) => id.split('|')[0] ?? id),
    nodes: plan.nodes.map((node) => ({
      image: node.reference,
      platform: node.platform,
      how: node.how,
      state: state(node),
      reasons: [...node.reasons],
      needs: node.needs.map(({ node: id }) => id.replace('|', ' ')),
      ...placeOf(node),
      warnings: node.how === 'build' ? node.warnings.map(({ code, line, why }) => ({ code, line, why })) : [],
      blockers: isBlocked(node)
        ? node.blockers.map(({ code, problem, file, line, offers }) => ({
            code,
            problem,
            file: file ?? null,
            line: line ?? null,
            offers: [...offers],
          }))
        : [],
    })),
  }
}

function placeOf(node: PlanNode) {
  if (node.how === 'ground') return { ground: { ...node.ground } }
  if (node.how === 'substitute') return { substitute: node.substitute }
  if (node.how !== 'build') return {}
  if (node.origin.kind === 'substitute') return { substitute: node.origin.id }
  const { repository, commit, directory, file } = node.origin.recipe
  return { source: { repository, commit, directory, file, saidBy: node.origin.from } }
}
