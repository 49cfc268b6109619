// A TCP port for a server that is started a moment later.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below the ports that Linux gives to whoever connects somewhere (ip_local_port_range is 32768 to 60999). */
const PORTS = { first: 10_022, last: 19_999 }
const given = new Set<number>()

/** Whether nobody has this port, on any address of this machine. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '0.0.0.0', () => resolve(true))
  })
  if (free) await new Promise((resolve) => server.close(resolve))
  return free
}

/**
 * A port that nobody has, that nobody gets by connecting somewhere, and that this process has not been given before.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.first, PORTS.last + 1)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}
