// The world of a real build: one engine, the registries it reaches, the sources, what was made before.
import type { Settings } from '../../config/settings.ts'
import { familiar, type ImageReference } from '../../core/image-reference.ts'
import { architectureOf, findArchitecture, type Platform } from '../../core/platform.ts'
import { publishedAt } from '../../host/docker/distribution.ts'
import type { Engine } from '../../host/docker/engine.ts'
import { findImage } from '../../host/docker/images.ts'
import type { RegistryAccess } from '../../host/registry/credentials.ts'
import type { MadeImagesTable } from '../../host/store/made-images.ts'
import type { MachineCheck } from '../machine-check.ts'
import type { FactsReader } from './facts.ts'
import type { Ground } from './grounds.ts'
import { groundKey } from './key.ts'
import type { Recipes } from './recipes.ts'
import { type Substitute, substituteFor } from './substitutes.ts'
import type { TreeSource } from './tree-source.ts'
import type { Facts, FoundRecipe, Present, Published, World } from './world.ts'

export interface EngineWorldOptions {
  readonly engine: Engine
  /** The engine's own platform. */
  readonly enginePlatform: Platform
  readonly settings: Settings
  readonly made: MadeImagesTable
  /** Put before every key: empty for the engine that runs the apps, else telling the engine. */
  readonly scope: string
  readonly recipes: Recipes
  readonly facts: FactsReader
  readonly machine: MachineCheck
  readonly access: (registry: string) => RegistryAccess
  /** Makes everything anew: what was made before is not looked at. */
  readonly fresh: boolean
  readonly today: string
  readonly signal: AbortSignal
}

export class EngineWorld implements World {
  readonly #options: EngineWorldOptions
  /** Registries that did not answer, and why: each is waited for once. */
  readonly #silent = new Map<string, string>()

  constructor(options: EngineWorldOptions) {
    this.#options = options
  }

  async present(reference: ImageReference, platform: Platform): Promise<Present> {
    const { engine, machine, made, signal } = this.#options
    const found = await findImage(engine, familiar(reference), signal)
    const why = found && (await machine.whyNot(engine, found, platform, signal))
    if (found && why === undefined)
      return { image: found.id, platform: findArchitecture(found.platform)?.platform ?? platform }
    // fetched before, for a platform that is not the engine's, and kept under a name of ours
    for (const { how, image, tag } of made.named(familiar(reference), platform)) {
      if (how !== 'pull' || this.#options.fresh) continue
      const kept = await findImage(engine, tag, signal)
      if (kept?.id !== image || (await machine.whyNot(engine, kept, platform, signal))) continue
      return { image, platform, tag }
    }
    return why === undefined ? undefined : { wrong: why }
  }

  async published(reference: ImageReference, platform: Platform): Promise<Published> {
    const { engine, access, signal } = this.#options
    const silent = this.#silent.get(reference.registry)
    if (silent !== undefined) return { state: 'unreachable', problem: silent }
    const answer = await publishedAt(engine, reference, access(reference.registry), signal)
    if (answer.state === 'unreachable') this.#silent.set(reference.registry, answer.problem)
    if (answer.state !== 'published') return answer
    const { digest, platforms } = answer
    const fitting = [platform, ...architectureOf(platform).runs].find((each) => platforms.includes(each))
    return fitting === undefined
      ? { state: 'other', platforms }
      : { state: 'published', platform: fitting, digest }
  }

  recipes(reference: ImageReference, platform: Platform) {
    return this.#options.recipes.of(reference, platform)
  }

  open(found: FoundRecipe, image: string): Promise<TreeSource> {
    return this.#options.recipes.open(found, image)
  }

  facts(dockerfile: string, path: string, platform: Platform): Promise<Facts> {
    return this.#options.facts.read(dockerfile, path, platform)
  }

  async substitute(
    image: string,
    tags: readonly string[],
    platform: Platform,
  ): Promise<Substitute | undefined> {
    return substituteFor({ image, tags, platform })
  }

  async made(key: string): Promise<string | undefined> {
    const { engine, made, scope, fresh, signal } = this.#options
    const known = fresh ? undefined : made.find(scope + key)
    if (!known) return undefined
    const there = await findImage(engine, known.tag, signal)
    return there?.id === known.image ? known.image : undefined
  }

  groundKey(ground: Ground): string {
    const { settings, today } = this.#options
    const mirror = {
      debian: settings['ground-debian-mirror'],
      busybox: settings['ground-debian-mirror'],
      ubuntu: settings['ground-ubuntu-mirror'],
      alpine: settings['ground-alpine-mirror'],
    }[ground.kind]
    return groundKey(ground, mirror, today)
  }
}
