// Another machine in reach of ssh. One login serves all sessions: they go through a master connection that is a
// child of this process, begins with the first session, and ends a minute after the last.
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuilderHost, builderAddress } from '../../core/builder-host.ts'
import { failure } from '../../core/errors.ts'
import { explain, type Multiplexing, sshArguments } from './command.ts'
import { type Ended, SshSession } from './session.ts'

/** Milliseconds for a connection and the login, also on a board under load. */
const LOGIN_LIMIT = 30_000
/** sun_path has 108 bytes, of which ssh takes 17 for a name it uses meanwhile. */
const LONGEST_SOCKET = 90

interface Master {
  readonly session: SshSession
  readonly multiplexing: Multiplexing
}

export interface SshHostOptions {
  /** Folder of the master's socket, for our eyes only. Without one each session logs in by itself. */
  readonly controlFolder?: string | undefined
  /** Milliseconds that the master stays when no session is open; a minute by default. */
  readonly idle?: number
}

export class SshHost implements AsyncDisposable {
  readonly builder: BuilderHost
  readonly #folder: string | undefined
  readonly #idleLimit: number
  readonly #sessions = new Set<SshSession>()
  /** Masters, also while they log in. */
  readonly #masters = new Set<SshSession>()
  #master: Promise<Master | undefined> | undefined
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(builder: BuilderHost, { controlFolder, idle = 60_000 }: SshHostOptions = {}) {
    this.builder = builder
    this.#folder = controlFolder
    this.#idleLimit = idle
  }

  /**
   * Starts a command there.
   * @param words the command; a shell reads them, each quoted
   * @param signal calls off the wait for the login; the session itself is the caller's to end
   * @throws builder-unreachable (the login failed), timed-out, process-missing, canceled
   */
  async start(words: readonly string[], signal?: AbortSignal): Promise<SshSession> {
    this.#requireOpen(signal)
    const master = await unless(signal, this.#master ?? this.#begin())
    this.#requireOpen(signal)
    clearTimeout(this.#idle)
    // ssh logs in by itself when the master is gone or takes no more sessions (sshd's MaxSessions)
    const multiplexing = master?.multiplexing ?? { kind: 'own' }
    const session = new SshSession(sshArguments(this.builder, multiplexing, words))
    this.#sessions.add(session)
    const gone = () => {
      this.#sessions.delete(session)
      this.#rest()
    }
    session.exited.then(gone, gone)
    return session
  }

  /** The error for a person of a session that failed. */
  failure({ status, stderr }: Ended, cause?: unknown): Error {
    const address = builderAddress(this.builder)
    return failure('builder-unreachable', { address, ...explain(this.builder, stderr, status) }, cause)
  }

  /** Ends every session and the master. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    const all = [...this.#sessions, ...this.#masters]
    await Promise.all(all.map((session) => session[Symbol.asyncDispose]()))
  }

  #requireOpen(signal?: AbortSignal): void {
    if (this.#closed || signal?.aborted)
      throw failure('canceled', { what: `the connection to ${builderAddress(this.builder)}` })
  }

  /** Ends the master in a while, unless a session begins. */
  #rest(): void {
    clearTimeout(this.#idle)
    if (this.#closed || this.#sessions.size > 0) return
    this.#idle = setTimeout(() => {
      this.#master = undefined
      for (const session of this.#masters) session.terminate()
    }, this.#idleLimit).unref()
  }

  /** @returns undefined where every session logs in by itself */
  #begin(): Promise<Master | undefined> {
    const master = this.#logIn()
    const forget = () => {
      if (this.#master === master) this.#master = undefined
    }
    // the next session logs in anew, whatever ended this
    master.then((up) => {
      up?.session.exited.then(forget, forget)
      // whoever asked for it may have gone meanwhile
      this.#rest()
    }, forget)
    this.#master = master
    return master
  }

  async #logIn(): Promise<Master | undefined> {
    const socket = join(this.#folder ?? '', `ssh-${randomBytes(6).toString('hex')}`)
    if (this.#folder === undefined || socket.length > LONGEST_SOCKET) return undefined
    // `cat` ends when our end of its input closes, also when this process is killed; so no master is left over
    const session = new SshSession(sshArguments(this.builder, { kind: 'master', socket }, ['cat']))
    session.unref()
    this.#masters.add(session)
    const remove = () => {
      this.#masters.delete(session)
      return rm(socket, { force: true }).catch(() => {})
    }
    session.exited.then(remove, remove)
    try {
      if (await echoes(session)) return { session, multiplexing: { kind: 'share', socket } }
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
    const ended = await session.exited
    // 255 is ssh's own failure; anything else comes from a login that runs no cat, and may run docker
    if (ended.status === 255) throw this.failure(ended)
    return undefined
  }
}

/**
 * Waits until what is written into a `cat` comes back: the login is done, and the socket is there by then.
 * @returns false when the session ended instead
 * @throws timed-out
 */
async function echoes(session: SshSession): Promise<boolean> {
  const token = randomBytes(12).toString('hex')
  session.stdin.write(`${token}\n`)
  let seen = ''
  const came = new Promise<boolean>((resolve) => {
    session.stdout.on('data', (chunk: Buffer) => {
      // whatever a login says first
      seen = (seen + chunk.toString('latin1')).slice(-4096)
      if (seen.includes(token)) resolve(true)
    })
  })
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(
      failure('timed-out', { what: 'the login by ssh', seconds: LOGIN_LIMIT / 1000, hint: 'try it by hand' }),
    )
  }, LOGIN_LIMIT)
  try {
    return await Promise.race([came, session.exited.then(() => false), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** @throws canceled when `signal` comes first */
async function unless<T>(signal: AbortSignal | undefined, waiting: Promise<T>): Promise<T> {
  if (!signal) return waiting
  const stopped = Promise.withResolvers<never>()
  const stop = () => stopped.reject(failure('canceled', { what: 'the login by ssh' }))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([waiting, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
