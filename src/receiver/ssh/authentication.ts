// Who is it: the one method is a public key that is registered, with a signature that proves its possession.
import { timingSafeEqual } from 'node:crypto'
import ssh2, { type AuthContext, type PublicKeyAuthContext } from 'ssh2'
import { fingerprintOf } from './public-key.ts'

export interface KnownKey {
  readonly name: string
  readonly publicKey: string
}

/** Cut of the store's table of keys. */
export interface KeyRing {
  findByFingerprint(fingerprint: string): KnownKey | undefined
}

export type Judgement =
  /** The key is known; the client may go on and sign. */
  | { readonly kind: 'offered' }
  /** The signature is good. */
  | { readonly kind: 'proven'; readonly who: string; readonly fingerprint: string }
  | { readonly kind: 'refused'; readonly fingerprint: string; readonly problem: string }
  /** Another method, such as a password: not offered here. */
  | { readonly kind: 'other-method' }

/** Judges one attempt. @param users names that may log in; which of them is used makes no difference */
export function judge(attempt: AuthContext, keys: KeyRing, users: readonly string[]): Judgement {
  if (attempt.method !== 'publickey') return { kind: 'other-method' }
  const fingerprint = fingerprintOf(attempt.key.data)
  const refused = (problem: string): Judgement => ({ kind: 'refused', fingerprint, problem })
  // looked up whatever the user name is, so that neither answer is faster
  const known = keys.findByFingerprint(fingerprint)
  const allowed = users.includes(attempt.username)
  if (!known) return refused('the key is not registered')
  if (!allowed) return refused('this user name may not log in')
  const key = ssh2.utils.parseKey(known.publicKey)
  if (key instanceof Error || key.type !== attempt.key.algo || !equal(key.getPublicSSH(), attempt.key.data))
    return refused('the key is not what is registered')
  if (!attempt.signature || !attempt.blob) return { kind: 'offered' }
  // ssh-rsa without a hash is SHA-1 (RFC 8332 has the better ones)
  if (key.type === 'ssh-rsa' && !attempt.hashAlgo) return refused('SHA-1 signatures are not accepted')
  return isProven(attempt, key)
    ? { kind: 'proven', who: known.name, fingerprint }
    : refused('the signature is wrong')
}

function isProven({ blob, signature, hashAlgo }: PublicKeyAuthContext, key: ssh2.ParsedKey): boolean {
  // verify returns an Error for what it cannot read
  return blob !== undefined && signature !== undefined && key.verify(blob, signature, hashAlgo) === true
}

const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
