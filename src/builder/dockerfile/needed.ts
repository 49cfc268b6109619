// Which stages a target is made with.
import { DockerfileProblem } from './lines.ts'
import type { Stage } from './stages.ts'

/**
 * Indices of the stages that the target needs, itself among them: BuildKit leaves the others out, the classic
 * builder makes everything up to the target.
 * @throws DockerfileProblem when there is no such target
 */
export function neededStages(
  stages: readonly Stage[],
  { target, classic = false }: { readonly target?: string; readonly classic?: boolean },
): ReadonlySet<number> {
  const last = target === undefined ? stages.length - 1 : findTarget(stages, target)
  if (classic) return new Set(stages.slice(0, last + 1).map(({ index }) => index))
  const needed = new Set([last])
  for (const index of needed) {
    const stage = stages[index]
    if (stage?.base.kind === 'stage') needed.add(stage.base.index)
    for (const other of stage?.takesFrom ?? []) needed.add(other)
  }
  return needed
}

function findTarget(stages: readonly Stage[], target: string): number {
  const wanted = target.toLowerCase()
  const named = stages.findLast(({ name }) => name === wanted)?.index
  const found = named ?? (/^\d+$/.test(target) ? Number(target) : undefined)
  if (found === undefined || found >= stages.length)
    throw new DockerfileProblem(0, `it has no stage ${JSON.stringify(target.slice(0, 100))}`)
  return found
}
