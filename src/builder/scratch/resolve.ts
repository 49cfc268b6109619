// From images that are needed to the plan of how each is had: present, published, rebuilt, a ground, a substitute.
//
// It asks the world and decides; it changes nothing. One node after the other: a node that is being looked at is then
// always above the one that needs it, which is how a circle is told from an image that two others share.
import { posix } from 'node:path'
import { isFailure } from '../../core/errors.ts'
import {
  familiar,
  findImageReference,
  type ImageReference,
  officialName,
} from '../../core/image-reference.ts'
import type { Platform } from '../../core/platform.ts'
import type { Refusal } from '../refusals/refusal.ts'
import { groundOf } from './grounds.ts'
import { buildKey, pullKey } from './key.ts'
import {
  type Blocker,
  isBlocked,
  type Need,
  type NodeId,
  nodeId,
  type Origin,
  type Plan,
  type PlanNode,
} from './plan.ts'
import type { Facts, FoundRecipe, ImageNeed, SourceFiles, World } from './world.ts'

export interface ResolveOptions {
  /** What is built for. */
  readonly platform: Platform
  /** Whether another image may stand in where the wanted one cannot be made. */
  readonly substitutes: boolean
  /** YYYY-MM-DD */
  readonly today: string
  readonly signal: AbortSignal
}

/** More images than any stack has: what needs more was made to keep us busy. */
const MOST_NODES = 250
const DEEPEST = 25

/** @throws canceled, engine-unreachable; whatever concerns one image is a blocker in the plan */
export async function resolve(
  world: World,
  needs: readonly ImageNeed[],
  options: ResolveOptions,
): Promise<Plan> {
  const resolver = new Resolver(world, options)
  const roots: NodeId[] = []
  for (const need of needs) roots.push((await resolver.node(need, [])).id)
  return { platform: options.platform, roots, nodes: resolver.reachable(roots) }
}

type Attempt =
  | { readonly node: PlanNode }
  | { readonly blockers: readonly Blocker[]; readonly needs: readonly Need[] }

interface Subject {
  readonly id: NodeId
  readonly reference: string
  readonly parsed: ImageReference
  readonly platform: Platform
  readonly reasons: string[]
  readonly above: readonly NodeId[]
}

class Resolver {
  readonly #world: World
  readonly #options: ResolveOptions
  readonly #nodes = new Map<NodeId, PlanNode>()
  /** What is built on these and says this cannot do with the substitute. */
  readonly #unfit = new Map<NodeId, RegExp>()
  #visited = 0

