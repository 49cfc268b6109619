// The peer: Debian as it is installed on a disk, with the same kernel, its own initramfs, systemd and OpenSSH. Its
// packages are really installed, which an emulator does in minutes, so it is kept in CREW_BENCH_FOLDER.
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { gunzipSync } from 'node:zlib'
import { findArchitecture } from '../../src/core/platform.ts'
import { registerEmulator } from '../../src/host/emulation/binfmt.ts'
import { runConfined } from '../../src/host/ground/confined.ts'
import { execute } from '../../test/engine/harness/execute.ts'
import { type Suite, suiteFor } from '../../test/engine/harness/suites.ts'
import { mustEnd } from '../instance.ts'
import { type Bootable, powerOn } from './login.ts'
import { folder, keyPair } from './place.ts'

const PACKAGES = [
  ...['linux-image-arm64', 'initramfs-tools', 'systemd-sysv', 'systemd-resolved', 'udev', 'dbus'],
  'openssh-server',
]
const INSTALL = 60 * 60_000
const DISK = '3G'
const MEMORY = 1024
const CMDLINE = 'root=/dev/vda rw panic=10 quiet console=ttyAMA0'
const NETWORK = '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=yes\n'

/** Debian on a disk, started once before, as ours is. */
export async function stock(): Promise<Bootable> {
  const home = join(folder(), 'debian')
  const at = (name: string) => join(home, name)
  if (!existsSync(home)) await install(home)
  return {
    kernel: at('kernel'),
    initramfs: at('initramfs'),
    cmdline: CMDLINE,
    disks: [{ file: at('disk.img') }],
    forget: true,
  }
}

/** @throws unless both start the same kernel: else they cannot be compared */
export function requireSameKernel({ kernel: gzip }: Bootable, { kernel: plain }: Bootable): void {
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  if (hash(gunzipSync(readFileSync(gzip))) === hash(readFileSync(plain))) return
  throw new Error(
    `Debian's kernel is another one than ours: remove ${join(folder(), 'debian')}, and it is installed anew`,
  )
}

async function install(home: string): Promise<void> {
  const work = mkdtempSync(join(folder(), 'installing-'))
  const root = join(work, 'root')
  const made = join(work, 'debian')
  mkdirSync(made)
  try {
    const { suite, mirror, aptOptions } = await suiteFor('arm64')
    const arm64 = findArchitecture('arm64')
    if (arm64) await registerEmulator(arm64)
    console.error(`       installing Debian ${suite} for arm64: this takes minutes`)
    await fetch({ suite, mirror, aptOptions }, join(work, 'debian.tar'))
    mkdirSync(root)
    const unpack = ['--extract', '--preserve-permissions', '--numeric-owner']
    const from = ['--file', join(work, 'debian.tar'), '--directory', root]
    mustEnd('tar', await execute('tar', [...unpack, ...from], { timeout: 300_000 }))
    await finish(root, made)
    await startOnce(made)
    renameSync(made, home)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Installs Debian into a tar. Nothing of it is left running or mounted, however this ends. */
async function fetch({ suite, mirror, aptOptions }: Suite, file: string): Promise<void> {
  const apt = aptOptions.map((option) => `--aptopt=${option.replace(/=(.*)$/, ' "$1"')}`)
  const what = ['--variant=minbase', '--architectures=arm64', `--include=${PACKAGES.join(',')}`]
  const last: string[] = []
  const { PATH = '', http_proxy, https_proxy } = process.env
  const proxies = { ...(http_proxy ? { http_proxy } : {}), ...(https_proxy ? { https_proxy } : {}) }
  const status = await runConfined(
    'mmdebstrap',
    // the emulator has been asked for, and without arch-test, which mmdebstrap wants only to look
    ['--skip=check/qemu', ...what, ...apt, '--format=tar', '--', suite, '-', `deb ${mirror} ${suite} main`],
    {
      env: { PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C.UTF-8', TMPDIR: dirname(file), ...proxies },
      cwd: '/',
      signal: AbortSignal.timeout(INSTALL),
      line: (text) => last.push(text),
      output: (tar) => pipeline(tar, createWriteStream(file)),
    },
  )
  if (status !== 0) throw new Error(`mmdebstrap (${status}): ${last.slice(-20).join('\n')}`)
}

/** What is installed in `root` becomes a disk that lets us in, and what starts it. */
export async function finish(root: string, made: string): Promise<void> {
  await configure(root)
  const boot = join(root, 'boot')
  for (const [from, to] of [
    ['vmlinuz-', 'kernel'],
    ['initrd.img-', 'initramfs'],
  ] as const) {
    const name = readdirSync(boot).find((each) => each.startsWith(from))
    if (name === undefined) throw new Error(`Debian has no /boot/${from}…`)
    copyFileSync(join(boot, name), join(made, to))
  }
  const disk = join(made, 'disk.img')
  const format = ['-q', '-t', 'ext4', '-d', root, disk, DISK]
  mustEnd('mke2fs', await execute('/sbin/mke2fs', format, { timeout: 300_000 }))
}

async function configure(root: string): Promise<void> {
  const write = (path: string, text: string) => writeFileSync(join(root, path), text)
  mkdirSync(join(root, 'root/.ssh'), { mode: 0o700, recursive: true })
  write('root/.ssh/authorized_keys', readFileSync(`${await keyPair('login')}.pub`, 'utf8'))
  write('etc/systemd/network/80-wired.network', NETWORK)
  write('etc/hostname', 'debian\n')
  write('etc/fstab', '/dev/vda / ext4 defaults 0 1\n')
  const units = [
    '--root',
    root,
    'enable',
    'systemd-networkd.service',
    'systemd-resolved.service',
    'ssh.service',
  ]
  mustEnd('systemctl', await execute('systemctl', units))
}

/** The first boot of an installed system writes what later ones find. */
async function startOnce(made: string): Promise<void> {
  const bootable: Bootable = {
    kernel: join(made, 'kernel'),
    initramfs: join(made, 'initramfs'),
    cmdline: CMDLINE,
    disks: [{ file: join(made, 'disk.img') }],
    forget: false,
  }
  await using first = await powerOn(bootable, MEMORY)
  await first.sh('systemctl --no-block poweroff')
  const limit = AbortSignal.timeout(120_000)
  await Promise.race([
    first.guest.ended,
    new Promise((_, reject) =>
      limit.addEventListener('abort', () => reject(new Error('Debian does not switch off'))),
    ),
  ])
}
