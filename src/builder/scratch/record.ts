// What an image was made from, as it is kept with it and shown by scratch:report. Values only.
import { createHash } from 'node:crypto'
import type { PlanNode } from './plan.ts'

/**
 * @param details what only the making told: ids of bases, packages of a ground, the digest that was pulled
 * @returns JSON
 */
export function recordOf(node: PlanNode, details: object): Record<string, unknown> {
  const common = { image: node.reference, platform: node.platform, how: node.how, reasons: node.reasons }
  if (node.how !== 'build') return { ...common, ...details }
  const dockerfile = createHash('sha256').update(node.dockerfile).digest('hex')
  const { origin, replacements } = node
  const from =
    origin.kind === 'repository'
      ? {
          source: {
            repository: origin.recipe.repository,
            commit: origin.recipe.commit,
            directory: origin.recipe.directory,
            file: origin.recipe.file,
            saidBy: origin.from,
          },
        }
      : { substitute: origin.id }
  return {
    ...common,
    ...from,
    dockerfile: `sha256:${dockerfile}`,
    replacedSteps: replacements.map(({ line, why }) => ({ line, why })),
    ...details,
  }
}
