// A board of a test: an image in QEMU with disks of the test's choice, and a shell on it over SSH.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Disk, Start } from '../../../src/image/qemu/machine.ts'
import { machineFor } from '../../../src/image/qemu/machine.ts'
import { type Guest, startGuest } from '../../../src/image/qemu/run.ts'
import { type Ended, execute } from '../../engine/harness/execute.ts'
import type { TestImage } from './image.ts'

export interface Board extends AsyncDisposable {
  readonly guest: Guest
  /** Milliseconds from power-on to the first login. */
  readonly login: number
  /** Runs a command on the board as root. */
  readonly sh: (command: string, limit?: number) => Promise<Ended>
}

export interface BoardOptions {
  readonly disks?: readonly Disk[]
  readonly memory?: number
  readonly processors?: number
  /** Private key to log in with; the image's own unless said otherwise. */
  readonly key?: string
  readonly words?: string
  readonly extra?: readonly string[]
  /** Ports of 127.0.0.1 that lead to the board, besides the one for SSH. */
  readonly forwards?: Start['forwards']
  /** Milliseconds that a login may take. */
  readonly limit?: number
}

const LIMIT = 200_000

/** Switches a board on; nobody has logged in yet. Its console goes to a file in `folder`. */
export function powerOn(
  image: TestImage,
  options: BoardOptions,
  folder: string,
  signal: AbortSignal,
): Promise<Guest> {
  const { output } = image
  return startGuest(
    {
      machine: machineFor(image.manifest.architecture),
      kernel: join(output, 'kernel'),
      initramfs: join(output, 'initramfs'),
      cmdline: `${readFileSync(join(output, 'boot/cmdline'), 'utf8').trim()} ${options.words ?? ''}`,
      memory: options.memory ?? 512,
      processors: options.processors ?? 2,
      disks: options.disks ?? [],
      console: join(folder, 'console'),
      ...(options.extra ? { extra: options.extra } : {}),
      ...(options.forwards ? { forwards: options.forwards } : {}),
    },
    signal,
  )
}

/** Boots and logs in. @throws with the end of the console when nobody can */
export async function boot(image: TestImage, options: BoardOptions = {}): Promise<Board> {
  const folder = mkdtempSync(join(image.folder, 'board-'))
  const stop = new AbortController()
  const guest = await powerOn(image, options, folder, stop.signal)
  const sh = (command: string, limit = 60_000) =>
    ssh(guest.sshPort, options.key ?? image.imageKey, command, limit)
  const begun = performance.now()
  const dispose = async () => {
    await guest[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  }
  const limit = options.limit ?? LIMIT
  try {
    await guest.greeting(limit, stop.signal)
    for (;;) {
      const { status, stderr } = await sh('true')
      if (status === 0) break
      if (performance.now() - begun > limit)
        throw new Error(`no login: ${stderr}\n${(await guest.consoleText()).slice(-2000)}`)
      await sleep(500)
    }
  } catch (error) {
    await dispose()
    throw error
  }
  return { guest, login: performance.now() - begun, sh, [Symbol.asyncDispose]: dispose }
}

/** What is on `/`, a line for each mount: source, place and kind. A board has one, and no disk in it. */
export async function rootMounts({ sh }: Pick<Board, 'sh'>): Promise<string[]> {
  const { stdout } = await sh('cat /proc/mounts')
  const mounts = stdout.split('\n').map((line) => line.split(' '))
  return mounts.filter(([, place]) => place === '/').map((words) => words.slice(0, 3).join(' '))
}
export const IN_RAM = ['overlay / overlay']

/** Words of the system's ssh for a guest: its options, without whom to log in as. */
export function sshOptions(key: string): string[] {
  const options = {
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    IdentitiesOnly: 'yes',
    BatchMode: 'yes',
    LogLevel: 'ERROR',
    ConnectTimeout: '20',
  }
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return [...words, '-F', '/dev/null', '-i', key]
}

/** The same, and whom to log in as. */
export const sshWords = (port: number, key: string, user: string): string[] => [
  ...sshOptions(key),
  ...['-p', String(port), `${user}@127.0.0.1`],
]

const ssh = (port: number, key: string, command: string, limit: number): Promise<Ended> =>
  execute('ssh', [...sshWords(port, key, 'root'), command], { timeout: limit })
