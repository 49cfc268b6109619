// Questions over HTTP with an end: in bytes, in redirects, in who gets to see a password.
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls, Agent as TlsAgent } from 'node:https'

export interface Answer {
  /** What answered, after all redirects. */
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Question {
  readonly headers?: Readonly<Record<string, string>>
  /** Value of the header; sent to the host of the first address and to no other. */
  readonly authorization?: string | undefined
  /** Most bytes of the answer. */
  readonly limit: number
  readonly signal: AbortSignal
}

const MOST_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** This machine itself: what is sent there passes no wire. */
const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)

/** Connections for one task; closed when it is disposed of. Not fetch, which loads 10 MB of code. */
export class HttpClient implements Disposable {
  readonly #http = new Agent({ keepAlive: true })
  readonly #https = new TlsAgent({ keepAlive: true })
  readonly #insecure: readonly string[]

  /** @param insecure hosts, with a port or without, that may be spoken to without TLS; loopback always may */
  constructor(insecure: readonly string[]) {
    this.#insecure = insecure
  }

  /** Whether an address may be asked without TLS. */
  mayBePlain({ host, hostname }: URL): boolean {
    return isLoopback(hostname) || this.#insecure.includes(host) || this.#insecure.includes(hostname)
  }

  /** GET; redirects are followed. @throws Error when it fails, or when an answer is too large or leads astray */
  async get(address: URL, question: Question): Promise<Answer> {
    let url = address
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const answer = await this.#once(url, question, url.origin === address.origin)
      const { location } = answer.headers
      if (!REDIRECTS.has(answer.status) || location === undefined) return answer
      if (!URL.canParse(location, url.href)) throw new Error('it redirects to what is no address')
      url = new URL(location, url)
    }
    throw new Error('it redirects without end')
  }

  async #once(url: URL, question: Question, ownHost: boolean): Promise<Answer> {
    const { authorization, limit, signal } = question
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && this.mayBePlain(url)))
      throw new Error(`it leads to ${url.protocol}//${url.host}, which has no TLS`)
    if (url.username !== '' || url.password !== '') throw new Error('it leads to an address with a password')
    const headers = {
      ...question.headers,
      ...(ownHost && authorization !== undefined ? { authorization } : {}),
    }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const request =
      url.protocol === 'https:'
        ? requestTls(url, { headers, signal, agent: this.#https }, resolve)
        : requestPlain(url, { headers, signal, agent: this.#http }, resolve)
    request.on('error', reject).end()
    const response = await promise
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      // leaving the loop closes the connection
      if (size > limit) throw new Error(`its answer is larger than ${limit} bytes`)
      chunks.push(chunk)
    }
    return { url, status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }
  }

  [Symbol.dispose](): void {
    this.#http.destroy()
    this.#https.destroy()
  }
}
