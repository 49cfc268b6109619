// The images a Dockerfile starts from: there already, or fetched or made before the build begins.
import { failure } from '../core/errors.ts'
import { familiar, findImageReference } from '../core/image-reference.ts'
import { findArchitecture, type Platform } from '../core/platform.ts'
import type { Report } from '../core/report.ts'
import { findImage } from '../host/docker/images.ts'
import type { Dockerfile, NeededImage } from './dockerfile/read.ts'
import type { MachineCheck } from './machine-check.ts'
import type { ScratchMode } from './scratch/judge.ts'
import { needsOf } from './scratch/needs.ts'
import type { Scratch, Target } from './scratch/scratch.ts'
import type { ImageNeed } from './scratch/world.ts'

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
    const { judgePlan } = await import('./scratch/judge.ts')
    const refused = judgePlan(plan, { needs, platform, mode: request.mode }, report)
    if (refused) throw refused
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
