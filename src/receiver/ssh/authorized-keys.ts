// The registered keys as a file for another SSH server, each with a forced command that says whose it is; and keys of
// such a file that are registered here.
import { readFile } from 'node:fs/promises'
import { isFailure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { writeWhole } from '../../host/files/write.ts'
import { type PublicKey, parsePublicKey } from './public-key.ts'

interface RegisteredKey {
  readonly name: string
  readonly fingerprint: string
  readonly publicKey: string
}

/** Cut of the store's table of keys. */
export interface KeyStore {
  list(): readonly RegisteredKey[]
  add(key: RegisteredKey): void
  findByFingerprint(fingerprint: string): unknown
}

/** Lines of authorized_keys(5): no forwarding, and the key's fingerprint as the command. Pure. */
export const authorizedKeys = (keys: readonly RegisteredKey[]): string =>
  keys
    .map(({ publicKey, fingerprint, name }) => `restrict,pty,command="${fingerprint}" ${publicKey} ${name}\n`)
    .join('')

/** Writes the file of the setting ssh-authorized-keys; its readers see the old one or the new one. */
export async function publishKeys(file: string, keys: Pick<KeyStore, 'list'>): Promise<void> {
  // sshd reads it with the rights of the account that is logged in to; public keys are no secret
  if (file !== '') await writeWhole(file, authorizedKeys(keys.list()), 0o644)
}

/** A name for a key, from its comment. Pure. @param taken names that are in use */
export function keyName(comment: string, taken: (name: string) => boolean): string {
  const word = comment
    .replace(/[^A-Za-z0-9_.@-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 50)
  const base = word === '' || word === 'local' ? 'admin' : word
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`
    if (!taken(name)) return name
  }
}

/**
 * Registers the keys of the setting ssh-admin-keys that are not registered yet; what is no key is told and skipped.
 * @returns names of those that are new
 */
export async function registerAdmins(file: string, keys: KeyStore, log: Log): Promise<string[]> {
  if (file === '') return []
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    log.warn({ file, problem: messageOf(error) }, 'the keys of admins cannot be read')
    return ''
  })
  const added: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    let key: PublicKey
    try {
      key = parsePublicKey(line)
    } catch (error) {
      if (!isFailure(error)) throw error
      log.warn({ file, line: index + 1, problem: error.message }, 'a key of an admin was skipped')
      continue
    }
    if (keys.findByFingerprint(key.fingerprint)) continue
    const names = new Set(keys.list().map(({ name }) => name))
    const name = keyName(key.comment, (each) => names.has(each))
    keys.add({ name, fingerprint: key.fingerprint, publicKey: key.publicKey })
    added.push(name)
  }
  return added
}
