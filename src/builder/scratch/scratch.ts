// Images from scratch: plans how images are had that nobody publishes for a platform, makes them, keeps them.
import type { Paths } from '../../config/paths.ts'
import type { Settings } from '../../config/settings.ts'
import { isFailure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import type { Platform } from '../../core/platform.ts'
import type { Report } from '../../core/report.ts'
import type { BuilderKind } from '../../host/docker/build.ts'
import type { Upload } from '../../host/docker/build-cache.ts'
import { engineDataRoot, requireSpace } from '../../host/docker/disk.ts'
import type { Engine } from '../../host/docker/engine.ts'
import { removeImage } from '../../host/docker/images.ts'
import { Sources } from '../../host/git/sources.ts'
import { Turns, TurnsByKey } from '../../host/queue/turns.ts'
import type { RegistryAccess } from '../../host/registry/credentials.ts'
import type { MadeImage } from '../../host/store/made-images.ts'
import type { Store } from '../../host/store/store.ts'
import type { MachineCheck } from '../machine-check.ts'
import { EngineWorld } from './engine-world.ts'
import { FactsReader } from './facts.ts'
import { Maker } from './make.ts'
import type { Made, NodeId, Plan } from './plan.ts'
import { Recipes } from './recipes.ts'
import { resolve } from './resolve.ts'
import type { ImageNeed } from './world.ts'

export interface ScratchOptions {
  readonly settings: Settings
  readonly paths: Paths
  readonly store: Pick<Store, 'madeImages' | 'imageSources' | 'instance'>
  readonly access: (registry: string) => RegistryAccess
  readonly machine: MachineCheck
  readonly onUpload: (upload: Upload) => void
  readonly log: Log
}

/** Where images are made. */
export interface Target {
  readonly engine: Engine
  /** The engine's own platform. */
  readonly platform: Platform
  readonly kind: BuilderKind
  /** It is the engine of this machine; else it builds for this one. */
  readonly local: boolean
}

export interface SessionOptions {
  readonly target: Target
  /** What is built for. */
  readonly platform: Platform
  readonly substitutes: boolean
  /** Nothing that was made before counts. */
  readonly fresh?: boolean
  /** YYYY-MM-DD of the files in a ground; today's where none is given. */
  readonly date?: string | undefined
  readonly report: Report
  readonly signal: AbortSignal
}

/** One plan and its making. Dispose of it in any case: it holds git processes open. */
export interface ScratchSession extends AsyncDisposable {
  plan(needs: readonly ImageNeed[]): Promise<Plan>
  make(plan: Plan): Promise<ReadonlyMap<NodeId, Made>>
}

export class Scratch {
  readonly #options: ScratchOptions
  readonly sources: Sources
  readonly #turns: Turns
  readonly #keys = new TurnsByKey()
  /** What no eviction may take: bases of builds that are under way. */
  readonly #inUse = new Map<string, number>()
  #sessions = 0

  constructor(options: ScratchOptions) {
    this.#options = options
    const { settings, paths } = options
    this.sources = new Sources({ folder: paths.sources, limit: settings['source-timeout'] })
    this.#turns = new Turns(settings['build-concurrency'])
  }

  open({
    target,
    platform,
    substitutes,
    fresh = false,
    date,
    report,
    signal,
  }: SessionOptions): ScratchSession {
    const { settings, paths, store, access, machine, onUpload } = this.#options
    const { engine, platform: enginePlatform, kind, local } = target
    const recipes = new Recipes({
      settings,
      sources: this.sources,
      userSource: (image) => store.imageSources.find(image),
      access,
      onStale: (problem) => report.warn(problem),
      signal,
    })
    const made = store.madeImages
    const scope = local ? '' : scopeOf(engine.address)
    const today = new Date().toISOString().slice(0, 10)
    const facts = new FactsReader({ buildPlatform: enginePlatform, classic: kind === 'classic' })
    const common = { engine, enginePlatform, settings, made, scope, recipes, access, fresh, signal }
    const world = new EngineWorld({ ...common, facts, machine, today })
    const held = new Set<string>()
    this.#sessions += 1
    return {
      plan: (needs) => resolve(world, needs, { platform, substitutes, today: date ?? today, signal }),
      make: async (plan) => {
        const shared = { turns: this.#turns, keys: this.#keys, onUpload, report, local, kind, paths }
        const hold = (tag: string) => {
          if (!held.has(tag)) this.#inUse.set(tag, (this.#inUse.get(tag) ?? 0) + 1)
          held.add(tag)
        }
        const spaceFor = local ? await engineDataRoot(engine, signal) : ''
        const space = () => requireSpace([spaceFor, paths.root], settings['disk-min-free'])
        const options = { ...common, ...shared, instance: store.instance, hold, requireSpace: space }
        const result = await Maker.make(plan, options)
        if (local) await this.#evict(engine)
        return result
      },
      [Symbol.asyncDispose]: async () => {
        this.#sessions -= 1
        for (const tag of held) {
          const users = (this.#inUse.get(tag) ?? 1) - 1
          if (users === 0) this.#inUse.delete(tag)
          else this.#inUse.set(tag, users)
        }
        await recipes[Symbol.asyncDispose]()
      },
    }
  }

  /** Images that were made or fetched for others to be built on, the one that was used last first. */
  list(): MadeImage[] {
    return this.#options.store.madeImages.list()
  }

  /**
   * Removes made images that no build under way needs, and the sources that were fetched.
   * @param engineAt the engine of a builder, or of the apps for undefined
   * @returns what was removed
   */
  async prune(engineAt: (host: string | undefined) => Promise<Engine>): Promise<MadeImage[]> {
    const removed: MadeImage[] = []
    for (const made of this.list()) {
      const engine = await engineAt(hostOf(made.key)).catch((error: unknown) => {
        this.#options.log.warn(
          { image: made.reference, problem: messageOf(error) },
          'a builder is not in reach',
        )
      })
      if (engine && (await this.#remove(engine, made))) removed.push(made)
    }
    // one under way may read any of them
    if (this.#sessions === 0) await this.sources.prune(0)
    return removed
  }

  /** Keeps the cache within its limit. Sizes count layers that images share more than once, so less goes than may. */
  async #evict(engine: Engine): Promise<void> {
    const all = this.list().filter(({ key }) => hostOf(key) === undefined)
    let total = all.reduce((sum, { size }) => sum + size, 0)
    for (const made of all.toReversed()) {
      if (total <= this.#options.settings['scratch-cache-size']) return
      if (await this.#remove(engine, made)) total -= made.size
    }
  }

  async #remove(engine: Engine, made: MadeImage): Promise<boolean> {
    if (this.#inUse.has(made.tag)) return false
    try {
      // the tag goes even where an app's image is built on it; what they share stays with that
      await removeImage(engine, made.tag)
    } catch (error) {
      if (!isFailure(error)) throw error
      this.#options.log.warn(
        { image: made.reference, problem: messageOf(error) },
        'a base image was not removed',
      )
      return false
    }
    this.#options.store.madeImages.remove(made.key)
    return true
  }
}

/** Before the keys of what is on another machine's engine; keys themselves have no dash. */
const scopeOf = (address: string) => `${Buffer.from(address).toString('base64url')}-`

/** `ssh://…` of the engine that has what a key is of; undefined for the one that runs the apps. */
export function hostOf(key: string): string | undefined {
  const dash = key.lastIndexOf('-')
  return dash < 0 ? undefined : Buffer.from(key.slice(0, dash), 'base64url').toString()
}
