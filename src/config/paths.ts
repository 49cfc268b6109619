// Where things lie below the root.
import { join } from 'node:path'

/** Paths of an instance. `run` holds what a reboot may lose. */
export function pathsOf(root: string) {
  return {
    root,
    database: join(root, 'crew.db'),
    hostKey: join(root, 'ssh_host_ed25519_key'),
    settings: join(root, 'settings.conf'),
    repositories: join(root, 'repositories'),
    hooks: join(root, 'hooks'),
    work: join(root, 'work'),
    /** Other people's repositories, fetched to see how images are made. */
    sources: join(root, 'sources'),
    router: join(root, 'router'),
    run: join(root, 'run'),
    controlSocket: join(root, 'run', 'crew.sock'),
    lock: join(root, 'run', 'crew.lock'),
  }
}

export type Paths = ReturnType<typeof pathsOf>