  constructor(world: World, options: ResolveOptions) {
    this.#world = world
    this.#options = options
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

  async node(
    { reference, platform = this.#options.platform }: ImageNeed,
    above: readonly NodeId[],
  ): Promise<PlanNode> {
    this.#options.signal.throwIfAborted()
    const parsed = findImageReference(reference)
    const name = parsed ? familiar(parsed) : reference
    const id = nodeId(name, platform)
    const common = { id, reference: name, platform, reasons: [], needs: [] }
    if (above.includes(id)) {
      const circle = [...above.slice(above.indexOf(id)), id].map((each) => each.split('|')[0]).join(' -> ')
      return blocked(common, [{ code: 'cycle', problem: `it is made from itself: ${circle}`, offers: [] }])
    }
    const known = this.#nodes.get(id)
    if (known) return known
    if (++this.#visited > MOST_NODES || above.length > DEEPEST)
      return blocked(common, [{ code: 'too-deep', problem: 'it needs too many other images', offers: [] }])
    const node = parsed
      ? await this.#decide({ id, reference: name, parsed, platform, reasons: [], above: [...above, id] })
      : blocked(common, [{ code: 'no-name', problem: 'it is no name of an image', offers: [] }])
    this.#nodes.set(id, node)
    return node
  }

  async #decide(subject: Subject): Promise<PlanNode> {
    const { parsed, platform, reasons } = subject
    const there = await this.#there(subject)
    if (there) return there
    if (parsed.digest !== null) reasons.push('what is made here cannot have the digest that is asked for')
    const ground = groundOf(parsed, platform, this.#options.today)
    if (ground && 'ground' in ground) return this.#ground(subject, ground.ground, ground.note)
    const tried = await this.#rebuild(subject)
    if ('node' in tried) return tried.node
    const blockers = [...tried.blockers]
    if (ground) blockers.push({ code: 'ground-lacking', problem: ground.lacking, offers: [] })
    const substitute = await this.#substitute(subject, tried.tags, blockers)
    if (substitute) return substitute
    if (blockers.length === 0)
      blockers.push({
        code: 'no-source',
        problem: `nothing says how it is made (${reasons.join('; ')})`,
        offers: [`scratch:source add ${subject.reference} <git-url>[#<ref>[:<directory>]]`],
      })
    return blocked({ ...shared(subject), needs: tried.needs }, blockers)
  }

  /** Steps 1 and 2: what need not be made at all. */
  async #there(subject: Subject): Promise<PlanNode | undefined> {
    const { parsed, platform, reasons } = subject
    const present = await this.#world.present(parsed, platform)
    if (present && 'image' in present) {
      reasons.push(`on the engine, for ${present.platform}`)
      return { ...shared(subject), needs: [], how: 'present', image: present.image, tag: present.tag }
    }
    if (present) reasons.push(`the one on the engine is for ${present.wrong}`)
    const published = await this.#world.published(parsed, platform)
    switch (published.state) {
      case 'published':
        reasons.push(`its registry has it for ${published.platform}`)
        return this.#pull(subject, published.digest, published.platform)
      case 'other':
        reasons.push(
          `its registry has it only for ${published.platforms.join(', ') || 'platforms unknown here'}`,
        )
        return undefined
      case 'absent':
        reasons.push('its registry has no such image')
        return undefined
      case 'denied':
        reasons.push('its registry does not let us see it (registry:login)')
        return undefined
      case 'unreachable':
        reasons.push(`its registry does not answer: ${published.problem}`)
        return undefined
    }
  }

  async #pull(subject: Subject, digest: string, published: Platform): Promise<PlanNode> {
    const key = pullKey(digest, published)
    const image = await this.#world.made(key)
    return { ...shared(subject), needs: [], how: 'pull', digest, published, key, image }
  }

  /** Step 3: everybody who says how it is made, until one way is free. */
  async #rebuild(
    subject: Subject,
  ): Promise<
    | { readonly node: PlanNode }
    | { blockers: readonly Blocker[]; needs: readonly Need[]; tags: readonly string[] }
  > {
    const { parsed, platform, reasons } = subject
    const blockers: Blocker[] = []
    const needs: Need[] = []
    let tags: readonly string[] = parsed.tag === null ? [] : [parsed.tag]
    for (const ask of this.#world.recipes(parsed, platform)) {
      try {
        const found = await ask()
        if (!found) continue
        if (found.tags.length > 0) tags = found.tags
        const attempt = await this.#fromRecipe(subject, found)
        if ('node' in attempt) return attempt
        blockers.push(...attempt.blockers)
        needs.push(...attempt.needs)
      } catch (error) {
        if (!isFailure(error) || error.code === 'canceled' || error.code === 'engine-unreachable') throw error
        reasons.push(error.message)
        // that its registry does not answer has been said
        if (error.code === 'registry-failed') continue
        blockers.push({
          code: error.code,
          problem: error.message,
          offers: error.hint === '' ? [] : [error.hint],
        })
      }
    }
    return { blockers, needs, tags }
  }

