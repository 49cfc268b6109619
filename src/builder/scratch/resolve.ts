// From images that are needed to the plan of how each is had: present, published, rebuilt, a ground, a substitute.
//
// It asks the world and decides; it changes nothing. One node after the other: a node that is being looked at is then
// always above the one that needs it, which is how a circle is told from an image that two others share.
import { posix } from 'node:path'
import { failure, isFailure } from '../../core/errors.ts'
import { familiar, findImageReference, officialName } from '../../core/image-reference.ts'
import type { Platform } from '../../core/platform.ts'
import { fromDockerfile, type Resolving } from './from-dockerfile.ts'
import { groundOf } from './grounds.ts'
import { pullKey } from './key.ts'
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
import { PlanGraph } from './plan-graph.ts'
import { type Attempt, blocked, type Subject, shared, stopped } from './subject.ts'
import type { FoundRecipe, ImageNeed, World } from './world.ts'

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
  return { platform: options.platform, roots, nodes: resolver.graph.reachable(roots) }
}

class Resolver {
  readonly #world: World
  readonly #options: ResolveOptions
  readonly graph = new PlanGraph()
  readonly #resolving: Resolving
  #visited = 0

  constructor(world: World, options: ResolveOptions) {
    this.#world = world
    this.#options = options
    this.#resolving = {
      world,
      graph: this.graph,
      today: options.today,
      node: (need, above) => this.node(need, above),
      ground: (subject, ground, note) => this.#ground(subject, ground, note),
    }
  }

  async node(
    { reference, platform = this.#options.platform }: ImageNeed,
    above: readonly NodeId[],
  ): Promise<PlanNode> {
    if (this.#options.signal.aborted) throw canceled(this.#options.signal)
    const parsed = findImageReference(reference)
    const name = parsed ? familiar(parsed) : reference
    const id = nodeId(name, platform)
    const common = { id, reference: name, platform, reasons: [], needs: [] }
    if (above.includes(id)) {
      const circle = [...above.slice(above.indexOf(id)), id].map((each) => each.split('|')[0]).join(' -> ')
      return blocked(common, [{ code: 'cycle', problem: `it is made from itself: ${circle}`, offers: [] }])
    }
    const known = this.graph.get(id)
    if (known) return known
    if (++this.#visited > MOST_NODES || above.length > DEEPEST)
      return blocked(common, [{ code: 'too-deep', problem: 'it needs too many other images', offers: [] }])
    const node = parsed
      ? await this.#decide({ id, reference: name, parsed, platform, reasons: [], above: [...above, id] })
      : blocked(common, [{ code: 'no-name', problem: 'it is no name of an image', offers: [] }])
    this.graph.add(node)
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
    return fromDockerfile(this.#resolving, subject, { text: dockerfile, path, origin, files })
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
    const own = choice.unfit === undefined ? [] : [choice.unfit]
    if (choice.kind === 'image') {
      const node = await this.node({ reference: choice.reference, platform }, subject.above)
      if (isBlocked(node)) return undefined
      reasons.push(`substitute: ${choice.reason}`)
      const needs = [{ node: node.id, reference: node.reference, platform: undefined }]
      const unfit = [...own, ...(node.unfit ?? [])]
      return { ...shared(subject), needs, unfit, how: 'substitute', substitute: choice.id }
    }
    const origin = { kind: 'substitute', id: choice.id } as const
    const path = `substitute ${choice.id}`
    const attempt = await fromDockerfile(this.#resolving, subject, {
      text: choice.dockerfile,
      path,
      origin,
      files: undefined,
    })
    if (!('node' in attempt)) return undefined
    reasons.push(`substitute: ${choice.reason}`)
    return { ...attempt.node, unfit: [...own, ...(attempt.node.unfit ?? [])], reasons: [...reasons] }
  }
}

const canceled = ({ reason }: AbortSignal): Error =>
  isFailure(reason) ? reason : failure('canceled', { what: 'the plan' }, reason)
