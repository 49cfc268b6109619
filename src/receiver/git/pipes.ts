// Joins the streams of a session to those of a git process so that neither can make the other hang.
import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { Session } from '../session.ts'

/** How long the last output of a git that has ended may take to the client. */
const LAST_WORDS = 30_000

/** The daemon's end of a file descriptor that git was started with as `pipe`: a socket pair. */
export function pipeOf(child: ChildProcess, descriptor: number): Socket {
  const end: unknown = child.stdio[descriptor]
  if (!(end instanceof Socket)) throw new Error(`git has no file descriptor ${descriptor}`)
  return end
}

/** What the client sends goes to git; once git reads no more, it is thrown away so that the client can go on. */
export function feed(child: ChildProcess, session: Session): void {
  const stdin = pipeOf(child, 0)
  const discard = () => {
    session.stdin.unpipe(stdin)
    session.stdin.resume()
  }
  stdin.on('error', discard).on('close', discard)
  session.stdin.pipe(stdin)
}

/**
 * What git says goes to the client, and nowhere once the client is gone, so that git never stops for it.
 * @returns settles when all of it is handed over; to be awaited after git has ended
 */
export function carry(from: Readable, to: Writable, signal: AbortSignal): () => Promise<void> {
  const ended = new Promise<void>((resolve) => from.once('close', resolve))
  const discard = () => {
    from.unpipe(to)
    from.resume()
  }
  to.once('error', discard)
  from.pipe(to, { end: false })
  if (signal.aborted) discard()
  else signal.addEventListener('abort', discard, { once: true })
  return async () => {
    const limit = setTimeout(() => from.destroy(), LAST_WORDS)
    await ended
    clearTimeout(limit)
    signal.removeEventListener('abort', discard)
    to.removeListener('error', discard)
  }
}