  async #fromRecipe(subject: Subject, found: FoundRecipe): Promise<Attempt> {
    const { recipe, from } = found
    const { directory, file } = recipe
    if (recipe.builder === 'oci-import')
      return stopped('no-dockerfile', 'it is published as a finished root file system, without a Dockerfile')
    const files = await this.#world.open(found, subject.reference)
    const path = posix.join(directory, file)
    const dockerfile = await files.readText(path)
    if (dockerfile === undefined)
      return stopped('no-dockerfile', `there is no ${path} in ${recipe.repository}`)
    const origin: Origin = { kind: 'repository', recipe, from, exactness: files.exactness }
    const who = {
      user: 'the source that was given for it',
      library: 'the official library',
      labels: 'its labels',
    }[from]
    subject.reasons.push(`${who}: ${recipe.repository} at ${recipe.commit.slice(0, 12)}, ${path}`)
    return this.#fromDockerfile(subject, dockerfile, path, origin, files)
  }

  async #fromDockerfile(
    subject: Subject,
    dockerfile: string,
    path: string,
    origin: Origin,
    files: SourceFiles | undefined,
  ): Promise<Attempt> {
    const facts = await this.#world.facts(dockerfile, path, subject.platform)
    const foreign = files && (await this.#foreignRoot(subject, facts, files))
    if (foreign) return foreign
    const blockers: Blocker[] = facts.refusals.filter(stops).map(({ code, why, line, offers }) => ({
      code,
      problem: why,
      file: path,
      line,
      offers,
    }))
    const needs: Need[] = []
    const warnings = facts.refusals.filter(({ severity }) => severity === 'may-block')
    for (const need of facts.needs) {
      const node = await this.node(need, subject.above)
      needs.push({ node: node.id, reference: node.reference, platform: need.platform })
      const unfit = this.#unfit.get(node.id)
      if (unfit?.test(dockerfile))
        blockers.push({
          code: 'substitute-unfit',
          problem: `it relies on something of ${node.reference} that its substitute has not (${unfit.source})`,
          file: path,
          offers: [],
        })
      if (need.copied && isForeignBuild(node)) warnings.push(copiedFrom(node.reference))
      if (isBlocked(node))
        blockers.push({
          code: 'base-blocked',
          problem: `it needs ${node.reference}, which cannot be had: ${node.blockers[0]?.problem ?? ''}`,
          offers: [],
        })
    }
    if (blockers.length > 0) {
      const failing = needs.filter(({ node }) => {
        const found = this.#nodes.get(node)
        return found === undefined || isBlocked(found)
      })
      return { blockers, needs: failing }
    }
    const key = await this.#keyOf(subject, facts.dockerfile, needs, files)
    const image = key === undefined ? undefined : await this.#world.made(key)
    const replacements = facts.refusals.filter(({ replacement }) => replacement !== undefined)
    const node: PlanNode = {
      ...shared(subject),
      needs,
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
  async #foreignRoot(subject: Subject, facts: Facts, files: SourceFiles): Promise<Attempt | undefined> {
    for (const path of facts.rootFilesystems) {
      const { platforms, distribution } = await files.lookInto(path)
      if (platforms === undefined || platforms.includes(subject.platform)) continue
      const is = `${path} is a root file system for ${platforms.join(' or ') || 'another processor'}`
      const reference = distribution && findImageReference(`${distribution.id}:${distribution.version}`)
      const choice = reference && groundOf(reference, subject.platform, this.#options.today)
      if (choice && 'ground' in choice && facts.rootAlone)
        return { node: await this.#ground(subject, choice.ground, `${is}, so in its place: ${choice.note}`) }
      return stopped('root-architecture', is)
    }
    return undefined
  }

  async #ground(
    subject: Subject,
    ground: Parameters<World['groundKey']>[0],
    note: string,
  ): Promise<PlanNode> {
    const key = this.#world.groundKey(ground)
    subject.reasons.push(`made here: ${note}`)
    return { ...shared(subject), needs: [], how: 'ground', ground, key, image: await this.#world.made(key) }
  }

  /** Step 5. Refused ones are named among the offers. */
  async #substitute(
    subject: Subject,
    tags: readonly string[],
    blockers: Blocker[],
  ): Promise<PlanNode | undefined> {
    const { parsed, platform, reasons } = subject
    const name = officialName(parsed)
    const choice = name && (await this.#world.substitute(name, tags, platform))
    if (!choice) return undefined
    if (!this.#options.substitutes) {
      blockers.push({
        code: 'substitute-refused',
        problem: `${choice.reason} That was refused.`,
        offers: ['leave out --no-substitutes, or builder:set <app> substitutes on'],
      })
      return undefined
    }
    if (choice.unfit !== undefined) this.#unfit.set(subject.id, new RegExp(choice.unfit))
    if (choice.kind === 'image') {
      const node = await this.node({ reference: choice.reference, platform }, subject.above)
      if (isBlocked(node)) return undefined
      reasons.push(`substitute: ${choice.reason}`)
      const needs = [{ node: node.id, reference: node.reference, platform: undefined }]
      return { ...shared(subject), needs, how: 'substitute', substitute: choice.id }
    }
    const origin = { kind: 'substitute', id: choice.id } as const
    const path = `substitute ${choice.id}`
    const attempt = await this.#fromDockerfile(subject, choice.dockerfile, path, origin, undefined)
    if (!('node' in attempt)) return undefined
    reasons.push(`substitute: ${choice.reason}`)
    return { ...attempt.node, reasons: [...reasons] }
  }

  /** Undefined as long as a base is still to be made: its id is not known then. */
  async #keyOf(
    { platform }: Subject,
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

  /** Id of a node's image if it is there. */
  imageOf(id: NodeId): string | undefined {
    const node = this.#nodes.get(id)
    if (node === undefined || node.how === 'blocked') return undefined
    if (node.how !== 'substitute') return node.image
    const [need] = node.needs
    return need && this.imageOf(need.node)
  }
}

const shared = ({ id, reference, platform, reasons }: Subject) => ({ id, reference, platform, reasons })

/** A refusal that ends a plan: it blocks, and nothing is known to put in the step's place. */
const stops = ({ severity, replacement }: Refusal) => severity === 'blocks' && replacement === undefined

const stopped = (code: string, problem: string): Attempt => ({
  blockers: [{ code, problem, offers: [] }],
  needs: [],
})

const blocked = (
  common: Omit<Extract<PlanNode, { how: 'blocked' }>, 'how' | 'blockers'>,
  blockers: readonly Blocker[],
): PlanNode => ({ ...common, how: 'blocked', blockers })

const isForeignBuild = (node: PlanNode) => node.how === 'build' && node.origin.kind === 'substitute'

/** Programs of a distribution need its own C library, or a newer one; those of a vendor are made for old ones. */
const copiedFrom = (image: string): Refusal => ({
  code: 'substitute-copied',
  severity: 'may-block',
  line: 0,
  text: `COPY --from=${image}`,
  why: `it copies programs out of a substitute of ${image}, which run only beside a C library as new as that one's`,
  offers: [],
})
