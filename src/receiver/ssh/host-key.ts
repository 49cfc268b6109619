// The key by which clients know this server: made once, kept as OpenSSH keeps its own.
import { readFile } from 'node:fs/promises'
import ssh2 from 'ssh2'
import { failure } from '../../core/errors.ts'
import { writeWhole } from '../../host/files/write.ts'

/**
 * Reads the host key, making one when there is no file.
 * @returns an ed25519 private key in OpenSSH's format
 * @throws value-invalid when the file holds something else: a new key would look like an attack to every client
 */
export async function loadHostKey({ hostKey: path }: { readonly hostKey: string }): Promise<string> {
  const found = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (found !== undefined) {
    if (isHostKey(found)) return found
    throw failure('value-invalid', {
      what: 'SSH host key in',
      value: path,
      rule: 'put the right file back, or remove it: a new key is made then, and every client must accept it',
    })
  }
  const made = makeHostKey()
  await writeWhole(path, made, 0o600)
  return made
}

function isHostKey(text: string): boolean {
  const key = ssh2.utils.parseKey(text)
  return !(key instanceof Error) && key.isPrivateKey() && key.type === 'ssh-ed25519'
}

/** Of the ed25519 keys that ssh2 1.17 makes, one in 160 is malformed by its own reading; such a one is not kept. */
export function makeHostKey(): string {
  for (let tries = 0; tries < 100; tries++) {
    const made = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'crew' }).private
    if (isHostKey(made)) return made
  }
  throw new Error('ssh2 makes no host key that it can read')
}
