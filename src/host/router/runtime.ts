// The client of HAProxy's master socket, over which the master and each of its workers take commands.
import { connect } from 'node:net'
import { CrewError, failure, messageOf } from '../../core/errors.ts'
import { MAP_FILE } from './config.ts'
import {
  type ObservedServer,
  type Processes,
  parseBackends,
  parseFingerprint,
  parseMap,
  parsePorts,
  parseProcesses,
  parseServers,
  parseSessionIds,
  parseSessions,
} from './observed.ts'
import { commandOf, type Observed, type Step } from './plan.ts'

/** A worker that is busy answers in milliseconds; one that does not answer by then is stuck. */
const TIMEOUT = 10_000

const NOBODY = new Set(['ENOENT', 'ECONNREFUSED'])

/** Nobody listens on the socket: HAProxy does not run. */
export const isDown = (error: unknown): boolean =>
  error instanceof CrewError && NOBODY.has((error.cause as NodeJS.ErrnoException | undefined)?.code ?? '')

/** One HAProxy, by its master socket. Each call is a connection of its own; nothing is kept between them. */
export class Runtime {
  readonly #socket: string

  constructor(socket: string) {
    this.#socket = socket
  }

  /** @throws router-failed; isDown tells whether nobody listens */
  async processes(signal: AbortSignal): Promise<Processes> {
    return parseProcesses(await this.#ask('show proc', signal))
  }

  /** Begins a reload. Whether it works out, `processes` and `fingerprint` tell. */
  async reload(signal: AbortSignal): Promise<void> {
    try {
      await this.#ask('reload', signal)
    } catch (error) {
      // HAProxy 2.6 may hang up on us as it starts over; 3.0 answers when the reload is done
      if (signal.aborted || isDown(error)) throw error
    }
  }

  async fingerprint(worker: number, signal: AbortSignal): Promise<string | null> {
    return parseFingerprint(await this.#askWorker(worker, 'show info', signal))
  }

  /** Ports that a worker listens on. */
  async ports(worker: number, signal: AbortSignal): Promise<Set<number>> {
    return parsePorts(await this.#askWorker(worker, 'show stat -1 1 -1', signal))
  }

  async observe(worker: number, signal: AbortSignal): Promise<Observed> {
    return {
      backends: parseBackends(await this.#askWorker(worker, 'show backend', signal)),
      servers: await this.servers(worker, signal),
      hosts: parseMap(await this.#askWorker(worker, `show map ${MAP_FILE}`, signal)),
    }
  }

  async servers(worker: number, signal: AbortSignal): Promise<ObservedServer[]> {
    return parseServers(await this.#askWorker(worker, 'show servers state', signal))
  }

  /** Sessions that each server of a backend has now, by `<backend>/<server>`: requests, tunnels, connections. */
  async sessions(worker: number, backend: string, signal: AbortSignal): Promise<Map<string, number>> {
    return parseSessions(await this.#askWorker(worker, `show stat ${backend} 4 -1`, signal))
  }

  /** @throws router-failed with HAProxy's words when it refuses */
  async apply(worker: number, step: Step, signal: AbortSignal): Promise<void> {
    const { command, answer } = commandOf(step)
    const text = await this.#askWorker(worker, command, signal)
    if (!answer.test(text)) throw failure('router-failed', { problem: `${command}: ${text.trim()}` })
  }

  /** No request gets to the server any more, whatever asks for it. */
  async disable(worker: number, server: string, signal: AbortSignal): Promise<void> {
    await this.#askWorker(worker, `set server ${server} state maint`, signal)
  }

  /** Sessions by server, as `endSession` wants them. */
  async sessionIds(worker: number, signal: AbortSignal): Promise<Map<string, string[]>> {
    return parseSessionIds(await this.#askWorker(worker, 'show sess', signal))
  }

  async endSession(worker: number, id: string, signal: AbortSignal): Promise<void> {
    await this.#askWorker(worker, `shutdown session ${id}`, signal)
  }

  /** @returns whether it is gone; HAProxy refuses while a connection to it is open, were it idle */
  async deleteServer(worker: number, server: string, signal: AbortSignal): Promise<boolean> {
    return /deleted|No such server/i.test(await this.#askWorker(worker, `del server ${server}`, signal))
  }

  #askWorker(worker: number, command: string, signal: AbortSignal): Promise<string> {
    return this.#ask(`@!${worker} ${command}`, signal)
  }

  async #ask(command: string, signal: AbortSignal): Promise<string> {
    if (signal.aborted) throw failure('canceled', { what: 'the change of routes' })
    // a second command in a line would be run as well (management.txt, 9.3)
    if (/[\n;]/.test(command)) throw failure('router-failed', { problem: 'a command of more than one line' })
    const limit = AbortSignal.timeout(TIMEOUT)
    const socket = connect({ path: this.#socket, signal: AbortSignal.any([signal, limit]) })
    try {
      socket.setEncoding('utf8')
      socket.end(`${command}\n`)
      let answer = ''
      for await (const text of socket) answer += text
      return answer
    } catch (error) {
      if (signal.aborted) throw failure('canceled', { what: 'the change of routes' })
      const problem = limit.aborted ? `no answer within ${TIMEOUT / 1000} s` : messageOf(error)
      throw failure('router-failed', { problem: `${command.slice(0, 80)}: ${problem}` }, error)
    } finally {
      socket.destroy()
    }
  }
}
