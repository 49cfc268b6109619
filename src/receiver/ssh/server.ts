// The SSH server: listens, limits those who have not proven who they are, hands the rest to connections.
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import ssh2, { type ClientInfo, type Connection, type Server } from 'ssh2'
import type { Settings } from '../../config/settings.ts'
import { failure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { version } from '../../core/version.ts'
import type { SessionHandler } from '../session.ts'
import { algorithmsOf } from './algorithms.ts'
import type { KeyRing } from './authentication.ts'
import { SshConnection } from './connection.ts'
import type { Front } from './front.ts'

type SshSettings = Pick<
  Settings,
  | 'ssh-host'
  | 'ssh-port'
  | 'ssh-user'
  | 'ssh-ciphers'
  | 'ssh-login-grace'
  | 'ssh-max-tries'
  | 'ssh-max-startups'
  | 'ssh-max-sessions'
  | 'ssh-keepalive-interval'
  | 'ssh-keepalive-count'
>

export interface SshServerParts {
  readonly settings: SshSettings
  /** ed25519 private key in OpenSSH's format. */
  readonly hostKey: string
  readonly keys: KeyRing
  /** Another server of this machine that hands sessions on. */
  readonly front?: Front | undefined
  readonly handle: SessionHandler
  readonly log: Log
}

/** A connection that has not authenticated yet. */
interface Startup {
  readonly socket: Socket
  readonly grace: NodeJS.Timeout
}

export class SshServer {
  readonly #parts: SshServerParts
  readonly #ssh: Server
  readonly #net: NetServer
  readonly #stopping = new AbortController()
  readonly #sockets = new Set<Socket>()
  /** By remote address and port, which is how ssh2 tells whose connection it reports. */
  readonly #startups = new Map<string, Startup>()
  readonly #connections = new Set<SshConnection>()

  /** @throws setting-invalid when ssh2 does not know a cipher */
  constructor(parts: SshServerParts) {
    const { settings, hostKey, log } = parts
    this.#parts = parts
    try {
      this.#ssh = new ssh2.Server({
        hostKeys: [hostKey],
        ident: `Crew_${version}`,
        algorithms: algorithmsOf(settings['ssh-ciphers']),
        keepaliveInterval: settings['ssh-keepalive-interval'],
        keepaliveCountMax: settings['ssh-keepalive-count'],
      })
    } catch (error) {
      const hint = 'docs/settings.md has the default'
      throw failure('setting-invalid', { setting: 'ssh-ciphers', problem: messageOf(error), hint }, error)
    }
    this.#ssh.on('connection', (client, info) => this.#connect(client, info))
    this.#ssh.on('error', (error: Error) => log.error({ problem: error.message }, 'the SSH server failed'))
    // our own listener: it sees connections that never say a word, ssh2's does not report those
    this.#net = createServer({ noDelay: true }, (socket) => this.#admit(socket))
  }

  /** @returns where it listens @throws port-taken */
  async listen(): Promise<{ host: string; port: number }> {
    const { 'ssh-host': host, 'ssh-port': port } = this.#parts.settings
    await new Promise<void>((resolve, reject) => {
      this.#net.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE'
        reject(taken ? failure('port-taken', { port, owner: 'another program' }, error) : error)
      })
      this.#net.listen(port, host, resolve)
    })
    this.#net.on('error', (error) =>
      this.#parts.log.error({ problem: error.message }, 'the SSH listener failed'),
    )
    const address = this.#net.address()
    return { host, port: typeof address === 'object' && address ? address.port : port }
  }

  #admit(socket: Socket): void {
    const { settings, log } = this.#parts
    const address = socket.remoteAddress
    socket.on('error', (error) => log.debug({ address, problem: error.message }, 'an SSH socket failed'))
    if (this.#startups.size >= settings['ssh-max-startups'] || this.#stopping.signal.aborted) {
      log.info({ address }, 'SSH connection refused: too many that have not logged in')
      socket.destroy()
      return
    }
    const key = endpoint(socket.remoteAddress, socket.remotePort)
    const grace = setTimeout(() => {
      log.info({ address }, 'SSH connection closed: it did not log in in time')
      socket.destroy()
    }, settings['ssh-login-grace'])
    this.#sockets.add(socket)
    this.#startups.set(key, { socket, grace })
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#started(key)
    })
    this.#ssh.injectSocket(socket)
  }

  /** No longer one of those that have not logged in. */
  #started(key: string): void {
    clearTimeout(this.#startups.get(key)?.grace)
    this.#startups.delete(key)
  }

  #connect(client: Connection, info: ClientInfo): void {
    const key = endpoint(info.ip, info.port)
    const socket = this.#startups.get(key)?.socket
    // it was closed in the meantime
    if (!socket) {
      client.on('error', () => {})
      client.end()
      return
    }
    const { settings, keys, front, handle, log } = this.#parts
    const stopping = this.#stopping.signal
    const onAuthenticated = () => this.#started(key)
    const connection = new SshConnection(client, {
      settings,
      keys,
      front,
      handle,
      log,
      stopping,
      socket,
      onAuthenticated,
    })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  /**
   * Stops listening, tells what is under way to end, and cuts what has not ended by itself.
   * @param grace milliseconds that sessions have
   */
  async close(grace: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net.close(() => resolve()))
    this.#stopping.abort(failure('shutting-down', {}))
    const connections = [...this.#connections]
    const busy = Promise.allSettled(connections.flatMap(({ sessions }) => [...sessions]))
    await atMost(grace, busy)
    // those who were only connected have nothing to lose
    for (const { socket } of this.#startups.values()) socket.destroy()
    await Promise.all(connections.map((connection) => connection.takeLeave()))
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, FAREWELL)
    await closed
    clearTimeout(cut)
    // their handlers know by the signal; what is past its point of no return may still take a moment
    await atMost(SETTLE, busy)
  }
}

/** Time for the last exit status to reach a client. */
const FAREWELL = 500
/** Time for sessions without a client to clean up. */
const SETTLE = 5_000

async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, milliseconds)
  await Promise.race([work, limit.promise])
  clearTimeout(timer)
}

const endpoint = (address: string | undefined, port: number | undefined) => `${address} ${port}`
