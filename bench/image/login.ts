// From power-on to a login over SSH, measured alike whatever boots.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Disk, machineFor } from '../../src/image/qemu/machine.ts'
import { type Guest, greets, startGuest } from '../../src/image/qemu/run.ts'
import { type Ended, execute } from '../../test/engine/harness/execute.ts'
import { mustEnd } from '../instance.ts'
import { folder, keyPair } from './place.ts'

export interface Bootable {
  readonly kernel: string
  readonly initramfs: string
  readonly cmdline: string
  readonly disks: readonly Disk[]
  /** What is written to the disks is lost at the end, so that every boot finds the same. */
  readonly forget: boolean
}

export interface LoggedIn extends AsyncDisposable {
  readonly guest: Guest
  /** Seconds from power-on to the first login that ran a command. */
  readonly took: number
  /** Seconds since power-on. */
  readonly since: () => number
  /** Runs a command as root. @throws when it fails */
  readonly sh: (command: string, limit?: number) => Promise<string>
}

const PROCESSORS = 2
const LIMIT = 400_000
const PAUSE = 100
/** The network of QEMU takes every connection, also for a guest that is not there yet. */
const PATIENCE = 2000

function ssh(port: number, key: string, command: string, limit: number): Promise<Ended> {
  const options = {
    ...{ StrictHostKeyChecking: 'no', UserKnownHostsFile: '/dev/null', IdentitiesOnly: 'yes' },
    ...{ BatchMode: 'yes', LogLevel: 'ERROR', ConnectTimeout: '30' },
  }
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const target = ['-F', '/dev/null', '-i', key, '-p', String(port), 'root@127.0.0.1', command]
  return execute('ssh', [...words, ...target], { timeout: limit })
}

/** Boots and logs in. @param memory MiB @throws with the end of the console when nobody can log in */
export async function powerOn(bootable: Bootable, memory: number): Promise<LoggedIn> {
  const stop = new AbortController()
  const key = await keyPair('login')
  const { forget, ...start } = bootable
  const begun = performance.now()
  const guest = await startGuest(
    {
      ...start,
      ...{ machine: machineFor('arm64'), memory, processors: PROCESSORS },
      console: join(folder(), 'console'),
      extra: forget ? ['-snapshot'] : [],
    },
    stop.signal,
  )
  const since = () => (performance.now() - begun) / 1000
  try {
    for (;;) {
      if (
        (await greets(guest.sshPort, PATIENCE)) &&
        (await ssh(guest.sshPort, key, 'true', 60_000)).status === 0
      )
        break
      if (!guest.running() || performance.now() - begun > LIMIT)
        throw new Error(`no login after ${since()} s: ${(await guest.consoleText()).slice(-2000)}`)
      await sleep(PAUSE)
    }
  } catch (error) {
    await guest[Symbol.asyncDispose]()
    throw error
  }
  return {
    guest,
    took: since(),
    since,
    sh: async (command, limit = 120_000) => {
      const ended = await ssh(guest.sshPort, key, command, limit)
      mustEnd(command, ended)
      return ended.stdout
    },
    [Symbol.asyncDispose]: () => guest[Symbol.asyncDispose](),
  }
}
