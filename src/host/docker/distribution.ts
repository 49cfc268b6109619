// What a registry has of an image, asked through the engine: it knows mirrors, proxies and certificates.
import * as z from 'zod'
import { failure, isFailure } from '../../core/errors.ts'
import { familiar, type ImageReference } from '../../core/image-reference.ts'
import { type Platform, platformOf } from '../../core/platform.ts'
import { platformsAt } from '../registry/client.ts'
import type { RegistryAccess } from '../registry/credentials.ts'
import { answered, engineStatus } from './call.ts'
import type { Engine } from './engine.ts'
import { authConfig, callThroughRegistry, engineWords, REGISTRY_LIMIT } from './login.ts'

export type Published =
  | {
      readonly state: 'published'
      /** Of the manifest, or of the list of manifests. */
      readonly digest: string
      /** Those that Crew knows, each once; none when the registry has it for other platforms only. */
      readonly platforms: readonly Platform[]
    }
  /** No such repository or tag. */
  | { readonly state: 'absent' }
  /** There may be one, and these credentials do not see it. Docker Hub says so of what does not exist, too. */
  | { readonly state: 'denied' }
  | { readonly state: 'unreachable'; readonly problem: string }

const answerShape = z.object({
  Descriptor: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  Platforms: z
    .array(
      z.object({
        os: z.string().catch(''),
        architecture: z.string().catch(''),
        variant: z.string().optional().catch(undefined),
      }),
    )
    .nullish(),
})

/** Words of engines that pass every error on as their own fault (500); newer ones have a status for each. */
const DENIED = /unauthorized|no basic auth credentials|access denied|access .* is denied|\bdenied: /i
const ABSENT = /manifest unknown|name unknown|repository name not known|: not found\b|no such manifest/i

/**
 * What an answer of the engine other than 200 says of the image. Pure.
 * @param status its HTTP status @param words the engine's message
 */
export function judgeAnswer(status: number, words: string): Published {
  if (status === 401 || status === 403) return { state: 'denied' }
  if (status === 404) return DENIED.test(words) ? { state: 'denied' } : { state: 'absent' }
  if (DENIED.test(words)) return { state: 'denied' }
  if (ABSENT.test(words)) return { state: 'absent' }
  return { state: 'unreachable', problem: words || `the engine answered ${status}` }
}

/**
 * Asks for which platforms an image is published. A registry that does not answer is given up after 20 s.
 * @throws engine-unreachable, engine-error, canceled
 */
export async function publishedAt(
  engine: Engine,
  reference: ImageReference,
  access: RegistryAccess,
  signal: AbortSignal,
): Promise<Published> {
  try {
    const answer = await callThroughRegistry(engine, signal, (stop) => ask(engine, reference, access, stop))
    if (answer === undefined)
      return {
        state: 'unreachable',
        problem: `${reference.registry} did not answer within ${REGISTRY_LIMIT / 1000} s`,
      }
    const { Descriptor, Platforms } = answerShape.parse(answer)
    const { digest } = Descriptor
    if (Platforms && Platforms.length > 0) {
      const known = Platforms.flatMap(
        ({ os, architecture, variant }) => platformOf(os, architecture, variant) ?? [],
      )
      return { state: 'published', digest, platforms: [...new Set(known)] }
    }
    // the engine reads the platform of Docker's manifests only, not that of a single OCI manifest
    const platforms = await platformsAt({ ...reference, digest }, access, signal)
    return { state: 'published', digest, platforms: platforms ?? [] }
  } catch (error) {
    if (isFailure(error, 'registry-failed')) return { state: 'unreachable', problem: error.message }
    if (error instanceof z.ZodError)
      throw failure('engine-error', { problem: 'its answer about a registry cannot be read' }, error)
    const status = engineStatus(error)
    if (status === undefined || answered(error, 400)) throw error
    return judgeAnswer(status, engineWords(error))
  }
}

function ask(
  engine: Engine,
  reference: ImageReference,
  { credentials }: RegistryAccess,
  abortSignal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    engine.docker.modem.dial(
      {
        path: `/distribution/${familiar(reference)}/json`,
        method: 'GET',
        abortSignal,
        ...(credentials ? { authconfig: authConfig(reference.registry, credentials) } : {}),
        statusCodes: { 200: true },
      },
      (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)),
    )
  })
}
