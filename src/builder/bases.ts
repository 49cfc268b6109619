// The images a Dockerfile starts from: there already, or fetched or made before the build begins.
import { failure } from '../core/errors.ts'
import { familiar, findImageReference } from '../core/image-reference.ts'
import { findArchitecture, type Platform } from '../core/platform.ts'
import type { Report } from '../core/report.ts'
import { findImage } from '../host/docker/images.ts'
import type { Dockerfile, NeededImage } from './dockerfile/read.ts'
import type { MachineCheck } from './machine-check.ts'
import { needsOf } from './scratch/needs.ts'
import type { Plan } from './scratch/plan.ts'
import type { Scratch, Target } from './scratch/scratch.ts'
import type { ImageNeed } from './scratch/world.ts'

/** What may be done about a base that nobody publishes for the platform. */
export type ScratchMode = 'auto' | 'plan' | 'off'

export interface BasesRequest {
  readonly target: Target
  /** What is built for. */
  readonly platform: Platform
  readonly dockerfile: Dockerfile
  /** The image that reads the Dockerfile for BuildKit: it runs where the build does. */
  readonly syntax: NeededImage | undefined
  readonly mode: ScratchMode
  readonly substitutes: boolean
}

/** Bases that are on the engine. Dispose of it when the build is over: until then none of them is evicted. */
export interface Bases extends AsyncDisposable {
  /** The name that leads to a base, where its own does not. */
  replace(reference: string, platform: string | undefined): string | undefined
}

const NOTHING_TO_REPLACE: Bases = { replace: () => undefined, async [Symbol.asyncDispose]() {} }

const isImageId = (reference: string) => reference.startsWith('sha256:') || /^[0-9a-f]{64}$/.test(reference)

/**
 * Sees to it that every image is on the engine, so that the build itself needs no registry.
 * @param scratch asked for only when something is missing: it takes memory
 * @throws base-missing naming the image, scratch-blocked, scratch-off, and what making an image throws
 */
export async function ensureBases(
  request: BasesRequest,
  machine: MachineCheck,
  scratch: () => Promise<Scratch>,
  report: Report,
  signal: AbortSignal,
): Promise<Bases> {
  const needs = neededBy(request)
  if (await allPresent(needs, request.target, machine, signal)) return NOTHING_TO_REPLACE
  const { target, platform, substitutes } = request
  const session = (await scratch()).open({ target, platform, substitutes, report, signal })
  try {
    const plan = await session.plan(needs)
    await judge(plan, needs, request, report)
    const made = await session.make(plan)
    return {
      replace(reference, asked) {
        const wanted = asked === undefined ? platform : findArchitecture(asked)?.platform
        return made.get(`${nameOf(reference)}|${wanted}`)?.tag
      },
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    }
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

const nameOf = (reference: string) => {
  const parsed = findImageReference(reference)
  return parsed ? familiar(parsed) : reference
}

type Need = ImageNeed & { readonly platform: Platform }

function neededBy({ dockerfile, syntax, platform, target }: BasesRequest): Need[] {
  const needs = needsOf(dockerfile).map((need) => ({ ...need, platform: need.platform ?? platform }))
  return syntax ? [{ reference: syntax.reference, platform: target.platform }, ...needs] : needs
}

async function allPresent(
  needs: readonly Need[],
  { engine }: Target,
  machine: MachineCheck,
  signal: AbortSignal,
): Promise<boolean> {
  const checks = needs.map(async ({ reference, platform }) => {
    const found = await findImage(engine, reference, signal)
    if (!found && isImageId(reference))
      throw failure('base-missing', { image: reference, problem: 'an image id cannot be pulled' })
    return found !== undefined && (await machine.whyNot(engine, found, platform, signal)) === undefined
  })
  return (await Promise.all(checks)).every(Boolean)
}

/** Shows a plan that is more than fetching, and stops where it must not or cannot be carried out. */
async function judge(
  plan: Plan,
  needs: readonly ImageNeed[],
  { platform, mode }: BasesRequest,
  report: Report,
): Promise<void> {
  const { isBlocked, isToMake, lacks, unfitFor } = await import('./scratch/plan.ts')
  const blocked = plan.nodes.filter(isBlocked)
  // an image that nothing is known of is missing, and no plan would tell more
  for (const { reference, reasons, blockers } of blocked)
    if (blockers.every(({ code }) => code === 'no-source'))
      throw failure('base-missing', { image: reference, problem: reasons.join('; ') })
  const toMake = plan.nodes.filter(isToMake)
  if (blocked.length === 0 && toMake.length === 0) return
  const [first] = blocked.length > 0 ? blocked : toMake
  const image = first?.reference ?? ''
  if (mode === 'off') {
    const why = 'scratch is off'
    const hint = 'builder:set <app> scratch auto allows it; scratch:plan shows what it takes'
    throw failure('scratch-off', { image, platform, why, hint })
  }
  const { planLines, planSummary } = await import('./scratch/describe.ts')
  report.step(`Base images for ${platform}: ${planSummary(plan)}`)
  for (const { kind, text } of planLines(plan)) {
    if (kind === 'warning' || kind === 'blocker') report.warn(text)
    else report.line(`${kind === 'node' ? '' : '  '}${text}`)
  }
  if (first && blocked.length > 0) {
    const [blocker] = 'blockers' in first ? first.blockers : []
    throw failure('scratch-blocked', {
      image,
      platform,
      problem: blocker?.problem ?? '',
      hint: blocker?.offers[0] ?? `scratch:plan ${image} shows the whole plan`,
    })
  }
  for (const [index, need] of needs.entries()) {
    const node = plan.nodes.find(({ id }) => id === plan.roots[index])
    const missed = node && unfitFor(node, need.text ?? '')
    if (node && missed !== undefined)
      throw failure('scratch-blocked', {
        image: node.reference,
        platform,
        problem: `the Dockerfile does not fit: ${lacks(node, missed)}`,
        hint: 'name another base image, or change what the Dockerfile does with it',
      })
  }
  if (mode === 'plan') {
    const hint = `scratch:build ${plan.roots.map((id) => id.split('|')[0]).join(' ')} --arch ${platform}, then push again`
    throw failure('scratch-off', { image, platform, why: 'scratch is set to plan', hint })
  }
}
