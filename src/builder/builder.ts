// The builder: a pushed commit becomes an image on the engine, and images that no release needs go.
import type { Paths } from '../config/paths.ts'
import type { Settings } from '../config/settings.ts'
import type { App } from '../core/app.ts'
import { failure, isFailure, messageOf } from '../core/errors.ts'
import type { Platform } from '../core/platform.ts'
import type { Report } from '../core/report.ts'
import { buildImage, NoBuildKit } from '../host/docker/build.ts'
import { BuildOutput } from '../host/docker/build-output.ts'
import { packContext } from '../host/docker/context.ts'
import { engineDataRoot, requireSpace } from '../host/docker/disk.ts'
import type { Engine } from '../host/docker/engine.ts'
import { findImage, type Image, listImages, removeImage } from '../host/docker/images.ts'
import { appLabels, imageRepository, labels } from '../host/docker/labels.ts'
import { transferImage } from '../host/docker/transfer.ts'
import { requireEmulation } from '../host/emulation/binfmt.ts'
import type { GitObjects } from '../host/git/objects.ts'
import { GitTree } from '../host/git/tree.ts'
import { TreeFiles } from '../host/git/tree-files.ts'
import { mountSubmodules, removeStaleWork } from '../host/git/tree-submodules.ts'
import type { BuiltParts } from '../host/store/releases.ts'
import { ensureBases } from './bases.ts'
import type { BuildChoices } from './build-choices.ts'
import type { BuildPlaces } from './build-places.ts'
import { readDockerfile } from './dockerfile/read.ts'
import { rewriteImages } from './dockerfile/rewrite.ts'
import { explainBuildFailure } from './explain.ts'
import { keepLeftovers } from './leftovers.ts'
import type { MachineCheck } from './machine-check.ts'
import { processesOf } from './processes.ts'
import { imagesToRemove } from './retention.ts'
import type { Scratch, Target } from './scratch/scratch.ts'
import { readSource, type Source } from './source.ts'
import type { Uploads } from './uploads.ts'

export interface BuilderOptions {
  /** The engine that runs the apps. */
  readonly engine: Engine
  readonly settings: Settings
  readonly paths: Paths
  /** Store.instance. */
  readonly instance: string
  readonly places: BuildPlaces
  readonly machine: MachineCheck
  readonly uploads: Uploads
  /** Makes bases that nobody publishes; asked for when the first one is missing. */
  readonly scratch: () => Promise<Scratch>
  readonly log?: { warn(fields: object, message: string): void }
}

export interface BuildRequest extends BuildChoices {
  readonly app: App
  /** Number of the release that the image is for; a number is never built twice. */
  readonly release: number
  readonly objects: GitObjects
  readonly commit: string
  readonly buildArgs: Readonly<Record<string, string>>
}

/** A commit that is ready to be built. */
interface Prepared {
  readonly request: BuildRequest
  readonly target: Target
  readonly platform: Platform
  readonly tree: GitTree
  readonly source: Source
  /** Text of the Dockerfile, with the names that its bases have here. */
  readonly dockerfile: string
}

export class Builder {
  readonly #options: BuilderOptions
  readonly #engine: Engine
  /** Does not change while the engine runs, and asking costs as much as a short build step. */
  #dataRoot: string | undefined

  constructor(options: BuilderOptions) {
    this.#options = options
    this.#engine = options.engine
  }

  /**
   * Builds a commit, straight from git's objects. Its lines go to `report` as they come. When it throws,
   * no image of the release is left.
   * @throws disk-low, push-empty, dockerfile-missing, dockerfile-invalid, submodule-failed, base-missing,
   *   scratch-blocked, scratch-off, emulator-missing, build-failed, build-timeout, procfile-invalid,
   *   command-missing, canceled, engine-unreachable, builder-unreachable
   */
  async build(request: BuildRequest, report: Report, signal: AbortSignal): Promise<BuiltParts> {
    try {
      return await this.#build(request, report, signal)
    } catch (error) {
      if (!signal.aborted) throw error
      if (isFailure(signal.reason)) throw signal.reason
      throw failure('canceled', { what: 'the build' }, error)
    }
  }

