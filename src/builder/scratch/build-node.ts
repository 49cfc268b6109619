// Builds one image of a plan on the bases that were made for it.
import { failure } from '../../core/errors.ts'
import { findArchitecture, type Platform } from '../../core/platform.ts'
import type { Report } from '../../core/report.ts'
import { type BuilderKind, buildImage } from '../../host/docker/build.ts'
import type { Upload } from '../../host/docker/build-cache.ts'
import { BuildOutput } from '../../host/docker/build-output.ts'
import { type Context, packContext, packFile } from '../../host/docker/context.ts'
import type { Engine } from '../../host/docker/engine.ts'
import { findImage, removeImage } from '../../host/docker/images.ts'
import { TreeFiles } from '../../host/git/tree-files.ts'
import { readDockerfile } from '../dockerfile/read.ts'
import { rewriteImages } from '../dockerfile/rewrite.ts'
import { Dockerignore } from '../dockerignore.ts'
import { explainBuildFailure } from '../explain.ts'
import { buildKey } from './key.ts'
import { type Made, type NodeId, nodeId, type PlanNode } from './plan.ts'
import type { Recipes } from './recipes.ts'
import type { TreeSource } from './tree-source.ts'

export interface BuildNodeOptions {
  readonly engine: Engine
  readonly enginePlatform: Platform
  readonly kind: BuilderKind
  readonly recipes: Recipes
  /** Milliseconds one build may take. */
  readonly limit: number
  readonly labels: Readonly<Record<string, string>>
  /** Told of a context that BuildKit was sent. */
  readonly onUpload: (upload: Upload) => void
  readonly report: Report
  readonly signal: AbortSignal
}

type BuildPlan = Extract<PlanNode, { how: 'build' }>

interface NodeBuild {
  readonly key: string
  run(tag: string): Promise<{ image: string; size: number; details: object }>
}

const MAX_IGNORE = 2 ** 18

/** @throws source-failed, source-commit-gone; `run`: build-failed, build-timeout, base-wrong-platform, canceled */
export async function buildNode(
  node: BuildPlan,
  bases: ReadonlyMap<NodeId, Made>,
  options: BuildNodeOptions,
): Promise<NodeBuild> {
  const { origin, reference } = node
  const source =
    origin.kind === 'repository'
      ? await options.recipes.open({ recipe: origin.recipe, from: origin.from, tags: [] }, reference)
      : undefined
  const images: Record<string, string> = {}
  for (const need of node.needs)
    images[`${need.reference}|${need.platform ?? ''}`] = bases.get(need.node)?.image ?? ''
  const { dockerfile, platform } = node
  const key = buildKey({ dockerfile, context: (await source?.contentId()) ?? '', platform, bases: images })
  return { key, run: (tag) => run(node, bases, source, images, tag, options) }
}

async function run(
  node: BuildPlan,
  bases: ReadonlyMap<NodeId, Made>,
  source: TreeSource | undefined,
  images: Readonly<Record<string, string>>,
  tag: string,
  options: BuildNodeOptions,
) {
  const { engine, enginePlatform, kind, report } = options
  const late = AbortSignal.timeout(options.limit)
  const signal = AbortSignal.any([options.signal, late])
  const text = await rewritten(node, bases, options)
  const file = node.origin.kind === 'repository' ? node.origin.recipe.file : 'Dockerfile'
  const context = await contextOf(source, file, text)
  const output = new BuildOutput((line) => report.line(line))
  const build = {
    builder: kind,
    dockerfile: file,
    buildArgs: {},
    labels: options.labels,
    hasTriggers: /^\s*ONBUILD\s/im.test(text),
    tag,
    platform: node.platform === enginePlatform ? undefined : node.platform,
  }
  const from = Date.now()
  try {
    await buildImage(engine, context.stream, build, output, signal)
  } catch (error) {
    if (options.signal.aborted) throw failure('canceled', { what: `making ${node.reference}` }, error)
    if (late.aborted) throw failure('build-timeout', { seconds: options.limit / 1000 }, error)
    throw error
  } finally {
    // what its stages left is of no use to another build: the image is kept whole, by its key
    if (kind === 'classic')
      for (const id of output.leftovers) await removeImage(engine, id).catch(() => false)
    else options.onUpload({ tar: context.sent(), files: context.files(), from, until: Date.now() })
  }
  if (output.failure) {
    const { message } = explainBuildFailure(output.failure, file)
    throw failure('build-failed', {
      problem: `${node.reference}: ${message.replace(/^the build failed: /, '')}`,
    })
  }
  const found = await findImage(engine, tag)
  if (!found) throw failure('engine-error', { problem: 'the image is gone already' })
  if (findArchitecture(found.platform)?.platform !== node.platform) {
    await removeImage(engine, tag)
    throw failure('base-wrong-platform', {
      image: node.reference,
      wanted: node.platform,
      found: found.platform,
    })
  }
  return { image: found.id, size: found.size, details: { bases: images } }
}

/** The Dockerfile with the names that its bases have here. */
async function rewritten(
  { dockerfile: text, platform, reference }: BuildPlan,
  bases: ReadonlyMap<NodeId, Made>,
  { enginePlatform, kind }: BuildNodeOptions,
): Promise<string> {
  const options = { path: reference, buildArgs: {}, platform, buildPlatform: enginePlatform }
  const dockerfile = await readDockerfile(text, { ...options, classic: kind === 'classic' })
  return rewriteImages(text, dockerfile, replacing(bases, platform))
}

/** From a name in a Dockerfile to the name of what was made for it; undefined where its own name will do. */
export const replacing =
  (bases: ReadonlyMap<NodeId, Made>, platform: Platform) =>
  (name: string, asked: string | undefined): string | undefined => {
    const wanted = asked === undefined ? platform : (findArchitecture(asked)?.platform ?? platform)
    return bases.get(nodeId(name, wanted))?.tag
  }

interface FileContext extends Context {
  /** Bytes of the files that were read. */
  files(): number
}

async function contextOf(source: TreeSource | undefined, file: string, text: string): Promise<FileContext> {
  const folder = await source?.folder()
  if (!source || !folder) return { ...packFile('Dockerfile', text), files: () => Buffer.byteLength(text) }
  const files = new TreeFiles(source.tree, { folder, replaced: new Map([[file, Buffer.from(text)]]) })
  for (const name of [`${file}.dockerignore`, '.dockerignore']) {
    const ignored = await source.tree.readText(`${source.directory}/${name}`, MAX_IGNORE)
    if (!ignored) continue
    const ignore = new Dockerignore(ignored.text, name, ['.dockerignore', file])
    return { ...packContext(files, (path) => ignore.select(path)), files: () => files.bytes }
  }
  return { ...packContext(files, () => 'send'), files: () => files.bytes }
}
