// A conversation with one registry about one repository (OCI distribution specification), logged in when it asks.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { DOCKER_HUB, type ImageReference } from '../../core/image-reference.ts'
import { type Challenge, parseChallenges } from './challenge.ts'
import type { RegistryAccess } from './credentials.ts'
import { type Answer, HttpClient } from './http.ts'
import { MANIFEST_TYPES } from './manifest.ts'

/** Bytes of a manifest or a configuration. */
const MOST_BYTES = 4 * 2 ** 20
const MOST_TOKEN = 2 ** 18

const tokenShape = z.object({
  token: z.string().min(1).optional().catch(undefined),
  access_token: z.string().min(1).optional().catch(undefined),
})

/** It has not got it, or does not show it to us. */
export class NotThere extends Error {}

const digestOf = (body: Buffer) => `sha256:${createHash('sha256').update(body).digest('hex')}`

export class RegistrySession implements Disposable {
  readonly #http: HttpClient
  readonly #base: URL
  readonly #reference: ImageReference
  readonly #access: RegistryAccess
  readonly #signal: AbortSignal
  #authorization: string | undefined

  /** @param signal ends every question */
  constructor(reference: ImageReference, access: RegistryAccess, signal: AbortSignal) {
    this.#reference = reference
    this.#access = access
    this.#signal = signal
    this.#http = new HttpClient(access.insecure ?? [])
    // the registry of Docker Hub is not where its name leads
    const host = reference.registry === DOCKER_HUB ? `registry-1.${DOCKER_HUB}` : reference.registry
    const base = new URL(`https://${host}/v2/${reference.repository}/`)
    if (this.#http.mayBePlain(base)) base.protocol = 'http:'
    this.#base = base
  }

  /**
   * A manifest by tag or digest.
   * @throws NotThere, Error also for one that is not what its digest says
   */
  async manifest(name: string): Promise<{ readonly digest: string; readonly body: Buffer }> {
    const { body, headers } = await this.#get(`manifests/${name}`, MANIFEST_TYPES)
    const digest = digestOf(body)
    const told = name.startsWith('sha256:') ? name : headers['docker-content-digest']
    if (typeof told === 'string' && told.startsWith('sha256:') && told !== digest)
      throw new Error('its manifest is not what its digest says')
    return { digest, body }
  }

  /** @throws NotThere, Error also for one that is not what its digest says */
  async blob(digest: string): Promise<Buffer> {
    const { body } = await this.#get(`blobs/${digest}`, '*/*')
    if (digestOf(body) !== digest) throw new Error('its blob is not what its digest says')
    return body
  }

  async #get(path: string, accept: string): Promise<Answer> {
    const url = new URL(path, this.#base)
    const ask = () =>
      this.#http.get(url, {
        headers: { accept },
        authorization: this.#authorization,
        limit: MOST_BYTES,
        signal: this.#signal,
      })
    let answer = await ask()
    // what a blob redirects to has no business with passwords
    if (answer.status === 401 && answer.url.origin === url.origin && this.#authorization === undefined) {
      this.#authorization = await this.#authorize(answer)
      answer = await ask()
    }
    if (answer.status === 200) return answer
    if ([401, 403, 404].includes(answer.status)) throw new NotThere(`it answered ${answer.status}`)
    throw new Error(
      answer.status === 429 ? 'it has had too many requests from here' : `it answered ${answer.status}`,
    )
  }

  /** The header that meets the challenge. @throws NotThere when we have nothing to meet it with */
  async #authorize({ headers }: Answer): Promise<string> {
    const challenges = parseChallenges(headers['www-authenticate'] ?? '')
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
    if (bearer) return `Bearer ${await this.#token(bearer)}`
    const basic = this.#basic()
    if (basic === undefined || !challenges.some(({ scheme }) => scheme === 'basic'))
      throw new NotThere('it wants a login')
    return basic
  }

  #basic(): string | undefined {
    const { credentials } = this.#access
    if (!credentials) return undefined
    const pair = Buffer.from(`${credentials.username}:${credentials.password}`)
    return `Basic ${pair.toString('base64')}`
  }

  /** Distribution's token authentication: whoever the registry names gives a token for one repository. */
  async #token({ parameters }: Challenge): Promise<string> {
    const realm = parameters.get('realm') ?? ''
    if (!URL.canParse(realm)) throw new Error('it says not where to get a token')
    const url = new URL(realm)
    const service = parameters.get('service')
    if (service !== undefined) url.searchParams.set('service', service)
    const scope = parameters.get('scope') ?? `repository:${this.#reference.repository}:pull`
    url.searchParams.set('scope', scope)
    const authorization = this.#basic()
    const signal = this.#signal
    const { status, body } = await this.#http.get(url, { authorization, limit: MOST_TOKEN, signal })
    if ([400, 401, 403, 404].includes(status)) throw new NotThere(`no token: ${url.host} answered ${status}`)
    if (status !== 200) throw new Error(`${url.host} answered ${status} instead of giving a token`)
    const { token, access_token } = tokenShape.parse(JSON.parse(body.toString('utf8')))
    const given = token ?? access_token
    if (given === undefined || !/^[\x21-\x7e]+$/.test(given)) throw new Error(`${url.host} gave no token`)
    return given
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]()
  }
}
