// A session as one two-way stream, as a socket is: for protocols that were made for sockets.
import { Duplex } from 'node:stream'
import type { Ended, SshSession } from './session.ts'

/**
 * Input and output of a session. Ending it closes the input and lets the output come; destroying it ends the
 * session. A session that fails before it is ended fails the stream.
 */
export class SshStream extends Duplex {
  readonly #session: SshSession
  readonly #explain: (ended: Ended) => Error

  constructor(session: SshSession, explain: (ended: Ended) => Error) {
    super()
    this.#session = session
    this.#explain = explain
    session.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) session.stdout.pause()
    })
    session.stdout.pause()
    session.stdout.once('end', () => void this.#over())
    session.exited.catch((error: Error) => this.destroy(error))
  }

  /** The other side is done: in order, or not. */
  async #over(): Promise<void> {
    try {
      const ended = await this.#session.exited
      if (ended.status === 0 || this.destroyed) this.push(null)
      else this.destroy(this.#explain(ended))
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined)
    }
  }

  override _read(): void {
    this.#session.stdout.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#session.stdin.write(chunk, (error) => {
      if (!error) return done()
      // it takes nothing more because it ended; how it ended says more than EPIPE
      this.#session.terminate()
      this.#session.exited.then((ended) => done(this.#explain(ended)), done)
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#session.stdin.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#session[Symbol.asyncDispose]().then(() => done(error), done)
  }

  // what an HTTP client asks of a socket; ssh keeps its own connection alive
  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setTimeout(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}
