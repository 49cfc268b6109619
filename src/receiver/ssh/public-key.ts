// An SSH public key as people paste it: one line of an id_*.pub or of an authorized_keys file.
import { createHash } from 'node:crypto'
import ssh2 from 'ssh2'
import { failure } from '../../core/errors.ts'

export interface PublicKey {
  /** Such as ssh-ed25519. */
  readonly type: string
  /** `<type> <base64>`, without the comment. */
  readonly publicKey: string
  /** SHA256:… as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly comment: string
}

const ACCEPTED = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
])
const LEAST_RSA_BITS = 2048
const LONGEST = 16 * 1024
const MAKE_ONE = 'ssh-keygen -t ed25519 makes one; its .pub file holds the line that is wanted here'

/** @throws value-invalid saying what is wrong with it */
export function parsePublicKey(text: string): PublicKey {
  if (/PRIVATE KEY/.test(text))
    throw invalid('', 'this is a private key, keep it to yourself: give the .pub file beside it')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const [line = ''] = lines
  if (lines.length === 0) throw invalid('', `it is empty. ${MAKE_ONE}`)
  if (lines.length > 1) throw invalid('', 'give one key at a time, on one line')
  if (line.length > LONGEST) throw invalid(line, `it is longer than ${LONGEST} characters`)

  const [type = '', base64 = '', ...words] = line.trim().split(/[ \t]+/)
  if (type.startsWith('sk-'))
    throw invalid(type, 'keys of security tokens (sk-*) cannot be checked here; use ssh-ed25519')
  if (!ACCEPTED.has(type)) {
    const later = [base64, ...words].some((word) => ACCEPTED.has(word))
    throw invalid(
      line,
      later
        ? 'options before a key are not supported: leave them out'
        : `its type is none of ${[...ACCEPTED].join(', ')}`,
    )
  }
  const blob = Buffer.from(base64, 'base64')
  const key = ssh2.utils.parseKey(`${type} ${base64}`)
  // parseKey is lenient; the blob must be what the line says, to the last character
  if (
    blob.toString('base64') !== base64 ||
    key instanceof Error ||
    key.type !== type ||
    !key.getPublicSSH().equals(blob)
  )
    throw invalid(line, `the key is damaged: it may have been cut. ${MAKE_ONE}`)
  if (type === 'ssh-rsa' && rsaBits(blob) < LEAST_RSA_BITS)
    throw invalid(type, `an RSA key needs at least ${LEAST_RSA_BITS} bits. ${MAKE_ONE}`)
  return { type, publicKey: `${type} ${base64}`, fingerprint: fingerprintOf(blob), comment: words.join(' ') }
}

/** SHA256:… of a public key in wire format (RFC 4253, 6.6). */
export const fingerprintOf = (blob: Buffer): string =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`

/** Length of the modulus, the third field of an ssh-rsa blob (RFC 4253, 6.6). */
function rsaBits(blob: Buffer): number {
  let at = 0
  const field = () => {
    const length = blob.readUInt32BE(at)
    const value = blob.subarray(at + 4, at + 4 + length)
    at += 4 + length
    return value
  }
  field()
  field()
  const modulus = field()
  const first = modulus.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first] ?? 0) - 24)
}

const invalid = (shown: string, rule: string) =>
  failure('value-invalid', {
    what: 'SSH public key',
    value: shown === '' ? '' : JSON.stringify(shown.slice(0, 80)),
    rule,
  })
