// TCP sockets as the kernel shows them: of this machine, or of a container by one of its processes.
import { readFile } from 'node:fs/promises'

export interface Socket {
  /** Of its own end. */
  readonly port: number
  /** Reached from inside only: bound to 127.0.0.0/8 or ::1. */
  readonly loopback: boolean
  /** Waits for connections; false for one end of a connection. */
  readonly listens: boolean
}

const LISTEN = '0A'
/** Docker's own name server inside each container of a user-defined network, 127.0.0.11. */
const DOCKER_DNS = '0B00007F'
const LOOPBACK_6 = '00000000000000000000000001000000'
const MAPPED_LOOPBACK = /^0000000000000000FFFF0000[0-9A-F]{6}7F$/

/** Reads /proc/net/tcp or tcp6 (proc(5)): addresses are hexadecimal, 32 bits at a time in the CPU's order. */
export function parseSockets(text: string): Socket[] {
  const found: Socket[] = []
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state] = line.trim().split(/\s+/)
    const [address, port] = local?.split(':') ?? []
    if (address === undefined || port === undefined || address === DOCKER_DNS) continue
    const loopback =
      address.length === 8 ? address.endsWith('7F') : address === LOOPBACK_6 || MAPPED_LOOPBACK.test(address)
    found.push({ port: Number.parseInt(port, 16), loopback, listens: state === LISTEN })
  }
  return found
}

/** @param pid a process of this machine, or `self` @returns undefined when it cannot be read */
export async function socketsOf(pid: number | 'self'): Promise<Socket[] | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/net/${name}`, 'utf8').then(parseSockets)
  try {
    return [...(await read('tcp')), ...(await read('tcp6').catch(() => []))]
  } catch {
    return undefined
  }
}
