// Images on the engine: what they are, fetching those a build needs, removing those that are not needed.
import * as z from 'zod'
import { failure, messageOf } from '../../core/errors.ts'
import { ASK_LIMIT, answered, CHANGE_LIMIT, call } from './call.ts'
import type { Engine } from './engine.ts'
import { progressMessages } from './progress.ts'

export interface Image {
  readonly id: string
  /** As Docker writes platforms, without the variant: linux/arm64. */
  readonly platform: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Whether it says by itself what to run: ENTRYPOINT or CMD. */
  readonly hasCommand: boolean
  /** TCP ports of EXPOSE, by number. */
  readonly tcpPorts: readonly number[]
}

const strings = z.array(z.string()).nullish()
const inspectShape = z.object({
  Id: z.string(),
  Os: z.string(),
  Architecture: z.string(),
  RepoTags: strings,
  Config: z
    .object({
      Labels: z.record(z.string(), z.string()).nullish(),
      Cmd: strings,
      Entrypoint: strings,
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
})

/**
 * @param reference id, or repository with tag @returns undefined when it is not there
 * @throws engine-unreachable, engine-error, canceled
 */
export async function findImage(
  engine: Engine,
  reference: string,
  signal?: AbortSignal,
): Promise<Image | undefined> {
  try {
    const answer = await call(engine, ASK_LIMIT, signal, () => engine.docker.getImage(reference).inspect())
    const found = inspectShape.parse(answer)
    const config = found.Config
    const ports = Object.keys(config?.ExposedPorts ?? {}).map((port) => /^(\d+)(?:\/tcp)?$/.exec(port)?.[1])
    return {
      id: found.Id,
      platform: `${found.Os}/${found.Architecture}`,
      tags: (found.RepoTags ?? []).filter((tag) => !tag.includes('<none>')),
      labels: config?.Labels ?? {},
      hasCommand: (config?.Cmd?.length ?? 0) + (config?.Entrypoint?.length ?? 0) > 0,
      tcpPorts: ports
        .filter((port) => port !== undefined)
        .map(Number)
        .sort((a, b) => a - b),
    }
  } catch (error) {
    if (answered(error, 404)) return undefined
    throw error
  }
}

/** No layer moved for this long: the registry is as good as not there. */
const STALLED = 120_000

/**
 * Fetches an image for the engine's own platform.
 * @param reference with a tag or digest: without one the engine fetches every tag there is
 * @param line called when a layer is there
 * @throws base-missing with the registry's or the engine's words
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  line: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stalled = new AbortController()
  const stall = setTimeout(() => stalled.abort(), STALLED)
  try {
    const abortSignal = AbortSignal.any([signal, stalled.signal])
    const stream = await engine.docker.pull(reference, { abortSignal })
    for await (const message of progressMessages(stream as unknown as AsyncIterable<Buffer>)) {
      stall.refresh()
      if (message.error !== undefined) throw new Error(message.errorDetail?.message ?? message.error)
      if (message.status === 'Pull complete') line(`${message.id ?? ''}: Pull complete`)
    }
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: 'the pull' }, error)
    const problem = stalled.signal.aborted
      ? `nothing came for ${STALLED / 1000} s`
      : messageOf(error)
          .replace(/^\(HTTP code \d+\) [^-]*- /, '')
          .trim()
    throw failure('base-missing', { image: reference, problem }, error)
  } finally {
    clearTimeout(stall)
  }
}

export interface ListedImage {
  readonly id: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

const listShape = z.array(
  z.object({ Id: z.string(), RepoTags: strings, Labels: z.record(z.string(), z.string()).nullish() }),
)

/** Images that meet every filter of GET /images/json, those without a tag included. */
export async function listImages(
  engine: Engine,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<ListedImage[]> {
  const answer = await call(engine, ASK_LIMIT, undefined, () =>
    engine.docker.listImages({ filters: JSON.stringify(filters) }),
  )
  return listShape.parse(answer).map(({ Id, RepoTags, Labels }) => ({
    id: Id,
    tags: (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>'),
    labels: Labels ?? {},
  }))
}

/**
 * Removes a tag, or an image that has none, with the untagged images it was made from and that nothing else
 * needs. @returns false when a container or another image needs it, and it was left
 */
export async function removeImage(engine: Engine, reference: string): Promise<boolean> {
  try {
    await call(engine, CHANGE_LIMIT, undefined, () =>
      engine.docker.getImage(reference).remove({ force: false, noprune: false }),
    )
    return true
  } catch (error) {
    if (answered(error, 409)) return false
    if (answered(error, 404)) return true
    throw error
  }
}

export async function tagImage(engine: Engine, image: string, repo: string, tag: string): Promise<void> {
  await call(engine, CHANGE_LIMIT, undefined, () => engine.docker.getImage(image).tag({ repo, tag }))
}
