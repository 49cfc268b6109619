// Images on the engine: what they are, naming them, removing those that are not needed.
import * as z from 'zod'
import { platformOf } from '../../core/platform.ts'
import { ASK_LIMIT, answered, CHANGE_LIMIT, call } from './call.ts'
import type { Engine } from './engine.ts'

export interface Image {
  readonly id: string
  /** In the normal form of core/platform.ts, `<os>/<architecture>` where that does not know it. */
  readonly platform: string
  /** As its configuration has it: empty for most; v7, say, for some of those for ARM. */
  readonly variant: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Whether it says by itself what to run: ENTRYPOINT or CMD. */
  readonly hasCommand: boolean
  /** TCP ports of EXPOSE, by number. */
  readonly tcpPorts: readonly number[]
  /** Instructions that run in a build on top of it. */
  readonly onBuild: readonly string[]
  /** Digests of the layers' unpacked content, the lowest first. */
  readonly layers: readonly string[]
  /** Bytes, those shared with other images included. */
  readonly size: number
}

const strings = z.array(z.string()).nullish()
const inspectShape = z.object({
  Id: z.string(),
  Os: z.string(),
  Architecture: z.string(),
  Variant: z.string().nullish(),
  RepoTags: strings,
  Size: z.number().catch(0),
  RootFS: z.object({ Layers: strings }).nullish(),
  Config: z
    .object({
      Labels: z.record(z.string(), z.string()).nullish(),
      Cmd: strings,
      Entrypoint: strings,
      OnBuild: strings,
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
    const variant = found.Variant ?? ''
    const ports = Object.keys(config?.ExposedPorts ?? {}).map((port) => /^(\d+)(?:\/tcp)?$/.exec(port)?.[1])
    return {
      id: found.Id,
      platform: platformOf(found.Os, found.Architecture, variant) ?? `${found.Os}/${found.Architecture}`,
      variant,
      // engines with containerd's image store list digests among the tags
      tags: (found.RepoTags ?? []).filter((tag) => !tag.includes('<none>') && !tag.includes('@')),
      labels: config?.Labels ?? {},
      hasCommand: (config?.Cmd?.length ?? 0) + (config?.Entrypoint?.length ?? 0) > 0,
      tcpPorts: ports
        .filter((port) => port !== undefined)
        .map(Number)
        .sort((a, b) => a - b),
      onBuild: config?.OnBuild ?? [],
      layers: found.RootFS?.Layers ?? [],
      size: found.Size,
    }
  } catch (error) {
    if (answered(error, 404)) return undefined
    throw error
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
