// One SSH connection after its version line: authentication with limited tries, then sessions, limited as well.
import type { Socket } from 'node:net'
import type { AuthContext, Connection, Session as SshSession } from 'ssh2'
import type { Settings } from '../../config/settings.ts'
import type { Log } from '../../core/log.ts'
import type { SessionHandler } from '../session.ts'
import { type Judgement, judge, type KeyRing } from './authentication.ts'
import { type Front, isLoopback, whoBehind, withFront } from './front.ts'
import { serveSession } from './session.ts'

export interface ConnectionContext {
  readonly settings: Pick<Settings, 'ssh-user' | 'ssh-max-tries' | 'ssh-max-sessions'>
  readonly keys: KeyRing
  readonly front: Front | undefined
  readonly handle: SessionHandler
  readonly log: Log
  readonly stopping: AbortSignal
  readonly socket: Socket
  /** Called once, when the client has proven who it is. */
  readonly onAuthenticated: () => void
}

/** Time a client has to close a connection that was ended, until it is cut. */
const LINGER = 2_000
/** Time a client has to take the exit status of its last session and to leave by itself. */
const TAKE_LEAVE = 2_000

/** Serves a connection. `sessions` is what is under way on it. */
export class SshConnection {
  readonly sessions = new Set<Promise<void>>()
  readonly #client: Connection
  readonly #context: ConnectionContext
  readonly #gone = new AbortController()
  readonly #address: string
  /** When the last session ended, by performance.now(). */
  #lastEnd = Number.NEGATIVE_INFINITY
  #who = ''
  /** It is the front's: each session says for itself who it is for. */
  #ofFront = false
  #tries = 0

  constructor(client: Connection, context: ConnectionContext) {
    this.#client = client
    this.#context = context
    this.#address = context.socket.remoteAddress ?? ''
    client
      .on('authentication', (attempt) => this.#authenticate(attempt))
      .on('ready', () => context.onAuthenticated())
      .on('session', (accept, reject) => this.#open(accept, reject))
      .on('error', (error: Error & { level?: string }) => this.#failed(error))
    context.socket.once('close', () => this.#gone.abort())
    // ssh2 tears its protocol down at the client's FIN: from then on nothing can be sent
    context.socket.once('end', () => this.#gone.abort())
  }

  #authenticate(attempt: AuthContext): void {
    const { keys, settings, log } = this.#context
    // from elsewhere the front's key is one that nobody has registered
    const front = isLoopback(this.#address) ? this.#context.front : undefined
    const judgement = judge(attempt, withFront(keys, front), settings['ssh-user'])
    if (judgement.kind === 'proven') {
      this.#who = judgement.who
      this.#ofFront = front !== undefined && judgement.fingerprint === front.fingerprint
      log.debug({ who: judgement.who, address: this.#address }, 'logged in')
    }
    if (judgement.kind === 'proven' || judgement.kind === 'offered') attempt.accept()
    else this.#refuse(attempt, judgement)
  }

  #refuse(attempt: AuthContext, judgement: Exclude<Judgement, { kind: 'proven' | 'offered' }>): void {
    const { settings, log } = this.#context
    if (judgement.kind === 'refused') {
      const { fingerprint, problem } = judgement
      const fields = { fingerprint, user: attempt.username.slice(0, 64), address: this.#address, problem }
      log.info(fields, 'SSH key refused; ssh-keys:add registers one')
    }
    // `none` is how every client asks which methods there are
    if (attempt.method !== 'none') this.#tries++
    attempt.reject(['publickey'])
    if (this.#tries >= settings['ssh-max-tries']) {
      log.info({ address: this.#address, tries: this.#tries }, 'too many SSH keys tried')
      this.end()
    }
  }

  #open(accept: () => SshSession, reject: () => void): void {
    const { settings, keys, handle, log, stopping, socket } = this.#context
    if (this.sessions.size >= settings['ssh-max-sessions'] || stopping.aborted) {
      log.info({ who: this.#who, sessions: this.sessions.size }, 'SSH session refused')
      reject()
      return
    }
    const who = this.#who
    const whoIs = this.#ofFront ? (claimed?: string) => whoBehind(keys, claimed) : () => who
    const context = { whoIs, socket, handle, log, gone: this.#gone.signal, stopping }
    const session = serveSession(accept(), context)
    this.sessions.add(session)
    void session.finally(() => {
      this.sessions.delete(session)
      this.#lastEnd = performance.now()
    })
  }

  #failed(error: Error & { level?: string }): void {
    const { log, socket } = this.#context
    log.debug({ who: this.#who, address: this.#address, problem: error.message }, 'SSH connection failed')
    // ssh2 would wait for a client that does not answer to say goodbye
    if (error.level === 'client-timeout') socket.destroy()
  }

  /**
   * Ends the connection. A client whose session is over leaves by itself, and has a moment for that: ssh that
   * finds the disconnect behind an exit status it has not looked at yet ends with 255 instead.
   */
  async takeLeave(): Promise<void> {
    const left = this.sessions.size > 0 ? 0 : this.#lastEnd + TAKE_LEAVE - performance.now()
    if (left > 0 && !this.#gone.signal.aborted) {
      const moment = Promise.withResolvers<void>()
      const timer = setTimeout(moment.resolve, left)
      this.#gone.signal.addEventListener('abort', () => moment.resolve(), { once: true })
      await moment.promise
      clearTimeout(timer)
    }
    this.end()
  }

  /** Ends the connection, whatever goes on on it. */
  end(): void {
    const { socket } = this.#context
    try {
      this.#client.end()
    } catch {
      // its protocol is torn down already
    }
    setTimeout(() => socket.destroy(), LINGER).unref()
  }
}
