// Machines that QEMU plays, and the command line that starts an image on one. Pure.
import { failure } from '../../core/errors.ts'

export interface Machine {
  /** Debian's name of the architecture. */
  readonly architecture: string
  readonly program: string
  /** Debian package that has it. */
  readonly package: string
  readonly options: readonly string[]
  readonly console: string
  /** How devices are attached. */
  readonly bus: 'pci' | 'device'
}

const MACHINES: readonly Machine[] = [
  {
    architecture: 'arm64',
    program: 'qemu-system-aarch64',
    package: 'qemu-system-arm',
    // -cpu max is slower without KVM
    options: ['-M', 'virt', '-cpu', 'cortex-a72'],
    console: 'ttyAMA0',
    bus: 'pci',
  },
  {
    architecture: 'armhf',
    program: 'qemu-system-arm',
    package: 'qemu-system-arm',
    options: ['-M', 'virt', '-cpu', 'cortex-a15'],
    console: 'ttyAMA0',
    bus: 'device',
  },
  {
    architecture: 'amd64',
    program: 'qemu-system-x86_64',
    package: 'qemu-system-x86',
    options: ['-M', 'q35'],
    console: 'ttyS0',
    bus: 'pci',
  },
  {
    architecture: 'riscv64',
    program: 'qemu-system-riscv64',
    package: 'qemu-system-misc',
    options: ['-M', 'virt'],
    console: 'ttyS0',
    bus: 'pci',
  },
]

/** @throws not-found naming those there are */
export function machineFor(architecture: string): Machine {
  const found = MACHINES.find((each) => each.architecture === architecture)
  if (found) return found
  const hint = `there is one for ${MACHINES.map((each) => each.architecture).join(', ')}`
  throw failure('not-found', { what: 'a machine of QEMU for', name: architecture, hint })
}

export interface Disk {
  readonly file: string
  readonly readOnly?: boolean
  /** Another driver of QEMU's in front of the file, such as blkdebug with its configuration. */
  readonly through?: string
  /** As QEMU calls it; `none` keeps nothing in the host's cache. */
  readonly cache?: 'writeback' | 'none'
}

export interface Start {
  readonly machine: Machine
  readonly kernel: string
  readonly initramfs: string
  readonly cmdline: string
  readonly memory: number
  readonly processors: number
  readonly disks: readonly Disk[]
  /** File that gets what the console says. */
  readonly console: string
  /** Port of 127.0.0.1 and the one of the guest that it leads to. */
  readonly forwards: readonly { readonly port: number; readonly to: number }[]
  /** Words of one's own for QEMU, such as -rtc base=…. */
  readonly extra?: readonly string[]
}

// in a value of QEMU's options a comma is written twice
const value = (text: string) => text.replaceAll(',', ',,')

function diskArguments(disk: Disk, index: number, bus: Machine['bus']): string[] {
  const options = [
    'if=none',
    `id=disk${index}`,
    'format=raw',
    `cache=${disk.cache ?? 'writeback'}`,
    ...(disk.readOnly ? ['readonly=on'] : []),
    `file=${disk.through ?? ''}${value(disk.file)}`,
  ]
  return ['-drive', options.join(','), '-device', `virtio-blk-${bus},drive=disk${index}`]
}

/** Arguments of QEMU for a start. Pure. */
export function qemuArguments(start: Start): string[] {
  const { machine } = start
  const forwards = start.forwards.map(({ port, to }) => `,hostfwd=tcp:127.0.0.1:${port}-:${to}`)
  return [
    ...machine.options,
    ...['-smp', String(start.processors), '-m', String(start.memory)],
    // -no-reboot: a kernel that panics ends the run instead of starting it again
    ...['-display', 'none', '-monitor', 'none', '-no-reboot', '-nodefaults'],
    ...['-serial', `file:${value(start.console)}`],
    ...['-kernel', start.kernel, '-initrd', start.initramfs, '-append', start.cmdline],
    ...['-netdev', `user,id=net${forwards.join('')}`],
    ...['-device', `virtio-net-${machine.bus},netdev=net${machine.bus === 'pci' ? ',romfile=' : ''}`],
    ...['-device', `virtio-rng-${machine.bus}`],
    ...start.disks.flatMap((disk, index) => diskArguments(disk, index, machine.bus)),
    ...(start.extra ?? []),
  ]
}
