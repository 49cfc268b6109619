// Whether the engine is still the one that answered a moment ago.
import { finished } from 'node:stream/promises'
import { type Engine, engineFailure } from './engine.ts'

/**
 * Returns when the engine is gone: stopped, killed or started anew. It waits on an answer that the engine never
 * ends by itself (GET /events, asked for what hardly ever happens), so it costs nothing meanwhile.
 * @param answered called when the engine has begun to answer: from then on it cannot go unseen
 * @throws engine-unreachable when it does not answer in the first place; also when `signal` fires
 */
export async function engineGone(engine: Engine, answered: () => void, signal: AbortSignal): Promise<void> {
  try {
    const options = { filters: { type: ['plugin' as const] }, abortSignal: signal }
    const stream = await engine.docker.getEvents(options)
    answered()
    stream.resume()
    // an engine that is killed breaks the answer off
    await finished(stream).catch(() => {})
  } catch (error) {
    throw engineFailure(engine, error)
  }
}
