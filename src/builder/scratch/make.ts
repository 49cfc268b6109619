// Carries a plan out: fetches, makes grounds and builds, each node when those it needs are there. What is finished is
// written down at once, so a plan that was cut short goes on where it was.
import type { Paths } from '../../config/paths.ts'
import type { Settings } from '../../config/settings.ts'
import { failure } from '../../core/errors.ts'
import { parseImageReference } from '../../core/image-reference.ts'
import type { Platform } from '../../core/platform.ts'
import type { Report } from '../../core/report.ts'
import { formatDuration } from '../../core/units.ts'
import type { BuilderKind } from '../../host/docker/build.ts'
import type { Upload } from '../../host/docker/build-cache.ts'
import type { Engine } from '../../host/docker/engine.ts'
import { findImage } from '../../host/docker/images.ts'
import { labels, madeRepository } from '../../host/docker/labels.ts'
import { pullImage, pullPlatform } from '../../host/docker/pull.ts'
import { requireEmulation } from '../../host/emulation/binfmt.ts'
import { makeGround } from '../../host/ground/ground.ts'
import { failpoint } from '../../host/process/failpoint.ts'
import type { Turns, TurnsByKey } from '../../host/queue/turns.ts'
import type { RegistryAccess } from '../../host/registry/credentials.ts'
import type { MadeImagesTable } from '../../host/store/made-images.ts'
import { buildNode } from './build-node.ts'
import { describeHow } from './describe.ts'
import { isToMake, type Made, type NodeId, type Plan, type PlanNode } from './plan.ts'
import type { Recipes } from './recipes.ts'
import { recordOf } from './record.ts'

export interface MakerOptions {
  readonly engine: Engine
  readonly enginePlatform: Platform
  /** The engine runs on this machine, so its emulators can be looked at. */
  readonly local: boolean
  readonly kind: BuilderKind
  readonly settings: Settings
  readonly paths: Paths
  readonly instance: string
  readonly made: MadeImagesTable
  /** As in EngineWorldOptions. */
  readonly scope: string
  /** What was made before is made anew. */
  readonly fresh: boolean
  readonly recipes: Recipes
  readonly onUpload: (upload: Upload) => void
  readonly access: (registry: string) => RegistryAccess
  /** @throws disk-low */
  readonly requireSpace: () => Promise<void>
  /** Told of a tag that must stay until the session is over. */
  readonly hold: (tag: string) => void
  /** How many nodes may be made at once, over all plans. */
  readonly turns: Turns
  /** So that two plans do not make the same. */
  readonly keys: TurnsByKey
  readonly report: Report
  readonly signal: AbortSignal
}

type Makes<H extends PlanNode['how']> = Extract<PlanNode, { how: H }>

export class Maker {
  readonly #options: MakerOptions
  readonly #toMake: readonly PlanNode[]
  readonly #since = Date.now()
  #begun = 0

  private constructor(plan: Plan, options: MakerOptions) {
    this.#options = options
    this.#toMake = plan.nodes.filter(isToMake)
  }

  /**
   * Makes what a plan says.
   * @throws scratch-blocked, emulator-missing, base-missing, build-failed, ground-failed, …: whatever ended the first
   *   node that failed; the others are called off
   */
  static async make(plan: Plan, options: MakerOptions): Promise<ReadonlyMap<NodeId, Made>> {
    const failed = new AbortController()
    const signal = AbortSignal.any([options.signal, failed.signal])
    const maker = new Maker(plan, { ...options, signal })
    await maker.#requireEmulators()
    const results = new Map<NodeId, Promise<Made>>()
    for (const node of plan.nodes) {
      const result = maker.#node(node, results)
      result.catch((error: unknown) => failed.abort(error))
      results.set(node.id, result)
    }
    const ended = await Promise.allSettled(results.values())
    if (failed.signal.aborted) {
      options.signal.throwIfAborted()
      throw failed.signal.reason
    }
    const made = new Map<NodeId, Made>()
    for (const [index, id] of [...results.keys()].entries()) {
      const result = ended[index]
      if (result?.status === 'fulfilled') made.set(id, result.value)
    }
    return made
  }

  async #requireEmulators(): Promise<void> {
    const { local, enginePlatform } = this.#options
    if (!local) return
    for (const platform of new Set(this.#toMake.map((node) => node.platform)))
      await requireEmulation(platform, enginePlatform)
  }

  async #node(node: PlanNode, results: ReadonlyMap<NodeId, Promise<Made>>): Promise<Made> {
    const bases = new Map<NodeId, Made>()
    for (const { node: id } of node.needs) {
      const made = await results.get(id)
      if (made) bases.set(id, made)
    }
    switch (node.how) {
      case 'present':
        if (node.tag !== undefined) this.#options.hold(node.tag)
        return { image: node.image, tag: node.tag }
      case 'substitute': {
        const [only] = bases.values()
        if (only) return this.#named(node, only)
        throw failure('scratch-blocked', {
          image: node.reference,
          platform: node.platform,
          problem: 'its substitute is not there',
          hint: '',
        })
      }
      case 'pull':
        return this.#pull(node)
      case 'ground':
        return this.#once(node, node.key, () => this.#ground(node))
      case 'build':
        return this.#build(node, bases)
      case 'blocked':
        throw failure('scratch-blocked', {
          image: node.reference,
          platform: node.platform,
          problem: node.blockers[0]?.problem ?? '',
          hint: node.blockers[0]?.offers[0] ?? '',
        })
    }
  }

