// Calls of the engine: each has a limit, takes a signal, and fails with an error for a person.
import { failure } from '../../core/errors.ts'
import { type Engine, engineFailure, statusOf, unreachable } from './engine.ts'

/** What questions may take; a board on a slow card answers in seconds when it is busy. */
export const ASK_LIMIT = 30_000
/** What changes (create, start, remove) may take. */
export const CHANGE_LIMIT = 120_000

/** The HTTP status that a failed call was answered with; undefined when there was no answer. */
export const engineStatus = (error: unknown): number | undefined =>
  statusOf(error instanceof Error && error.cause ? error.cause : error)

/** Whether a failed call was answered with one of these HTTP statuses. */
export const answered = (error: unknown, ...statuses: number[]): boolean => {
  const status = engineStatus(error)
  return status !== undefined && statuses.includes(status)
}

/**
 * Makes one call of the engine. It ends when its limit or `signal` says so, also where dockerode passes no signal
 * on; what is left behind then is an answer nobody reads.
 * @param limit milliseconds
 * @param signal calls it off; leave it out where a half-made change would be lost from sight
 * @throws engine-unreachable or builder-unreachable (also when the limit passes), engine-error, canceled
 */
export async function call<T>(
  engine: Engine,
  limit: number,
  signal: AbortSignal | undefined,
  make: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(limit)
  const stop = signal ? AbortSignal.any([signal, late]) : late
  if (stop.aborted) throw failure('canceled', { what: 'a call of the Docker engine' })
  const stopped = Promise.withResolvers<never>()
  const end = () => stopped.reject(stop.reason)
  stop.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([make(stop), stopped.promise])
  } catch (error) {
    if (signal?.aborted) throw failure('canceled', { what: 'a call of the Docker engine' }, error)
    if (late.aborted) {
      const problem = `no answer within ${limit / 1000} s`
      throw unreachable(engine, problem, error)
    }
    throw engineFailure(engine, error)
  } finally {
    stop.removeEventListener('abort', end)
  }
}
