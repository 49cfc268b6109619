// Starts the SSH server of an instance: its keys first, then it listens.
import type { Paths } from '../../config/paths.ts'
import type { Settings } from '../../config/settings.ts'
import type { Log } from '../../core/log.ts'
import type { SessionHandler } from '../session.ts'
import type { KeyRing } from './authentication.ts'
import { type KeyStore, publishKeys, registerAdmins } from './authorized-keys.ts'
import { readFront } from './front.ts'
import { loadHostKey } from './host-key.ts'
import { SshServer } from './server.ts'

export interface SshStart {
  readonly settings: Settings
  readonly paths: Pick<Paths, 'hostKey'>
  readonly keys: KeyRing & KeyStore
  readonly handle: SessionHandler
  readonly log: Log
}

/** @throws port-taken, setting-invalid, value-invalid for a file that holds no key */
export async function startSsh({ settings, paths, keys, handle, log }: SshStart) {
  const admins = await registerAdmins(settings['ssh-admin-keys'], keys, log)
  if (admins.length > 0) log.info({ names: admins }, 'keys of admins were registered')
  await publishKeys(settings['ssh-authorized-keys'], keys)
  const file = settings['ssh-front-key']
  const front = file === '' ? undefined : await readFront(file)
  const server = new SshServer({ settings, hostKey: await loadHostKey(paths), keys, front, handle, log })
  return { server, address: await server.listen() }
}
