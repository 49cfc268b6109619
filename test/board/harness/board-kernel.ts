// A kernel of Debian for 64-bit ARM, and a system that says that it runs and switches itself off: enough for a
// bootloader to prove itself.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeCpio } from '../../../src/host/archive/cpio.ts'
import { type Entry, fileEntry, folderEntry } from '../../../src/host/archive/entry.ts'
import { execute } from '../../engine/harness/execute.ts'
import { suiteFor } from '../../engine/harness/suites.ts'

/** Mounts what it needs, says what it was started with, and ends when the serial line has taken that. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
echo "userland: $(/bin/busybox cat /proc/cmdline)"
/bin/busybox sleep 1
/bin/busybox poweroff -f
`

export interface BoardKernel {
  /** As Debian's assembler leaves it: gzip over the image that the processor starts. */
  readonly kernel: Buffer
  readonly initramfs: Buffer
}

/** @param folder for what is fetched */
export async function fetchBoardKernel(folder: string): Promise<BoardKernel> {
  const { suite, mirror, aptOptions } = await suiteFor('arm64', ['trixie', 'bookworm'])
  const tar = join(folder, 'kernel.tar')
  const options = aptOptions.map((option) => `--aptopt=${option.replace(/=(.*)$/, ' "$1"')}`)
  const what = ['--variant=extract', '--architectures=arm64', '--include=linux-image-arm64,busybox-static']
  const made = await execute(
    'mmdebstrap',
    ['--quiet', ...what, ...options, suite, tar, `deb ${mirror} ${suite} main`],
    { env: { TMPDIR: folder }, timeout: 100_000 },
  )
  if (made.status !== 0) throw new Error(`mmdebstrap: ${made.stderr.slice(-500)}`)
  const { stdout } = await execute('tar', ['--list', '--file', tar])
  const wanted = stdout
    .split('\n')
    .filter((name) => /^\.\/(boot\/vmlinuz-.*|(usr\/)?bin\/busybox)$/.test(name))
  const taken = await execute('tar', ['--extract', '--file', tar, '--directory', folder, ...wanted])
  if (taken.status !== 0) throw new Error(`tar: ${taken.stderr}`)
  const [name = ''] = readdirSync(join(folder, 'boot'))
  const busybox = wanted.find((path) => path.endsWith('busybox')) ?? ''
  const tree = new Map<string, Entry>([
    ['init', fileEntry(INIT, 0o755)],
    ['bin/busybox', fileEntry(readFileSync(join(folder, busybox)), 0o755)],
    ['proc', folderEntry()],
  ])
  return {
    kernel: gzipSync(readFileSync(join(folder, 'boot', name)), { level: 1 }),
    initramfs: gzipSync(writeCpio(tree, 0), { level: 1 }),
  }
}
