// One build on the engine: a context goes in, lines come out, and at the end an image or the reason why not.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import tarStream from 'tar-stream'
import { failure } from '../../core/errors.ts'
import type { Platform } from '../../core/platform.ts'
import { BuildOutput } from './build-output.ts'
import { ASK_LIMIT, call } from './call.ts'
import { type Engine, engineFailure, statusOf } from './engine.ts'
import { progressMessages } from './progress.ts'

export type BuilderKind = 'buildkit' | 'classic'

export interface ImageBuild {
  readonly builder: BuilderKind
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string
  readonly buildArgs: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** The Dockerfile has ONBUILD, which an image built on its image would run. */
  readonly hasTriggers: boolean
  /** `repository:tag` of the image; may be empty. */
  readonly tag: string
  /** What it is for, where that is not what the engine runs on. */
  readonly platform?: Platform | undefined
}

/** The engine has no BuildKit, although its version says so. */
export class NoBuildKit extends Error {}

/**
 * Which builders an engine has. BuildKit came with API 1.39, for Linux. Podman answers this API too and builds
 * in a way of its own, which is the classic one's.
 */
export async function hasBuildKit(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const { ApiVersion, Os, Components } = await call(engine, ASK_LIMIT, signal, () => engine.docker.version())
  const [major = 0, minor = 0] = ApiVersion.split('.').map(Number)
  const podman = Components?.some(({ Name }) => /podman/i.test(Name)) ?? false
  return Os === 'linux' && !podman && (major > 1 || minor >= 39)
}

/**
 * Builds, labels and tags.
 *
 * The classic builder runs a step with a container of its own for each label that the API passes, so there
 * labels and tag come by a second build of one step: `FROM <what was built>` and `LABEL` with all of them.
 * @throws as `runBuild`
 */
export async function buildImage(
  engine: Engine,
  context: Readable,
  build: ImageBuild,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<void> {
  if (build.builder === 'buildkit' || build.hasTriggers)
    return runBuild(engine, context, build, output, signal)
  await runBuild(engine, context, { ...build, labels: {}, tag: '' }, output, signal)
  if (output.failure !== undefined || output.image === undefined) return
  const words = Object.entries(build.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const pack = tarStream.pack()
  pack.entry({ name: 'Dockerfile' }, `FROM ${output.image}\nLABEL ${words.join(' ')}\n`)
  pack.finalize()
  const labelled = { ...build, dockerfile: 'Dockerfile', buildArgs: {}, labels: {} }
  const labelling = new BuildOutput(() => {})
  await runBuild(engine, pack as unknown as Readable, labelled, labelling, signal)
  output.failure = labelling.failure
}

/**
 * Builds. Aborting `signal` closes the connection, which makes the engine stop and remove its containers.
 * @param context tar stream; destroyed when the build ends before it does
 * @param output is given every message; tells at the end what came out, the failure of a step included
 * @throws engine-unreachable, engine-error, NoBuildKit; the abort's error; an error of the context
 */
async function runBuild(
  engine: Engine,
  context: Readable,
  build: ImageBuild,
  output: BuildOutput,
  signal: AbortSignal,
): Promise<void> {
  let unreadable: Error | undefined
  context.on('error', (error: Error) => {
    unreadable ??= error
  })
  try {
    const answer = await startBuild(engine, context, build, signal)
    for await (const message of progressMessages(answer)) output.take(message)
    output.end()
  } catch (error) {
    if (unreadable && !signal.aborted) throw unreadable
    const problem = engineFailure(engine, error)
    if (statusOf(error) !== 400) throw problem
    if (/buildkit is not (enabled|supported)/i.test(problem.message)) throw new NoBuildKit(problem.message)
    const message = problem.message.replace(/^the Docker engine refused: /, '')
    output.failure = { message, step: undefined, exitCode: undefined, diskFull: false }
  } finally {
    context.destroy()
  }
  if (output.failure === undefined && output.image === undefined)
    throw failure('engine-error', { problem: 'the build ended without an image' })
}

/**
 * POST /build. Not through dockerode's buildImage: with BuildKit that opens a gRPC session, which serves
 * credentials nobody has here, needs its libraries loaded, and stays open when a build is aborted.
 */
function startBuild(engine: Engine, context: Readable, build: ImageBuild, signal: AbortSignal) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    engine.docker.modem.dial(
      {
        path: '/build?',
        method: 'POST',
        file: context,
        isStream: true,
        abortSignal: signal,
        statusCodes: { 200: true, 400: 'bad parameter', 500: 'server error' },
        options: {
          version: build.builder === 'buildkit' ? '2' : '1',
          dockerfile: build.dockerfile,
          buildargs: build.buildArgs,
          labels: build.labels,
          ...(build.tag === '' ? {} : { t: build.tag }),
          ...(build.platform === undefined ? {} : { platform: build.platform }),
          rm: true,
          forcerm: true,
        },
      },
      (error: unknown, answer: unknown) => {
        if (error) reject(error instanceof Error ? error : new Error(String(error)))
        else resolve(answer as IncomingMessage) // docker-modem hands out the response when isStream is set
      },
    )
  })
}
