// What somebody asks for, however they came: over SSH or the control socket.
import type { Readable, Writable } from 'node:stream'

/** One command of one person: what they typed, who they are, and their three streams. */
export interface Session {
  /** Words of the command; none for a shell request or an empty command. */
  readonly argv: readonly string[]
  /** Name of the SSH key, or `local` on the control socket. */
  readonly who: string
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** Fires when the person is gone or the daemon stops. */
  readonly signal: AbortSignal
  /** A person sits at a terminal (pty-req came first). */
  readonly terminal: boolean
  /** GIT_PROTOCOL as their git sent it, such as `version=2`. */
  readonly gitProtocol?: string
}

/** Answers a session. @returns the exit status; it writes its own errors and does not throw */
export type SessionHandler = (session: Session) => Promise<number>
