// What a container wrote: a stream of lines with their times, standard output and error together.
import type { IncomingMessage } from 'node:http'
import { failure } from '../../core/errors.ts'
import { type Engine, engineFailure, statusOf } from './engine.ts'

export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC; sorts as text. */
  readonly time: string
  readonly text: string
}

export interface LogOptions {
  /** Newest lines to begin with. */
  readonly tail: number | 'all'
  /** Nothing from before this time: seconds since 1970, with nine decimals if need be. */
  readonly since?: string
  /** Goes on as long as the container runs. */
  readonly follow: boolean
}

const HEADER = 8
/** A line longer than this is handed on in pieces, so that memory stays bounded. */
const LONGEST_LINE = 256 * 1024

/**
 * Takes the engine's multiplexed stream and gives back lines. A frame is type, three zeros, length as 32 bits
 * (API reference, "Stream format"), then `<time> <text>`; a line over 16 KiB comes as several frames.
 */
export class LogParser {
  #pending: Buffer = Buffer.alloc(0)
  readonly #partial = new Map<number, LogLine>()

  push(chunk: Buffer): LogLine[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const lines: LogLine[] = []
    while (this.#pending.length >= HEADER) {
      const end = HEADER + this.#pending.readUInt32BE(4)
      if (this.#pending.length < end) break
      const stream = this.#pending.readUInt8(0)
      const line = this.#frame(stream, this.#pending.toString('utf8', HEADER, end))
      if (line) lines.push(line)
      this.#pending = this.#pending.subarray(end)
    }
    return lines
  }

  /** What was written without a line feed at the end. */
  end(): LogLine[] {
    const rest = [...this.#partial.values()]
    this.#partial.clear()
    return rest
  }

  #frame(stream: number, raw: string): LogLine | undefined {
    const space = raw.indexOf(' ')
    const before = this.#partial.get(stream)
    const line = {
      time: before?.time ?? raw.slice(0, space),
      text: (before?.text ?? '') + raw.slice(space + 1),
    }
    if (!line.text.endsWith('\n') && line.text.length < LONGEST_LINE) {
      this.#partial.set(stream, line)
      return undefined
    }
    this.#partial.delete(stream)
    return { ...line, text: line.text.replace(/\r?\n$/, '') }
  }
}

function open(
  engine: Engine,
  id: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const query = { stdout: true, stderr: true, timestamps: true, ...options }
  return new Promise((resolve, reject) => {
    // not container.logs(): without `follow` that holds the whole answer in memory
    engine.docker.modem.dial(
      {
        path: `/containers/${id}/logs?`,
        method: 'GET',
        isStream: true,
        abortSignal: signal,
        statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
        options: query,
      },
      (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as IncomingMessage)),
    )
  })
}

/**
 * Lines of one container, oldest first. A container that is gone has none.
 * @throws canceled, engine-unreachable, engine-error
 */
export async function* logLines(
  engine: Engine,
  id: string,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const parser = new LogParser()
  try {
    const stream = await open(engine, id, options, signal)
    const end = () => stream.destroy()
    signal.addEventListener('abort', end, { once: true })
    try {
      for await (const chunk of stream) yield* parser.push(chunk)
      yield* parser.end()
    } finally {
      signal.removeEventListener('abort', end)
      stream.destroy()
    }
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: 'reading logs' }, error)
    if (statusOf(error) !== 404) throw engineFailure(engine, error)
  }
}
