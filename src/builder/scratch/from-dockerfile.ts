// A Dockerfile as a node of a plan: what it needs, what in it will refuse the platform, whether it was built before.
import { findImageReference } from '../../core/image-reference.ts'
import type { Refusal } from '../refusals/refusal.ts'
import { groundOf } from './grounds.ts'
import {
  type Blocker,
  isBlocked,
  isSubstituted,
  lacks,
  type Need,
  type Origin,
  type PlanNode,
  unfitFor,
} from './plan.ts'
import type { PlanGraph } from './plan-graph.ts'
import { type Attempt, type Subject, shared, stopped } from './subject.ts'
import type { Facts, ImageNeed, SourceFiles, World } from './world.ts'

/** What the resolver lends. */
export interface Resolving {
  readonly world: World
  readonly graph: PlanGraph
  /** YYYY-MM-DD */
  readonly today: string
  readonly node: (need: ImageNeed, above: Subject['above']) => Promise<PlanNode>
  readonly ground: (
    subject: Subject,
    ground: Parameters<World['groundKey']>[0],
    note: string,
  ) => Promise<PlanNode>
}

export interface FoundDockerfile {
  readonly text: string
  /** For messages. */
  readonly path: string
  readonly origin: Origin
  /** Its build context; undefined for one without files. */
  readonly files: SourceFiles | undefined
}

/** @throws dockerfile-invalid, source-failed, canceled */
export async function fromDockerfile(
  resolving: Resolving,
  subject: Subject,
  { text: dockerfile, path, origin, files }: FoundDockerfile,
): Promise<Attempt> {
  const { world, graph } = resolving
  const facts = await world.facts(dockerfile, path, subject.platform)
  const foreign = files && (await foreignRoot(resolving, subject, facts, files))
  if (foreign) return foreign
  const blockers: Blocker[] = facts.refusals.filter(stops).map(({ code, why, line, offers }) => ({
    code,
    problem: why,
    file: path,
    line,
    offers,
  }))
  const needs: Need[] = []
  const unfit = new Set<string>()
  const warnings = facts.refusals.filter(({ severity }) => severity === 'may-block')
  for (const need of facts.needs) {
    const node = await resolving.node(need, subject.above)
    needs.push({ node: node.id, reference: node.reference, platform: need.platform })
    const missed = unfitFor(node, need.text ?? dockerfile)
    if (missed !== undefined)
      blockers.push({ code: 'substitute-unfit', problem: lacks(node, missed), file: path, offers: [] })
    if (!need.copied) for (const each of node.unfit ?? []) unfit.add(each)
    if (need.copied && node.how === 'build' && isSubstituted(node)) warnings.push(copiedFrom(node.reference))
    // a circle, or a stack without end, is no node of its own: it is this one that closes it
    if (isBlocked(node) && !graph.get(node.id)) blockers.push(...node.blockers)
    else if (isBlocked(node))
      blockers.push({
        code: 'base-blocked',
        problem: `it needs ${node.reference}, which cannot be had: ${node.blockers[0]?.problem ?? ''}`,
        offers: [],
      })
  }
  if (blockers.length > 0) {
    return { blockers, needs: needs.filter((need) => graph.fails(need)) }
  }
  const key = await graph.keyOf(subject, facts.dockerfile, needs, files)
  const image = key === undefined ? undefined : await world.made(key)
  const replacements = facts.refusals.filter(({ replacement }) => replacement !== undefined)
  const node: PlanNode = {
    ...shared(subject),
    needs,
    ...(unfit.size > 0 ? { unfit: [...unfit] } : {}),
    how: 'build',
    origin,
    dockerfile: facts.dockerfile,
    warnings,
    replacements,
    key,
    image,
  }
  return { node }
}

/** `FROM scratch` with the root file system of another processor becomes a ground, or cannot be. */
async function foreignRoot(
  { today, ground }: Resolving,
  subject: Subject,
  facts: Facts,
  files: SourceFiles,
): Promise<Attempt | undefined> {
  for (const path of facts.rootFilesystems) {
    const { platforms, distribution } = await files.lookInto(path)
    if (platforms === undefined || platforms.includes(subject.platform)) continue
    const is = `${path} is a root file system for ${platforms.join(' or ') || 'another processor'}`
    const reference = distribution && findImageReference(`${distribution.id}:${distribution.version}`)
    const choice = reference && groundOf(reference, subject.platform, today)
    if (choice && 'ground' in choice && facts.rootAlone)
      return { node: await ground(subject, choice.ground, `${is}, so in its place: ${choice.note}`) }
    return stopped('root-architecture', is)
  }
  return undefined
}

/** A refusal that ends a plan: it blocks, and nothing is known to put in the step's place. */
const stops = ({ severity, replacement }: Refusal) => severity === 'blocks' && replacement === undefined

/** Programs of a distribution need its own C library, or a newer one; those of a vendor are made for old ones. */
const copiedFrom = (image: string): Refusal => ({
  code: 'substitute-copied',
  severity: 'may-block',
  line: 0,
  text: `COPY --from=${image}`,
  why: `it copies programs out of a substitute of ${image}, which run only beside a C library as new as that one's`,
  offers: [],
})
