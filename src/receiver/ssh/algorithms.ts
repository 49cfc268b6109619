// What the server offers in the key exchange: nothing that ssh-audit warns about, nothing slow without need.
import type { Algorithms } from 'ssh2'

/**
 * Algorithms for ssh2, best first. The host key is ed25519 because that is the only one there is.
 * @param ciphers the setting ssh-ciphers
 */
export const algorithmsOf = (ciphers: readonly string[]): Algorithms => ({
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  serverHostKey: ['ssh-ed25519'],
  // ssh2 refuses a name it does not know; its types list them, the setting is text
  cipher: [...ciphers] as NonNullable<Algorithms['cipher']> & string[],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com'],
  compress: ['none'],
})
