// Fetches one file over HTTP: so many bytes at most, so many redirects, and never from https to http.

import type { IncomingMessage } from 'node:http'
import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { failure, messageOf } from '../../core/errors.ts'

const MOST_REDIRECTS = 5
/** Nothing came for this long: the server is as good as not there. */
const SILENCE = 60_000

/** What a server answered instead of the file, or that it did not answer. Made into an error for a person by those who asked. */
export class DownloadError extends Error {
  readonly status: number | undefined

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DownloadError'
    this.status = status
  }
}

/**
 * @param most bytes
 * @throws DownloadError, canceled
 */
export async function download(url: string, most: number, signal: AbortSignal): Promise<Buffer> {
  let at = new URL(url)
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const answer = await ask(at, signal)
    const status = answer.statusCode ?? 0
    const { location } = answer.headers
    if (status < 300 || status >= 400 || location === undefined) return await take(answer, at, most, signal)
    answer.destroy()
    const next = new URL(location, at)
    if (next.protocol !== 'https:' && (next.protocol !== 'http:' || at.protocol === 'https:'))
      throw new DownloadError(`${at.href} leads to ${next.protocol}`)
    at = next
  }
  throw new DownloadError(`${url} leads on more than ${MOST_REDIRECTS} times`)
}

function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  if (signal.aborted) throw failure('canceled', { what: 'a download' })
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestTls : requestPlain
    // agent: a connection that is kept would keep the daemon from ending
    const asked = request(url, { signal, agent: false, timeout: SILENCE, headers: { 'User-Agent': 'crew' } })
    asked.once('response', resolve)
    asked.once('timeout', () => asked.destroy(new Error(`nothing came for ${SILENCE / 1000} s`)))
    asked.on('error', (error) => reject(explain(error, url, signal)))
    asked.end()
  })
}

const explain = (error: unknown, url: URL, signal: AbortSignal) =>
  signal.aborted
    ? failure('canceled', { what: 'a download' }, error)
    : new DownloadError(`${url.href}: ${messageOf(error)}`, undefined, { cause: error })

async function take(answer: IncomingMessage, url: URL, most: number, signal: AbortSignal): Promise<Buffer> {
  const { statusCode, statusMessage } = answer
  if (statusCode !== 200) {
    answer.destroy()
    throw new DownloadError(`${url.href}: ${statusCode} ${statusMessage ?? ''}`.trim(), statusCode)
  }
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > most) throw new Error(`it is larger than ${Math.round(most / 1e6)} MB`)
      chunks.push(chunk)
    }
  } catch (error) {
    throw explain(error, url, signal)
  }
  return Buffer.concat(chunks)
}
