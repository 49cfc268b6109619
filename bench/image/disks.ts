// Our image with the disks of a board that has been started before: its own key, its own id.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeBootDisk, makeDisk } from '../../src/image/qemu/disks.ts'
import type { Disk } from '../../src/image/qemu/machine.ts'
import type { Image } from './images.ts'
import type { Bootable } from './login.ts'
import { folder, keyPair } from './place.ts'

const PERSIST = 1024
const LIMIT = 120_000
const MACHINE = '0123456789abcdef0123456789abcdef\n'

/** @param engine whether the boot partition is there */
export async function ours({ output }: Image, engine: boolean): Promise<Bootable> {
  const persist = join(folder(), 'persist.img')
  const files = {
    'skiff/ssh/ssh_host_ed25519_key': readFileSync(await keyPair('host')),
    'skiff/machine-id': MACHINE,
  }
  const signal = AbortSignal.timeout(LIMIT)
  await makeDisk(persist, { label: 'persist', megabytes: PERSIST, files }, signal)
  const disks: Disk[] = [{ file: persist }]
  const boot = join(folder(), 'boot.img')
  if (engine && (await makeBootDisk(boot, output, signal))) disks.push({ file: boot })
  return {
    kernel: join(output, 'kernel'),
    initramfs: join(output, 'initramfs'),
    cmdline: readFileSync(join(output, 'boot/cmdline'), 'utf8').trim(),
    disks,
    forget: true,
  }
}
