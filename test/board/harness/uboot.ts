// A board of QEMU that Debian's U-Boot starts from a card, as a board without a disk of its own does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const UBOOT = '/usr/lib/u-boot/qemu_arm64/u-boot.bin'

export interface Powered extends AsyncDisposable {
  /** What came over its serial line so far. */
  readonly said: () => string
  /** Waits until it has switched itself off. */
  readonly off: () => Promise<void>
}

/**
 * @param ssh port of 127.0.0.1 that leads to its SSH; it has no network without one
 * @param limit milliseconds until it is switched off, whatever it does
 */
export function powerOn(card: string, limit: number, ssh?: number): Powered {
  const network =
    ssh === undefined
      ? ['-nic', 'none']
      : [
          ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${ssh}-:22`],
          // no firmware for booting over the network, which not every package of QEMU brings
          ...['-device', 'virtio-net-pci,netdev=net,romfile='],
        ]
  const board = spawn(
    'qemu-system-aarch64',
    [
      ...['-M', 'virt', '-cpu', 'cortex-a72', '-smp', '2', '-m', '1024', ...network],
      ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot'],
      ...['-bios', UBOOT, '-drive', `file=${card},format=raw,if=virtio`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let text = ''
  for (const stream of [board.stdout, board.stderr])
    stream.on('data', (chunk) => {
      text += chunk
    })
  const timer = setTimeout(() => board.kill('SIGKILL'), limit)
  const closed = once(board, 'close').finally(() => clearTimeout(timer))
  return {
    said: () => text,
    off: async () => {
      await closed
    },
    async [Symbol.asyncDispose]() {
      board.kill('SIGKILL')
      await closed
    },
  }
}
