// An image of busybox, made of Debian's static one: the program, its names, and what every root file system has.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AddedEntry } from '../docker/rootfs.ts'
import { runOrThrow } from '../process/run.ts'

/** Where Debian has it: /bin until bookworm, /usr/bin since. */
const PROGRAM = /^(usr\/)?bin\/busybox$/
export const isBusybox = (path: string): boolean => PROGRAM.test(path)

const USERS = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
`
const GROUPS = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
tty:x:5:
disk:x:6:
mail:x:8:
kmem:x:9:
wheel:x:10:root
audio:x:29:
www-data:x:33:
operator:x:37:
video:x:28:
users:x:100:
nogroup:x:65534:
`

/** Nobody logs in with a password. */
const shadow = () =>
  USERS.trim()
    .split('\n')
    .map((line) => `${line.split(':')[0]}:*:::::::\n`)
    .join('')

/**
 * The whole tree. Pure.
 * @param applets the names by which the program is called
 */
export function busyboxTree(program: Uint8Array, applets: readonly string[]): AddedEntry[] {
  const folder = (path: string, mode = 0o755, owner = 0): AddedEntry => ({ path, folder: true, mode, owner })
  const names = applets.filter((name) => name !== 'busybox' && /^[\w.[+-]+$/.test(name))
  return [
    folder('bin'),
    { path: 'bin/busybox', content: program, mode: 0o755 },
    ...[...new Set(names)].sort().map((name) => ({ path: `bin/${name}`, link: 'busybox' })),
    folder('dev'),
    folder('etc'),
    { path: 'etc/group', content: GROUPS },
    { path: 'etc/passwd', content: USERS },
    { path: 'etc/shadow', content: shadow(), mode: 0o600 },
    folder('home', 0o755, 65534),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    folder('usr'),
    folder('usr/bin'),
    { path: 'usr/bin/env', link: '../../bin/env' },
    folder('usr/sbin'),
    folder('var'),
    folder('var/spool'),
    folder('var/spool/mail', 0o755, 8),
    folder('var/www', 0o755, 33),
  ]
}

export interface Busybox {
  /** `busybox-static=1:1.35.0-4+b5`, as its own banner has it. */
  readonly package: string
  readonly applets: readonly string[]
}

/** What a first line of the program says of its package: BusyBox v1.35.0 (Debian 1:1.35.0-4+b5) multi-call binary. */
export const busyboxPackage = (banner: string): string => {
  const [, version, debian] = /^BusyBox v(\S+) (?:\(\w+ ([^)\s]+)\))?/.exec(banner) ?? []
  return `busybox-static=${debian ?? version ?? 'unknown'}`
}

const LIMIT = 60_000

/**
 * Asks the program itself, natively or by the kernel's emulator.
 * @param folder for a copy of it
 * @throws process-failed, canceled
 */
export async function askBusybox(program: Uint8Array, folder: string, signal: AbortSignal): Promise<Busybox> {
  const file = join(folder, 'busybox')
  await writeFile(file, program, { mode: 0o700 })
  const options = { signal, timeout: LIMIT, env: {}, cwd: folder }
  const applets = (await runOrThrow(file, ['--list'], options)).split('\n').filter((name) => name !== '')
  const banner = await runOrThrow(file, ['busybox'], options)
  return { package: busyboxPackage(banner), applets }
}