  async #build(request: BuildRequest, report: Report, signal: AbortSignal): Promise<BuiltParts> {
    const { app, objects, commit, dockerfile: path, buildArgs } = request
    const { places, machine, scratch } = this.#options
    const space = this.#requireSpace(signal)
    const place = places.at(request.host, signal)
    // both are awaited below, but an error of git may come first
    space.catch(() => {})
    place.catch(() => {})
    await using tree = await GitTree.open(objects, commit, signal)
    const source = await readSource(tree, path, app.name)
    const target = await place
    const platform = request.platform ?? (target.local ? target.platform : await this.#ownPlatform(signal))
    const classic = target.kind === 'classic'
    const options = { path, buildArgs, platform, buildPlatform: target.platform, classic }
    const dockerfile = await readDockerfile(source.dockerfile, options)
    await space
    if (target.local) await requireEmulation(platform, target.platform)
    const syntax = classic ? undefined : dockerfile.syntax
    const { scratch: mode, substitutes } = request
    const bases = {
      target,
      platform,
      dockerfile,
      syntax,
      mode,
      substitutes,
    }
    await using ensured = await ensureBases(bases, machine, scratch, report, signal)
    const text = rewriteImages(source.dockerfile, dockerfile, (name, asked) => ensured.replace(name, asked))
    const prepared = { request, target, platform, tree, source, dockerfile: text }
    return await this.#inTime(signal, (stop) => this.#buildPrepared(prepared, report, stop))
  }