  /** A substitute has another name than the image it stands for, so it goes by a name of ours or its own. */
  async #named(node: Makes<'substitute'>, made: Made): Promise<Made> {
    const [need] = node.needs
    return { image: made.image, tag: made.tag ?? need?.reference }
  }

  async #pull(node: Makes<'pull'>): Promise<Made> {
    const { engine, enginePlatform, access, report, signal } = this.#options
    const reference = parseImageReference(node.reference)
    const { registry } = reference
    report.line(
      `Pulling ${node.reference}${node.platform === enginePlatform ? '' : ` for ${node.published}`}`,
    )
    const line = (text: string) => report.line(text)
    if (node.platform === enginePlatform) {
      const { credentials } = access(registry)
      await pullImage(engine, node.reference, { credentials, platform: node.published }, line, signal)
      const found = await findImage(engine, node.reference, signal)
      if (found) return { image: found.id, tag: undefined }
      throw failure('base-missing', { image: node.reference, problem: 'it is gone already' })
    }
    return this.#once(node, node.key, async (tag) => {
      const pull = { reference, digest: node.digest, platform: node.published, tag }
      const { id, size } = await pullPlatform(engine, pull, access(registry), line, signal)
      return { image: id, size, details: { digest: node.digest } }
    })
  }

  async #ground(node: Makes<'ground'>) {
    const { engine, settings, paths, report, signal } = this.#options
    const tag = this.#tagOf(node.key)
    const made = await makeGround(engine, node.ground, {
      settings,
      paths,
      tag,
      labels: this.#labelsOf(node),
      report,
      signal,
    })
    const { image, bytes, packages, mirror, layer } = made
    return { image, size: bytes, details: { ground: node.ground, mirror, layer, packages } }
  }

  async #build(node: Makes<'build'>, bases: ReadonlyMap<NodeId, Made>): Promise<Made> {
    const { engine, enginePlatform, kind, settings, recipes, onUpload, report, signal } = this.#options
    const built = await buildNode(node, bases, {
      engine,
      enginePlatform,
      kind,
      recipes,
      onUpload,
      limit: settings['build-timeout'],
      report,
      signal,
      labels: this.#labelsOf(node),
    })
    return this.#once(node, built.key, (tag) => built.run(tag))
  }

  /** Makes what has this key unless it is there; one at a time, so that a second plan finds what the first one made. */
  async #once(
    node: PlanNode,
    key: string,
    work: (tag: string) => Promise<{ image: string; size: number; details: object }>,
  ): Promise<Made> {
    const { engine, made, scope, fresh, hold, keys, turns, requireSpace, report, signal } = this.#options
    await using _alone = await keys.take(scope + key, { signal })
    const tag = this.#tagOf(key)
    hold(tag)
    const known = made.find(scope + key)
    const mayUse = known && (!fresh || Date.parse(known.createdAt) >= this.#since)
    if (mayUse && (await findImage(engine, tag, signal))?.id === known.image) {
      made.used(scope + key)
      return { image: known.image, tag }
    }
    await using _turn = await turns.take({ signal })
    await requireSpace()
    const began = performance.now()
    if (isToMake(node)) {
      const place = `${++this.#begun} of ${this.#toMake.length}`
      report.step(`Image ${place}: ${node.reference} for ${node.platform}, ${describeHow(node)}`)
    }
    const { image, size, details } = await work(tag)
    failpoint('base-made')
    made.add({
      key: scope + key,
      image,
      tag,
      reference: node.reference,
      platform: node.platform,
      how: node.how === 'ground' || node.how === 'pull' ? node.how : 'build',
      size,
      record: JSON.stringify(recordOf(node, details)),
    })
    if (isToMake(node))
      report.line(`${node.reference} is made, in ${formatDuration(performance.now() - began)}`)
    return { image, tag }
  }

  #tagOf(key: string): string {
    return `${madeRepository(this.#options.instance)}:${key}`
  }

  #labelsOf(node: PlanNode): Record<string, string> {
    const source =
      node.how === 'build' && node.origin.kind === 'repository'
        ? {
            'org.opencontainers.image.source': node.origin.recipe.repository,
            'org.opencontainers.image.revision': node.origin.recipe.commit,
          }
        : {}
    return { [labels.instance]: this.#options.instance, [labels.madeFor]: node.reference, ...source }
  }
}
