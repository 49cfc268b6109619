// Reading what a person types or pipes into a command: bounded in size and in time.
import type { Readable } from 'node:stream'
import { failure } from '../core/errors.ts'

export interface ReadOptions {
  readonly signal: AbortSignal
  /** Most bytes to take. */
  readonly limit: number
  /** Told of each piece; ends the reading before the end of the stream. */
  readonly enough?: (bytes: Buffer) => boolean
  /** Milliseconds to wait in all. */
  readonly timeout?: number
}

const PATIENCE = 5 * 60_000

/**
 * Reads to the end of the stream.
 * @throws value-invalid when there is more than `limit`, timed-out, canceled
 */
export async function readInput(stdin: Readable, options: ReadOptions): Promise<Buffer> {
  const { signal, limit, enough = () => false, timeout = PATIENCE } = options
  if (signal.aborted) throw failure('canceled', { what: 'reading the input' })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const chunks: Buffer[] = []
  let size = 0
  const take = (chunk: Buffer | string) => {
    chunks.push(Buffer.from(chunk))
    size += Buffer.byteLength(chunk)
    if (size > limit)
      reject(
        failure('value-invalid', { what: 'input', value: `of over ${limit} bytes`, rule: 'it is too long' }),
      )
    else if (enough(Buffer.from(chunk))) resolve()
  }
  const cancel = () => reject(failure('canceled', { what: 'reading the input' }))
  const timer = setTimeout(() => {
    reject(failure('timed-out', { what: 'waiting for input', seconds: timeout / 1000, hint: 'try again' }))
  }, timeout)
  const end = () => resolve()
  signal.addEventListener('abort', cancel, { once: true })
  stdin.on('data', take).once('end', end).once('close', end).once('error', cancel)
  if (stdin.readableEnded || stdin.destroyed) resolve()
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
    stdin.off('data', take).off('end', end).off('close', end).off('error', cancel)
    stdin.pause()
  }
  return Buffer.concat(chunks)
}

/** Reads one line, as piped or as typed; without its line end. */
export async function readLine(stdin: Readable, signal: AbortSignal): Promise<string> {
  const input = await readInput(stdin, { signal, limit: 4096, enough: (bytes) => bytes.includes('\n') })
  const [line = ''] = input.toString('utf8').split(/\r?\n/)
  return line
}
