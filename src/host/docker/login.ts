// Credentials on their way through the engine to a registry.
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import { DOCKER_HUB } from '../../core/image-reference.ts'
import type { Credentials } from '../registry/credentials.ts'
import { CHANGE_LIMIT, call, engineStatus } from './call.ts'
import type { Engine } from './engine.ts'

/** The engine knows Docker Hub by the address of its first version. */
const HUB_ADDRESS = `https://index.${DOCKER_HUB}/v1/`

/** Milliseconds that a registry may take for a question. */
export const REGISTRY_LIMIT = 20_000

/** AuthConfig of the engine's API, as the modem puts it into X-Registry-Auth. */
export const authConfig = (registry: string, { username, password }: Credentials) => ({
  username,
  password,
  serveraddress: registry === DOCKER_HUB ? HUB_ADDRESS : registry,
})

/** The engine's words for a person: without the modem's prefix, on one line. */
export const engineWords = (error: unknown): string =>
  messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .replace(/^the Docker engine refused: /, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, 500)

/**
 * Makes a call that the engine answers only when a registry has answered it.
 * @returns undefined when it took longer than REGISTRY_LIMIT @throws as `call`
 */
export async function callThroughRegistry<T>(
  engine: Engine,
  signal: AbortSignal,
  make: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const late = AbortSignal.timeout(REGISTRY_LIMIT)
  try {
    return await call(engine, CHANGE_LIMIT, AbortSignal.any([signal, late]), make)
  } catch (error) {
    if (late.aborted && !signal.aborted && isFailure(error, 'canceled')) return undefined
    throw error
  }
}

/**
 * Has the engine log in at a registry; nothing is kept of it, there or here.
 * @param registry as parseServer gives it
 * @throws registry-refused with the registry's words, engine-unreachable, canceled
 */
export async function checkLogin(
  engine: Engine,
  registry: string,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<void> {
  const refused = (problem: string, cause?: unknown) =>
    failure('registry-refused', { registry, username: credentials.username, problem }, cause)
  const options = authConfig(registry, credentials)
  // dockerode's types know no abortSignal here; it takes it out of the options
  const ask = (abortSignal: AbortSignal) => engine.docker.checkAuth({ ...options, abortSignal })
  try {
    const done = await callThroughRegistry(engine, signal, async (stop) => (await ask(stop)) ?? true)
    if (done === undefined) throw refused(`it did not answer within ${REGISTRY_LIMIT / 1000} s`)
  } catch (error) {
    if (engineStatus(error) !== undefined) throw refused(engineWords(error), error)
    throw error
  }
}
