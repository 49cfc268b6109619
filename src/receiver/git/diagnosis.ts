// Why git itself refused a push, told from its own words, so that the pusher can be told what to do.
import { type CrewError, failure } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'

const TOO_LARGE = 'pack exceeds maximum allowed size'
const BROKEN = [
  'fsck error',
  'unresolved delta',
  'pack has bad object',
  'pack is corrupted',
  'inflate returned',
  'inflate: data stream error',
  'pack signature mismatch',
  'invalid object',
  'final sha1 did not match',
]
/** Head of a packet of progress (gitprotocol-pack(5), side-band-64k); git may cut a sentence into several. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: band 2 is what is looked for
const PACKET_HEAD = /[0-9a-f]{4}\u0002/g
/** As much of what came before is kept, since a phrase may be cut in two: a phrase and some heads. */
const OVERLAP = 128

/** Watches what receive-pack tells the pusher; git's messages are in the C locale (host/git/environment.ts). */
export class Diagnosis {
  #tail = ''
  #found: 'too-large' | 'broken' | undefined

  watch(chunk: Buffer): void {
    if (this.#found) return
    const raw = this.#tail + chunk.toString('latin1')
    const text = raw.replace(PACKET_HEAD, '')
    if (text.includes(TOO_LARGE)) this.#found = 'too-large'
    else if (BROKEN.some((phrase) => text.includes(phrase))) this.#found = 'broken'
    this.#tail = raw.slice(-OVERLAP)
  }

  /** @param maxSize the limit that was set, in bytes */
  error(maxSize: number): CrewError | undefined {
    if (this.#found === 'too-large') return failure('push-too-large', { limit: formatSize(maxSize) })
    return this.#found && failure('push-broken', {})
  }
}
