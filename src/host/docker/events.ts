// The engine's events: which container has just started.
import { Readable } from 'node:stream'
import { failure } from '../../core/errors.ts'
import { type Engine, engineFailure } from './engine.ts'

export interface Started {
  readonly id: string
  /** Seconds since 1970 with nine decimals, as `since` of the logs takes it. */
  readonly time: string
}

/** One line of the answer of GET /events; undefined when it is not what was asked for. */
export function parseStarted(line: string): Started | undefined {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null || !('timeNano' in event) || !('id' in event))
    return undefined
  // timeNano is over 2^53, so its last digits are lost: the whole second is early enough
  const time = `${Math.floor(Number(event.timeNano) / 1e9)}.000000000`
  return { id: String(event.id), time }
}

/**
 * Containers with these labels as they start, until `signal` fires.
 * @throws canceled, engine-unreachable, engine-error
 */
export async function* containerStarts(
  engine: Engine,
  label: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Started> {
  try {
    const filters = { type: ['container' as const], event: ['start'], label: [...label] }
    const options = { filters, abortSignal: signal }
    const stream = new Readable().wrap(await engine.docker.getEvents(options))
    const end = () => stream.destroy()
    signal.addEventListener('abort', end, { once: true })
    try {
      let rest = ''
      for await (const chunk of stream) {
        const lines = (rest + String(chunk)).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const started = line.trim() === '' ? undefined : parseStarted(line)
          if (started) yield started
        }
      }
    } finally {
      signal.removeEventListener('abort', end)
    }
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: 'listening to the Docker engine' }, error)
    throw engineFailure(engine, error)
  }
}
