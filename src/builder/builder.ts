// The builder: a pushed commit becomes an image on the engine, and images that no release needs go.
import type { Paths } from '../config/paths.ts'
import type { Settings } from '../config/settings.ts'
import type { App } from '../core/app.ts'
import { failure, isFailure, messageOf } from '../core/errors.ts'
import type { Report } from '../core/report.ts'
import { type BuilderKind, buildImage, hasBuildKit, NoBuildKit } from '../host/docker/build.ts'
import { removeUploads, type Upload } from '../host/docker/build-cache.ts'
import { BuildOutput } from '../host/docker/build-output.ts'
import { packContext } from '../host/docker/context.ts'
import { engineDataRoot, requireSpace } from '../host/docker/disk.ts'
import type { Engine } from '../host/docker/engine.ts'
import { findImage, type Image, listImages, removeImage } from '../host/docker/images.ts'
import { appLabels, imageRepository, labels } from '../host/docker/labels.ts'
import type { GitObjects } from '../host/git/objects.ts'
import { GitTree } from '../host/git/tree.ts'
import { TreeFiles } from '../host/git/tree-files.ts'
import { mountSubmodules, removeStaleWork } from '../host/git/tree-submodules.ts'
import type { BuiltParts } from '../host/store/releases.ts'
import { ensureBases } from './bases.ts'
import { readDockerfile } from './dockerfile.ts'
import { explainBuildFailure } from './explain.ts'
import { keepLeftovers } from './leftovers.ts'
import { processesOf } from './processes.ts'
import { imagesToRemove } from './retention.ts'
import { readSource, type Source } from './source.ts'

export interface BuilderOptions {
  readonly engine: Engine
  readonly settings: Settings
  readonly paths: Paths
  /** Store.instance. */
  readonly instance: string
  readonly log?: { warn(fields: object, message: string): void }
}

export interface BuildRequest {
  readonly app: App
  /** Number of the release that the image is for; a number is never built twice. */
  readonly release: number
  readonly objects: GitObjects
  readonly commit: string
  /** Path of the Dockerfile in the repository. */
  readonly dockerfile: string
  readonly buildArgs: Readonly<Record<string, string>>
}

const UPLOADS_WORTH_REMOVING = 32 * 2 ** 20

export class Builder {
  readonly #engine: Engine
  readonly #settings: Settings
  readonly #paths: Paths
  readonly #instance: string
  readonly #log: BuilderOptions['log']
  /** Does not change while the engine runs, and asking costs as much as a short build step. */
  #dataRoot: string | undefined
  #withoutBuildKit = false
  readonly #uploads: Upload[] = []

  constructor({ engine, settings, paths, instance, log }: BuilderOptions) {
    this.#engine = engine
    this.#settings = settings
    this.#paths = paths
    this.#instance = instance
    this.#log = log
  }

