// An SSH server in front of this one, on the same machine: it has authenticated whoever opened a session, and says in
// the variable CREW_KEY with which key. OpenSSH on port 22 of a Skiff board is one.
import { readFile } from 'node:fs/promises'
import { failure } from '../../core/errors.ts'
import type { KeyRing, KnownKey } from './authentication.ts'
import { parsePublicKey } from './public-key.ts'

/** Variable of a session (RFC 4254, 6.4) that holds the fingerprint of the key that the front was shown. */
export const KEY_VARIABLE = 'CREW_KEY'
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/

/** The front's own key, which logs in as nobody until a session says for whom. */
export interface Front extends KnownKey {
  readonly fingerprint: string
}

/** @throws value-invalid when the file holds no key, and what reading it throws */
export async function readFront(file: string): Promise<Front> {
  const { publicKey, fingerprint } = parsePublicKey(await readFile(file, 'utf8'))
  return { name: 'front', publicKey, fingerprint }
}

/** The ring with the front's key on it; a registered key of the same fingerprint is the front's nevertheless. */
export const withFront = (keys: KeyRing, front: Front | undefined): KeyRing =>
  front
    ? { findByFingerprint: (asked) => (asked === front.fingerprint ? front : keys.findByFingerprint(asked)) }
    : keys

/** Only a server of this machine is one. */
export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address)

/**
 * Who a session of the front is for.
 * @param claimed what CREW_KEY says
 * @throws key-unknown for a key that is not, or no longer, registered
 */
export function whoBehind(keys: KeyRing, claimed: string | undefined): string {
  const known =
    claimed !== undefined && FINGERPRINT.test(claimed) ? keys.findByFingerprint(claimed) : undefined
  if (known) return known.name
  throw failure('key-unknown', { fingerprint: claimed === undefined ? '' : claimed.slice(0, 60) })
}
