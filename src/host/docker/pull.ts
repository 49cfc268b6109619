// Fetching images from registries: as the engine would, or for a platform and under a name of ours.
import { failure, isFailure } from '../../core/errors.ts'
import {
  DOCKER_HUB,
  familiar,
  familiarRepository,
  findImageReference,
  type ImageReference,
} from '../../core/image-reference.ts'
import { findArchitecture, type Platform, runsOn } from '../../core/platform.ts'
import { TurnsByKey } from '../queue/turns.ts'
import { manifestFor } from '../registry/client.ts'
import type { Credentials, RegistryAccess } from '../registry/credentials.ts'
import type { Engine } from './engine.ts'
import { findImage, type Image, removeImage, tagImage } from './images.ts'
import { authConfig, engineWords } from './login.ts'
import { progressMessages } from './progress.ts'
import { PullProgress } from './pull-progress.ts'

export interface PullOptions {
  /** The engine's own when there is none. */
  readonly platform?: Platform | undefined
  readonly credentials?: Credentials | undefined
}

/** No layer moved for this long: the registry is as good as not there. */
const STALLED = 120_000

/**
 * Fetches an image, and moves the engine's tag of that name to it.
 * @param reference with a tag or digest: without one the engine fetches every tag there is
 * @param line called now and then with how far it is, and at the end with what came
 * @throws base-missing with the registry's or the engine's words
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  options: PullOptions,
  line: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const stalled = new AbortController()
  const stall = setTimeout(() => stalled.abort(), STALLED)
  const progress = new PullProgress()
  try {
    const stop = AbortSignal.any([signal, stalled.signal])
    for await (const message of progressMessages(await startPull(engine, reference, options, stop))) {
      stall.refresh()
      if (message.error !== undefined) throw new Error(message.errorDetail?.message ?? message.error)
      const due = progress.take(message)
      if (due !== undefined) line(due)
    }
    line(progress.summary)
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: 'the pull' }, error)
    const problem = stalled.signal.aborted ? `nothing came for ${STALLED / 1000} s` : engineWords(error)
    throw failure('base-missing', { image: reference, problem }, error)
  } finally {
    clearTimeout(stall)
  }
}

/** POST /images/create. Not dockerode's pull: it cuts references apart itself, and drops the platform's type. */
function startPull(
  engine: Engine,
  reference: string,
  { platform, credentials }: PullOptions,
  abortSignal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const registry = findImageReference(reference)?.registry ?? DOCKER_HUB
  return new Promise((resolve, reject) => {
    engine.docker.modem.dial(
      {
        path: '/images/create?',
        method: 'POST',
        isStream: true,
        abortSignal,
        ...(credentials ? { authconfig: authConfig(registry, credentials) } : {}),
        statusCodes: { 200: true },
        options: { _query: { fromImage: reference, ...(platform ? { platform } : {}) }, _body: {} },
      },
      // the modem hands out the response when isStream is set
      (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer as AsyncIterable<Buffer>)),
    )
  })
}

export interface PlatformPull {
  readonly reference: ImageReference
  /** As publishedAt tells it. */
  readonly digest: string
  readonly platform: Platform
  /** `repository:tag` that the image gets; ours. */
  readonly tag: string
}

/**
 * Fetches an image for a platform that may not be the engine's. Tags of others stay where they are: it is pulled
 * by digest, tagged, and known by our tag alone afterwards, so that removing that removes it.
 *
 * An engine holds one image per digest and refuses another, so what is pulled is the manifest of the platform and
 * not the list; if only the engine reaches the registry, it has to be the list.
 * @throws base-missing, base-wrong-platform, engine-unreachable, canceled
 */
export async function pullPlatform(
  engine: Engine,
  { reference, digest, platform, tag }: PlatformPull,
  access: RegistryAccess,
  line: (text: string) => void,
  signal: AbortSignal,
): Promise<Image> {
  const list: ImageReference = { ...reference, tag: null, digest }
  const own = await manifestFor(list, platform, access, signal).catch((error: unknown) => {
    if (isFailure(error, 'canceled')) throw error
    return undefined
  })
  const name = `${familiarRepository(reference)}@${own ?? digest}`
  const turns = turnsAt.get(engine) ?? new TurnsByKey()
  turnsAt.set(engine, turns)
  await using _ = await turns.take(name, { signal })
  const before = await findImage(engine, name, signal)
  try {
    await pullImage(engine, name, { platform, credentials: access.credentials }, line, signal)
    // not called off from here to the end: an image between two names would be lost from sight
    const found = await findImage(engine, name)
    if (!found) throw failure('base-missing', { image: name, problem: 'it is gone already' })
    if (!isFor(found, platform))
      throw failure('base-wrong-platform', {
        image: familiar(reference),
        wanted: platform,
        found: found.platform,
      })
    const colon = tag.lastIndexOf(':')
    await tagImage(engine, found.id, tag.slice(0, colon), tag.slice(colon + 1))
    return (await findImage(engine, tag)) ?? found
  } finally {
    // of an engine that is gone in the meantime the error under way tells, or the next call
    if (!before) await removeImage(engine, name).catch(() => {})
  }
}

/** The digest is a name for a moment, and whoever comes second in that moment would take it for somebody's own. */
const turnsAt = new WeakMap<Engine, TurnsByKey>()

/** Many configurations for ARM do not say a variant; there the word of the list of manifests has to do. */
function isFor(image: Image, wanted: Platform): boolean {
  const found = findArchitecture(image.platform)
  if (!found) return false
  if (image.variant === '' && found.goarch === findArchitecture(wanted)?.goarch) return true
  return runsOn(found.platform, wanted)
}
