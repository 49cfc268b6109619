// Calls of the engine: each has a limit, takes a signal, and fails with an error for a person.
import { failure } from '../../core/errors.ts'
import { type Engine, engineFailure } from './engine.ts'

/** What questions may take; a board on a slow card answers in seconds when it is busy. */
export const ASK_LIMIT = 30_000
/** What changes (create, start, remove) may take. */
export const CHANGE_LIMIT = 120_000

/**
 * Makes one call of the engine.
 * @param limit milliseconds
 * @param signal calls it off; leave it out where a half-made change would be lost from sight
 * @throws engine-unreachable (also when the limit passes), engine-error, canceled
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
  try {
    return await make(stop)
  } catch (error) {
    if (signal?.aborted) throw failure('canceled', { what: 'a call of the Docker engine' }, error)
    if (late.aborted) {
      const problem = `no answer within ${limit / 1000} s`
      throw failure('engine-unreachable', { address: engine.address, problem }, error)
    }
    throw engineFailure(engine, error)
  }
}