  /**
   * Builds a commit, straight from git's objects. Its lines go to `report` as they come. When it throws,
   * no image of the release is left.
   * @throws disk-low, push-empty, dockerfile-missing, dockerfile-invalid, submodule-failed, base-missing,
   *   build-failed, build-timeout, procfile-invalid, command-missing, canceled, engine-unreachable
   */
  async build(request: BuildRequest, report: Report, signal: AbortSignal): Promise<BuiltParts> {
    const limit = AbortSignal.timeout(this.#settings['build-timeout'])
    const stop = AbortSignal.any([signal, limit])
    try {
      return await this.#build(request, report, stop)
    } catch (error) {
      if (signal.aborted) {
        if (isFailure(signal.reason)) throw signal.reason
        throw failure('canceled', { what: 'the build' }, error)
      }
      if (limit.aborted)
        throw failure('build-timeout', { seconds: this.#settings['build-timeout'] / 1000 }, error)
      throw error
    }
  }

  async #build(request: BuildRequest, report: Report, signal: AbortSignal): Promise<BuiltParts> {
    const { app, objects, commit, dockerfile: path, buildArgs } = request
    const space = this.#requireSpace(signal)
    const version = Promise.all([this.#engine.info(), this.#kind(signal)])
    // both are awaited below, but an error of git may come first
    space.catch(() => {})
    version.catch(() => {})
    await using tree = await GitTree.open(objects, commit, signal)
    const source = await readSource(tree, path, app.name)
    const [{ platform }, kind] = await version
    const dockerfile = await readDockerfile(source.dockerfile, { path, buildArgs, platform })
    await space
    const syntax = kind === 'buildkit' && dockerfile.syntax ? [dockerfile.syntax] : []
    await ensureBases(this.#engine, [...syntax, ...dockerfile.images], platform, report, signal)
    const wanted = (path: string) => source.select(path) !== 'omit'
    await using _ = await mountSubmodules(tree, { paths: this.#paths, report, signal, wanted })
    await this.#run(request, tree, source, kind, report, signal)
    try {
      const image = await findImage(this.#engine, this.#tag(request), signal)
      if (!image) throw failure('engine-error', { problem: 'the image is gone already' })
      signal.throwIfAborted()
      return { image: image.id, ...processesOf(image, source.procfile) }
    } catch (error) {
      await this.#discardTag(request)
      throw error
    }
  }

  /** Has the engine build, with the other builder if it turns out to lack BuildKit. */
  async #run(
    request: BuildRequest,
    tree: GitTree,
    source: Source,
    kind: BuilderKind,
    report: Report,
    signal: AbortSignal,
  ): Promise<void> {
    const { app, release, commit, dockerfile, buildArgs } = request
    const output = new BuildOutput((line) => report.line(line))
    const build = {
      builder: kind,
      dockerfile,
      buildArgs,
      labels: {
        ...appLabels(this.#instance, app),
        [labels.release]: String(release),
        [labels.commit]: commit,
      },
      hasTriggers: /^\s*ONBUILD\s/im.test(source.dockerfile),
      tag: this.#tag(request),
    }
    const from = Date.now()
    const files = new TreeFiles(tree)
    const context = packContext(files, source.select)
    try {
      await buildImage(this.#engine, context.stream, build, output, signal)
    } catch (error) {
      if (error instanceof NoBuildKit && this.#settings.builder === 'auto') {
        this.#withoutBuildKit = true
        return this.#run(request, tree, source, 'classic', report, signal)
      }
      await this.#discardTag(request)
      throw error
    } finally {
      if (kind === 'classic') await this.#keepLeftovers(app, output.leftovers)
      else this.#uploads.push({ tar: context.sent(), files: files.bytes, from, until: Date.now() })
    }
    if (output.failure) throw explainBuildFailure(output.failure, dockerfile)
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
    await this.#removeUploads()
    return { removed }
  }

  /** Removes all images of an app that is destroyed, and what the classic builder kept for it. */
  async removeAll(app: App): Promise<void> {
    await this.#remove(await this.#imagesOf(app), new Set())
    await this.#keepLeftovers(app, [])
  }

  /** Removes what builds of a daemon that was killed have left in the work folder. */
  async removeStaleWork(): Promise<void> {
    await removeStaleWork(this.#paths)
  }

  async #kind(signal: AbortSignal): Promise<BuilderKind> {
    if (this.#settings.builder !== 'auto') return this.#settings.builder
    return !this.#withoutBuildKit && (await hasBuildKit(this.#engine, signal)) ? 'buildkit' : 'classic'
  }

  async #requireSpace(signal: AbortSignal): Promise<void> {
    this.#dataRoot ??= await engineDataRoot(this.#engine, signal)
    await requireSpace([this.#dataRoot, this.#paths.root], this.#settings['disk-min-free'])
  }

  #tag = ({ app, release }: BuildRequest): string => `${imageRepository(this.#instance, app)}:r${release}`

  async #discardTag(request: BuildRequest): Promise<void> {
    await removeImage(this.#engine, this.#tag(request)).catch((error: unknown) => {
      this.#log?.warn({ app: request.app.name, error: messageOf(error) }, 'an image could not be removed')
    })
  }

  async #keepLeftovers(app: App, ids: readonly string[]): Promise<void> {
    await keepLeftovers(this.#engine, this.#instance, app, ids).catch((error: unknown) => {
      this.#log?.warn({ app: app.name, error: messageOf(error) }, "the classic builder's cache was not kept")
    })
  }

  /** Waits until it is worth the while: on older engines the question makes it measure every container. */
  async #removeUploads(): Promise<void> {
    const bytes = this.#uploads.reduce((sum, { tar, files }) => sum + tar + files, 0)
    if (bytes < UPLOADS_WORTH_REMOVING) return
    const uploads = this.#uploads.splice(0)
    await removeUploads(this.#engine, uploads).catch((error: unknown) => {
      this.#log?.warn({ error: messageOf(error) }, 'uploaded contexts were not removed from the build cache')
    })
  }

  #imagesOf(app: App) {
    const label = [`${labels.instance}=${this.#instance}`, `${labels.appId}=${app.id}`]
    return listImages(this.#engine, { label })
  }

  async #remove(images: readonly Pick<Image, 'id' | 'tags'>[], keep: ReadonlySet<string>): Promise<number> {
    const prefixes = [`crew-${this.#instance}/`]
    let removed = 0
    for (const reference of imagesToRemove(images, keep, prefixes))
      if (await removeImage(this.#engine, reference)) removed++
    return removed
  }
}
