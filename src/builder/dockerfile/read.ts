// What Crew needs to know of a Dockerfile before the engine builds it: its stages, and the images they start from.
//
// The rules are BuildKit's (frontend/dockerfile/dockerfile2llb): which stages count, what a name means, where
// variables are put in. Only what decides about images is judged; the rest is the engine's to judge.
import { failure } from '../../core/errors.ts'
import { findImageReference } from '../../core/image-reference.ts'
import { findArchitecture } from '../../core/platform.ts'
import { DockerfileProblem, type Lines, readLines } from './lines.ts'
import { neededStages } from './needed.ts'
import { type Base, readStages, type Stage, type Use } from './stages.ts'
import { GlobalVariables } from './variables.ts'

export interface NeededImage {
  /** With a tag or digest; `latest` where the Dockerfile says neither. */
  readonly reference: string
  /** Where it is asked for first, counted from 1. */
  readonly line: number
  /** What `FROM --platform` asks for; undefined where the wanted platform is meant. */
  readonly platform: string | undefined
}

/** A name of an image as it stands in the file, for a rewrite. */
export interface ImageUse extends NeededImage {
  readonly start: number
  readonly end: number
  /** Index of the stage it is in. */
  readonly stage: number
  /** It is a trigger's, for the builds that start from this image. */
  readonly onbuild: boolean
}

export interface DockerfileStage extends Omit<Stage, 'base' | 'uses'> {
  readonly base:
    | { readonly kind: 'image'; readonly reference: string }
    | { readonly kind: 'stage'; readonly index: number }
    | { readonly kind: 'scratch' }
  /** The target is made with it. */
  readonly needed: boolean
}

export interface Dockerfile {
  /** Each image and platform once, in the order of first use; those of stages that are not needed do not count. */
  readonly images: readonly NeededImage[]
  /** The image that `# syntax=` names: BuildKit runs it to read the rest of the file. */
  readonly syntax: NeededImage | undefined
  readonly stages: readonly DockerfileStage[]
  /** Every name of an image, of all stages, in the order of the file. */
  readonly uses: readonly ImageUse[]
  /** Values of the ARGs before the first FROM, and of those that are always there (TARGETARCH). */
  readonly globals: ReadonlyMap<string, string>
  readonly buildArgs: Readonly<Record<string, string>>
  readonly escape: string
  readonly lineOf: (offset: number) => number
}

export interface DockerfileOptions {
  /** Its path, for messages. */
  readonly path: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** That the image is to be for: TARGETPLATFORM. */
  readonly platform: string
  /** Of the machine that builds: BUILDPLATFORM. The same where none is given. */
  readonly buildPlatform?: string
  /** Name or number of the stage to build; the last one where none is given. */
  readonly target?: string
  /** For the classic builder, which makes every stage up to the target and knows no heredocs. */
  readonly classic?: boolean
}

/** Bytes of a Dockerfile that are read. */
export const MAX_DOCKERFILE = 2 ** 18

const IMAGE_ID = /^(?:sha256:)?[0-9a-f]{64}$/

/**
 * Reads a Dockerfile.
 * @throws dockerfile-invalid with the line
 */
export async function readDockerfile(text: string, options: DockerfileOptions): Promise<Dockerfile> {
  return parseDockerfile(text, options)
}

/** The same for who has many to read. @throws dockerfile-invalid */
export function parseDockerfile(text: string, options: DockerfileOptions): Dockerfile {
  const { path, classic = false } = options
  if (text.length > MAX_DOCKERFILE)
    throw failure('dockerfile-invalid', { path, problem: `it has more than ${MAX_DOCKERFILE / 1024} KiB` })
  try {
    return read(readLines(text, !classic), options)
  } catch (error) {
    if (!(error instanceof DockerfileProblem)) throw error
    const problem = error.line === 0 ? error.message : `line ${error.line}: ${error.message}`
    throw failure('dockerfile-invalid', { path, problem }, error)
  }
}

function read(lines: Lines, options: DockerfileOptions): Dockerfile {
  const variables = new GlobalVariables(options, lines.escape)
  const found = readStages(lines.instructions, variables)
  if (found.length === 0) throw new DockerfileProblem(0, 'it has no FROM')
  const needed = neededStages(found, options)
  const uses = found.flatMap(({ index, uses }) => uses.map((use) => imageUse(use, index)))
  const images = new Map<string, NeededImage>()
  for (const { reference, line, platform, stage } of uses) {
    const key = `${reference} ${platform ?? options.platform}`
    if (needed.has(stage) && !images.has(key)) images.set(key, { reference, line, platform })
  }
  return {
    images: [...images.values()],
    syntax: syntaxImage(lines, options),
    stages: found.map(({ base, uses: _, ...stage }) => ({
      ...stage,
      base: finished(base),
      needed: needed.has(stage.index),
    })),
    uses,
    globals: variables.values,
    buildArgs: options.buildArgs,
    escape: lines.escape,
    lineOf: lines.lineOf,
  }
}

function syntaxImage({ syntax }: Lines, { buildArgs }: DockerfileOptions): NeededImage | undefined {
  // the build argument wins over the file (BuildKit's documentation)
  const value = buildArgs.BUILDKIT_SYNTAX ?? syntax?.value.split(/\s/)[0]
  if (!value) return undefined
  const reference = referenceOf(value)
  if (reference === undefined) throw new DockerfileProblem(syntax?.line ?? 1, 'syntax= names no image')
  return { reference, line: syntax?.line ?? 1, platform: undefined }
}

const finished = (base: Base): DockerfileStage['base'] =>
  base.kind === 'image' ? { kind: 'image', reference: referenceOf(base.name) ?? base.name } : base

function imageUse(use: Use, stage: number): ImageUse {
  const { name, line, start, end, onbuild } = use
  const reference = referenceOf(name)
  if (reference === undefined)
    throw new DockerfileProblem(line, `${JSON.stringify(name.slice(0, 200))} is no name of an image`)
  const platform = use.platform === undefined ? undefined : normalPlatform(use.platform)
  return { reference, line, platform, start, end, stage, onbuild }
}

/** As the engine names it, with a tag. @returns undefined for what is no name of an image */
function referenceOf(name: string): string | undefined {
  if (IMAGE_ID.test(name)) return name
  const found = findImageReference(name)
  if (!found) return undefined
  return name.includes('@') || name.slice(name.lastIndexOf('/') + 1).includes(':') ? name : `${name}:latest`
}

const normalPlatform = (text: string): string => findArchitecture(text)?.platform ?? text
