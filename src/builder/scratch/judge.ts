// Whether a plan for the bases of a push may be carried out, and what its pusher is told of it.
import { type CrewError, failure } from '../../core/errors.ts'
import type { Platform } from '../../core/platform.ts'
import type { Report } from '../../core/report.ts'
import { planLines, planSummary } from './describe.ts'
import { isBlocked, isSubstituted, isToMake, lacks, type Plan, unfitFor } from './plan.ts'
import type { ImageNeed } from './world.ts'

/** What may be done about a base that nobody publishes for the platform. */
export type ScratchMode = 'auto' | 'plan' | 'off'

export interface Judging {
  /** In the order of the plan's roots. */
  readonly needs: readonly ImageNeed[]
  readonly platform: Platform
  readonly mode: ScratchMode
}

/**
 * Shows a plan that is more than fetching what was asked for, substitutes included.
 * @returns why it must not or cannot be carried out; undefined when it may
 */
export function judgePlan(
  plan: Plan,
  { needs, platform, mode }: Judging,
  report: Report,
): CrewError | undefined {
  const blocked = plan.nodes.filter(isBlocked)
  // an image that nothing is known of is missing, and no plan would tell more
  const unknown = blocked.find(({ blockers }) => blockers.every(({ code }) => code === 'no-source'))
  if (unknown)
    return failure('base-missing', { image: unknown.reference, problem: unknown.reasons.join('; ') })
  const other = plan.nodes.filter((node) => isToMake(node) || isSubstituted(node))
  const image = (blocked[0] ?? other[0])?.reference
  if (image === undefined) return undefined
  if (mode === 'off') {
    const hint = 'builder:set <app> scratch auto allows it; scratch:plan shows what it takes'
    return failure('scratch-off', { image, platform, why: 'scratch is off', hint })
  }
  show(plan, report)
  const [first] = blocked
  if (first) {
    const [blocker] = first.blockers
    const hint = blocker?.offers[0] ?? `scratch:plan ${image} shows the whole plan`
    return failure('scratch-blocked', { image, platform, problem: blocker?.problem ?? '', hint })
  }
  return (
    misfit(plan, needs, platform) ??
    (mode === 'plan' && plan.nodes.some(isToMake) ? onlyPlanned(plan, image) : undefined)
  )
}

function show(plan: Plan, report: Report): void {
  report.step(`Base images for ${plan.platform}: ${planSummary(plan)}`)
  for (const { kind, text } of planLines(plan)) {
    if (kind === 'warning' || kind === 'blocker') report.warn(text)
    else report.line(`${kind === 'node' ? '' : '  '}${text}`)
  }
}

/** What is pushed may itself rely on something that a substitute lacks. */
function misfit(plan: Plan, needs: readonly ImageNeed[], platform: Platform): CrewError | undefined {
  for (const [index, { text = '' }] of needs.entries()) {
    const node = plan.nodes.find(({ id }) => id === plan.roots[index])
    const missed = node && unfitFor(node, text)
    if (node && missed !== undefined)
      return failure('scratch-blocked', {
        image: node.reference,
        platform,
        problem: `the Dockerfile does not fit: ${lacks(node, missed)}`,
        hint: 'name another base image, or change what the Dockerfile does with it',
      })
  }
  return undefined
}

function onlyPlanned({ roots, platform }: Plan, image: string): CrewError {
  const names = roots.map((id) => id.split('|')[0]).join(' ')
  const hint = `scratch:build ${names} --arch ${platform}, then push again`
  return failure('scratch-off', { image, platform, why: 'scratch is set to plan', hint })
}