  /** Bases may take hours on a board; the build of the app itself is bounded. */
  async #inTime<T>(signal: AbortSignal, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const milliseconds = this.#options.settings['build-timeout']
    const late = AbortSignal.timeout(milliseconds)
    try {
      return await work(AbortSignal.any([signal, late]))
    } catch (error) {
      if (!late.aborted || signal.aborted) throw error
      throw failure('build-timeout', { seconds: milliseconds / 1000 }, error)
    }
  }

  async #buildPrepared(prepared: Prepared, report: Report, signal: AbortSignal): Promise<BuiltParts> {
    const { request, tree, source, target, platform } = prepared
    const wanted = (path: string) => source.select(path) !== 'omit'
    await using _ = await mountSubmodules(tree, { paths: this.#options.paths, report, signal, wanted })
    await this.#run(prepared, report, signal)
    try {
      if (!target.local) await this.#bringHere(target, request, report, signal)
      const image = await findImage(this.#engine, this.#tag(request), signal)
      if (!image) throw failure('engine-error', { problem: 'the image is gone already' })
      const wrong = await this.#options.machine.whyNot(this.#engine, image, platform, signal)
      if (wrong !== undefined)
        throw failure('build-wrong-platform', { app: request.app.name, wanted: platform, found: wrong })
      signal.throwIfAborted()
      return { image: image.id, ...processesOf(image, source.procfile) }
    } catch (error) {
      await this.#discardTag(this.#engine, request)
      throw error
    }
  }

  /** Has the engine build, with the other builder if it turns out to lack BuildKit. */
  async #run(prepared: Prepared, report: Report, signal: AbortSignal): Promise<void> {
    const { request, target, platform, tree, source } = prepared
    const { app, release, commit, dockerfile, buildArgs } = request
    const output = new BuildOutput((line) => report.line(line))
    const build = {
      builder: target.kind,
      dockerfile,
      buildArgs,
      labels: {
        ...appLabels(this.#options.instance, app),
        [labels.release]: String(release),
        [labels.commit]: commit,
      },
      hasTriggers: /^\s*ONBUILD\s/im.test(prepared.dockerfile),
      tag: this.#tag(request),
      platform: platform === target.platform ? undefined : platform,
    }
    const from = Date.now()
    const changed = prepared.dockerfile !== source.dockerfile
    const replaced = new Map(changed ? [[source.path, Buffer.from(prepared.dockerfile)]] : [])
    const files = new TreeFiles(tree, { replaced })
    const context = packContext(files, source.select)
    try {
      await buildImage(target.engine, context.stream, build, output, signal)
    } catch (error) {
      if (error instanceof NoBuildKit && this.#options.settings.builder === 'auto')
        return this.#run(
          { ...prepared, target: this.#options.places.withoutBuildKit(target) },
          report,
          signal,
        )
      await this.#discardTag(target.engine, request)
      throw error
    } finally {
      if (target.kind === 'classic') await this.#keepLeftovers(target.engine, app, output.leftovers)
      else if (target.local)
        this.#options.uploads.add({ tar: context.sent(), files: files.bytes, from, until: Date.now() })
    }
    if (output.failure) throw explainBuildFailure(output.failure, dockerfile)
  }

  /** Brings an image that another machine built to the engine that runs it. */
  async #bringHere(
    target: Target,
    request: BuildRequest,
    report: Report,
    signal: AbortSignal,
  ): Promise<void> {
    const tag = this.#tag(request)
    const built = await findImage(target.engine, tag, signal)
    if (!built) throw failure('engine-error', { problem: 'the image is gone already' })
    report.step(`Bringing the image here from ${target.engine.address}`)
    try {
      await transferImage(target.engine, this.#engine, built.id, tag, report, signal)
    } finally {
      await this.#discardTag(target.engine, request)
    }
  }

  async #ownPlatform(signal: AbortSignal): Promise<Platform> {
    return (await this.#options.places.at(undefined, signal)).platform
  }

  /** Whether an image is on the engine, for a rollback. @param image its id */
  async hasImage(image: string): Promise<boolean> {
    return (await findImage(this.#engine, image)) !== undefined
  }

  /**
   * Removes the app's images but those in `keep` and those a container uses. The classic builder's steps go
   * with the last image that was built on them; those that a kept image shares stay, and so does the cache for
   * the next build. (BuildKit keeps its cache apart from images and by its own rules.)
   */
  async retain(app: App, keep: ReadonlySet<string>): Promise<{ removed: number }> {
    const removed = await this.#remove(await this.#imagesOf(app), keep)
    await this.#options.uploads.remove(this.#engine, (problem) =>
      this.#options.log?.warn({ problem }, 'uploaded contexts were not removed from the build cache'),
    )
    return { removed }
  }

  /** Removes all images of an app that is destroyed, and what the classic builder kept for it. */
  async removeAll(app: App): Promise<void> {
    await this.#remove(await this.#imagesOf(app), new Set())
    await this.#keepLeftovers(this.#engine, app, [])
  }

  /** Removes what builds of a daemon that was killed have left in the work folder. */
  async removeStaleWork(): Promise<void> {
    await removeStaleWork(this.#options.paths)
  }

  async #requireSpace(signal: AbortSignal): Promise<void> {
    this.#dataRoot ??= await engineDataRoot(this.#engine, signal)
    const { paths, settings } = this.#options
    await requireSpace([this.#dataRoot, paths.root], settings['disk-min-free'])
  }

  #tag = ({ app, release }: BuildRequest): string =>
    `${imageRepository(this.#options.instance, app)}:r${release}`

  async #discardTag(engine: Engine, request: BuildRequest): Promise<void> {
    await removeImage(engine, this.#tag(request)).catch((error: unknown) => {
      this.#options.log?.warn(
        { app: request.app.name, error: messageOf(error) },
        'an image could not be removed',
      )
    })
  }

  async #keepLeftovers(engine: Engine, app: App, ids: readonly string[]): Promise<void> {
    await keepLeftovers(engine, this.#options.instance, app, ids).catch((error: unknown) => {
      this.#options.log?.warn(
        { app: app.name, error: messageOf(error) },
        "the classic builder's cache was not kept",
      )
    })
  }

  #imagesOf(app: App) {
    const label = [`${labels.instance}=${this.#options.instance}`, `${labels.appId}=${app.id}`]
    return listImages(this.#engine, { label })
  }

  async #remove(images: readonly Pick<Image, 'id' | 'tags'>[], keep: ReadonlySet<string>): Promise<number> {
    const prefixes = [`crew-${this.#options.instance}/`]
    let removed = 0
    for (const reference of imagesToRemove(images, keep, prefixes))
      if (await removeImage(this.#engine, reference)) removed++
    return removed
  }
}
