// Waiting for work that goes on by itself.
import { failure } from '../core/errors.ts'

/** Waits for `work`, but no longer than somebody is there to wait. @throws canceled */
export async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const give = () => aborted.reject(failure('canceled', { what: 'waiting for containers to stop' }))
  signal.addEventListener('abort', give, { once: true })
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', give)
  }
}
