// virt/qemu/run: the image of a workspace in QEMU, with a persist disk that lasts, until it is called off.
import { access, mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { failure, messageOf } from '../../core/errors.ts'
import type { PackageCall } from '../package-call.ts'
import { readOutput } from '../workspace/manifest.ts'
import { makeBootDisk, makeDisk } from './disks.ts'
import { machineFor } from './machine.ts'
import { type Guest, startGuest } from './run.ts'

const USAGE =
  '[--memory <MB>] [--cpus <n>] [--fresh] [--forward <port here>:<port there>] [--words <kernel command line>]'
const PERSIST = 4096
const SLOWEST = 300_000

const options = {
  memory: { type: 'string', default: '1024' },
  cpus: { type: 'string', default: '2' },
  forward: { type: 'string', multiple: true },
  fresh: { type: 'boolean', default: false },
  words: { type: 'string', default: '' },
} as const

function read({ command, args }: PackageCall) {
  const usage = (problem: string) => failure('usage', { problem: `${command}: ${problem}`, usage: USAGE })
  const { values } = (() => {
    try {
      return parseArgs({ args: [...args], options, strict: true })
    } catch (error) {
      throw error instanceof TypeError ? usage(messageOf(error)) : error
    }
  })()
  const [memory, processors] = [Number(values.memory), Number(values.cpus)]
  if (!Number.isInteger(memory) || memory < 128 || memory > 65_536)
    throw usage('--memory is 128 to 65536, in MB')
  if (!Number.isInteger(processors) || processors < 1 || processors > 8) throw usage('--cpus is 1 to 8')
  const forwards = (values.forward ?? []).map((text) => {
    const [port, to] = (/^(\d{1,5}):(\d{1,5})$/.exec(text) ?? []).slice(1).map(Number)
    if (!port || !to || port > 65_535 || to > 65_535)
      throw usage('--forward is two ports, such as 8080:80: one of 127.0.0.1 here, and one of the board')
    return { port, to }
  })
  return { memory, processors, forwards, fresh: values.fresh, words: values.words }
}

/** Public keys of whoever calls, as files for skiff/keys. */
async function ownKeys(): Promise<Record<string, string>> {
  const folder = join(homedir(), '.ssh')
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.pub'))
  const files: Record<string, string> = {}
  for (const name of names) files[`skiff/keys/${name}`] = await readFile(join(folder, name), 'utf8')
  return files
}

/** Runs the image of the workspace until it is called off or ends by itself. @returns the exit status */
export async function runCommand(call: PackageCall): Promise<number> {
  const { memory, processors, forwards, fresh, words } = read(call)
  const { report, signal } = call
  const { folder, name, output } = await call.workspace()
  const manifest = await readOutput(output)
  if (typeof manifest === 'string') throw failure('output-missing', { workspace: name, problem: manifest })
  const machine = machineFor(manifest.architecture)
  const home = join(folder, 'qemu')
  const persist = join(home, 'persist.img')
  await mkdir(home, { recursive: true })
  const there =
    !fresh &&
    (await access(persist).then(
      () => true,
      () => false,
    ))
  if (!there) {
    const files = await ownKeys()
    if (Object.keys(files).length === 0)
      report.warn('there is no key in ~/.ssh/*.pub: only keys of the image itself may log in')
    await makeDisk(persist, { label: 'persist', megabytes: PERSIST, files }, signal)
    report.step(`a fresh persist disk, with ${Object.keys(files).length} of your keys`)
  }
  const boot = join(home, 'boot.img')
  const hasBoot = await makeBootDisk(boot, output, signal)
  const console = join(home, 'console.log')
  const cmdline = `${(await readFile(join(output, 'boot/cmdline'), 'utf8')).trim()} ${words}`.trim()
  await using guest = await startGuest(
    {
      ...{ machine, memory, processors, console, cmdline, forwards },
      kernel: join(output, 'kernel'),
      initramfs: join(output, 'initramfs'),
      disks: [{ file: persist }, ...(hasBoot ? [{ file: boot, readOnly: true }] : [])],
    },
    signal,
  )
  report.step(`${machine.program} runs; its console is in ${console}`)
  const took = await guest.greeting(SLOWEST, signal)
  report.step(`SSH after ${(took / 1000).toFixed(1)} s`)
  report.line(`ssh -p ${guest.sshPort} root@127.0.0.1    (Ctrl-C here pulls the plug)`)
  return await untilEnd(guest, signal)
}

async function untilEnd(guest: Guest, signal: AbortSignal): Promise<number> {
  const status = await guest.ended
  // called off is how this is meant to end
  return signal.aborted ? 0 : (status ?? 1)
}
