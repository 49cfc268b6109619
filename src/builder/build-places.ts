// Where builds run: on the engine that runs the apps, or on another machine's that is reached over ssh.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Paths } from '../config/paths.ts'
import type { Settings } from '../config/settings.ts'
import { parsePlatform } from '../core/platform.ts'
import { hasBuildKit } from '../host/docker/build.ts'
import { Engine } from '../host/docker/engine.ts'
import type { Target } from './scratch/scratch.ts'

export class BuildPlaces implements AsyncDisposable {
  readonly #engine: Engine
  readonly #settings: Settings
  readonly #paths: Paths
  readonly #remote = new Map<string, Engine>()
  /** Engines whose BuildKit turned out not to be there, although their version says so. */
  readonly #withoutBuildKit = new Set<string>()

  constructor(engine: Engine, settings: Settings, paths: Paths) {
    this.#engine = engine
    this.#settings = settings
    this.#paths = paths
  }

  /**
   * @param host `ssh://…`; undefined for the engine that runs the apps
   * @throws engine-unreachable, builder-unreachable, canceled
   */
  async at(host: string | undefined, signal: AbortSignal): Promise<Target> {
    const engine = this.#engineAt(host)
    const [{ platform }, kind] = await Promise.all([engine.info(signal), this.#kind(engine, signal)])
    return { engine, platform: parsePlatform(platform), kind, local: engine === this.#engine }
  }

  /** The same place with the classic builder, for an engine that has no other. */
  withoutBuildKit(target: Target): Target {
    this.#withoutBuildKit.add(target.engine.address)
    return { ...target, kind: 'classic' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#remote.values()].map((engine) => engine[Symbol.asyncDispose]()))
  }

  #engineAt(host: string | undefined): Engine {
    if (host === undefined) return this.#engine
    const known = this.#remote.get(host)
    if (known) return known
    const controlFolder = join(this.#paths.run, 'ssh')
    mkdirSync(controlFolder, { recursive: true, mode: 0o700 })
    const engine = new Engine(host, { controlFolder })
    this.#remote.set(host, engine)
    return engine
  }

  async #kind(engine: Engine, signal: AbortSignal) {
    const { builder } = this.#settings
    if (builder !== 'auto') return builder
    return !this.#withoutBuildKit.has(engine.address) && (await hasBuildKit(engine, signal))
      ? 'buildkit'
      : 'classic'
  }
}
