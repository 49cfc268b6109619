// One session of an SSH connection: collects pty and env, waits for exec or shell, answers with an exit status.
import type { Socket } from 'node:net'
import type { ServerChannel, Session as SshSession } from 'ssh2'
import { failure, messageOf } from '../../core/errors.ts'
import type { Log } from '../../core/log.ts'
import { describeError } from '../../core/report.ts'
import { parseExecLine } from '../exec-line.ts'
import type { SessionHandler } from '../session.ts'
import { KEY_VARIABLE } from './front.ts'
import { channelOutput } from './output.ts'
import { TerminalInput } from './terminal.ts'

export interface SessionContext {
  /**
   * Name of the key that the session is for. @param claimed what the client says of it, which counts for a front only
   * @throws key-unknown
   */
  readonly whoIs: (claimed: string | undefined) => string
  readonly socket: Socket
  readonly handle: SessionHandler
  readonly log: Log
  /** Fires when the connection is over. */
  readonly gone: AbortSignal
  /** Fires when the daemon stops. */
  readonly stopping: AbortSignal
}

/** Such as `version=2`; a list of words for git, nothing else (git(1), GIT_PROTOCOL). */
const GIT_PROTOCOL = /^[a-z0-9=.:-]{1,200}$/i
/** Signals by which a client calls its command off (RFC 4254, 6.9). */
const INTERRUPTS = new Set(['INT', 'TERM', 'HUP', 'QUIT', 'KILL'])

/** Answers what the session asks for. @returns settles when the session is over; never rejects */
export function serveSession(session: SshSession, context: SessionContext): Promise<void> {
  const over = Promise.withResolvers<void>()
  const closed = new AbortController()
  const calledOff = new AbortController()
  const gone = AbortSignal.any([context.gone, closed.signal])
  let terminal = false
  let gitProtocol: string | undefined
  let claimed: string | undefined

  // forwarding, subsystems, agents and X11 are refused by having no listener here
  session.on('pty', (accept) => {
    terminal = true
    accept?.()
  })
  session.on('window-change', (accept) => accept?.())
  session.on('env', (accept, reject, { key, val }) => {
    if (key === 'GIT_PROTOCOL' && GIT_PROTOCOL.test(val)) gitProtocol = val
    else if (key === KEY_VARIABLE) claimed = val
    else return void reject?.()
    accept?.()
  })
  session.on('signal', (accept, _reject, { name }) => {
    if (INTERRUPTS.has(name)) calledOff.abort(failure('canceled', { what: 'the command' }))
    accept?.()
  })
  session.on('close', () => {
    closed.abort(failure('canceled', { what: 'the command' }))
    if (!begun) over.resolve()
  })
  gone.addEventListener('abort', () => begun || over.resolve(), { once: true })

  let begun = false
  const begin = (channel: ServerChannel | undefined, line: string) => {
    // ssh2 gives no channel to a second exec
    if (!channel || begun) return
    begun = true
    const signal = AbortSignal.any([gone, calledOff.signal, context.stopping])
    const run = {
      channel,
      line,
      terminal,
      gitProtocol,
      claimed,
      gone,
      signal,
      callOff: () => calledOff.abort(),
    }
    void answer(run, context).then(over.resolve)
  }
  session.on('shell', (accept) => begin(accept(), ''))
  session.on('exec', (accept, _reject, { command }) => begin(accept(), command))
  return over.promise
}

interface Run {
  readonly channel: ServerChannel
  readonly line: string
  readonly terminal: boolean
  readonly gitProtocol: string | undefined
  readonly claimed: string | undefined
  readonly gone: AbortSignal
  readonly signal: AbortSignal
  readonly callOff: () => void
}

async function answer(run: Run, { whoIs, socket, handle, log }: SessionContext): Promise<void> {
  const { channel, gone, signal, terminal, gitProtocol } = run
  let who = ''
  channel.on('error', (error: Error) => log.debug({ who, problem: error.message }, 'an SSH channel failed'))
  const { stdout, stderr } = channelOutput({ channel, socket, gone, terminal })
  const stdin = terminal ? channel.pipe(new TerminalInput(stdout, run.callOff)) : channel
  let status: number
  try {
    who = whoIs(run.claimed)
    const argv = parseExecLine(run.line)
    const git = gitProtocol === undefined ? {} : { gitProtocol }
    status = await handle({ argv, who, stdin, stdout, stderr, signal, terminal, ...git })
  } catch (error) {
    log.debug({ who, problem: messageOf(error) }, 'a command could not be run')
    const { text, exit } = describeError(error)
    stderr.write(text)
    status = exit
  }
  await Promise.all([flushed(stdout), flushed(stderr)])
  // nobody will read what the client still sends; it must not wait for it
  channel.unpipe()
  channel.resume()
  if (gone.aborted) return
  try {
    channel.exit(status & 0xff)
    channel.end()
  } catch (error) {
    log.debug({ who, problem: messageOf(error) }, 'a client left before its exit status')
  }
}

const flushed = (stream: NodeJS.WritableStream) => new Promise<void>((resolve) => stream.end(() => resolve()))
