// What the engine does not tell of an image that is not there: its labels, and which manifest is for a platform.
import { failure, messageOf } from '../../core/errors.ts'
import type { ImageReference } from '../../core/image-reference.ts'
import { architectureOf, type Platform } from '../../core/platform.ts'
import type { RegistryAccess } from './credentials.ts'
import { type Labels, parseConfiguration, parseManifest } from './manifest.ts'
import { NotThere, RegistrySession } from './session.ts'

/** Milliseconds that all questions about one image may take together. */
const LIMIT = 20_000

/**
 * Labels of an image for whatever platform, amd64 first, since they tell of its source: the configuration's, and
 * before them the annotations of manifest and list, where the official images have theirs.
 * @returns undefined when the registry has no such image, or not for these credentials
 * @throws registry-failed when it does not answer or not as it should, canceled
 */
export async function imageLabels(
  reference: ImageReference,
  access: RegistryAccess,
  signal: AbortSignal,
): Promise<Labels | undefined> {
  return withSession(reference, access, signal, (session) => readLabels(session, reference))
}

/** Platforms that an image is published for. @returns, @throws as imageLabels */
export async function platformsAt(
  reference: ImageReference,
  access: RegistryAccess,
  signal: AbortSignal,
): Promise<Platform[] | undefined> {
  return withSession(reference, access, signal, async (session) => {
    const manifest = parseManifest((await session.manifest(nameOf(reference))).body)
    const all =
      manifest.kind === 'list' ? manifest.entries : [parseConfiguration(await session.blob(manifest.config))]
    return [...new Set(all.flatMap(({ platform }) => platform ?? []))]
  })
}

/**
 * Digest of the manifest for a platform: the very one, else that of the newest older variant.
 * @returns undefined also when the image has one manifest only, whatever it is for
 * @throws as imageLabels
 */
export async function manifestFor(
  reference: ImageReference,
  platform: Platform,
  access: RegistryAccess,
  signal: AbortSignal,
): Promise<string | undefined> {
  return withSession(reference, access, signal, async (session) => {
    const manifest = parseManifest((await session.manifest(nameOf(reference))).body)
    if (manifest.kind === 'image') return undefined
    const wanted = [platform, ...architectureOf(platform).runs]
    const found = wanted.flatMap(
      (each) => manifest.entries.find((entry) => entry.platform === each)?.digest ?? [],
    )
    return found[0]
  })
}

const nameOf = ({ digest, tag }: ImageReference) => digest ?? tag ?? 'latest'

/** Looks into one image of a list, or into the one there is. */
async function readLabels(session: RegistrySession, reference: ImageReference): Promise<Labels> {
  const first = parseManifest((await session.manifest(nameOf(reference))).body)
  if (first.kind === 'image') return { ...first.annotations, ...(await labelsOf(session, first.config)) }
  const entry =
    first.entries.find(({ platform }) => platform === 'linux/amd64') ??
    first.entries.find(({ platform }) => platform)
  if (!entry) return first.annotations
  const image = parseManifest((await session.manifest(entry.digest)).body)
  if (image.kind === 'list') throw new Error('its list of manifests leads to another list')
  const annotations = { ...first.annotations, ...image.annotations, ...entry.annotations }
  return { ...annotations, ...(await labelsOf(session, image.config)) }
}

const labelsOf = async (session: RegistrySession, config: string): Promise<Labels> =>
  parseConfiguration(await session.blob(config)).labels

async function withSession<T>(
  reference: ImageReference,
  access: RegistryAccess,
  signal: AbortSignal,
  ask: (session: RegistrySession) => Promise<T>,
): Promise<T | undefined> {
  const late = AbortSignal.timeout(LIMIT)
  try {
    using session = new RegistrySession(reference, access, AbortSignal.any([signal, late]))
    return await ask(session)
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: `asking ${reference.registry}` }, error)
    if (error instanceof NotThere) return undefined
    const { registry } = reference
    const problem = late.aborted ? `it did not answer within ${LIMIT / 1000} s` : wordsOf(error)
    throw failure('registry-failed', { registry, problem, hint: 'check its name and the network' }, error)
  }
}

/** zod's messages are pages of JSON, a connection that failed on every address has none. */
function wordsOf(error: unknown): string {
  if (error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError'))
    return 'its answer is not of the form that it should have'
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return messageOf(error)
}
