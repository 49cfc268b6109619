// An image that runs in QEMU: started, waited for, ended.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from '../../core/errors.ts'
import { freePort } from '../../host/net/free-port.ts'
import { qemuArguments, type Start } from './machine.ts'

export interface Guest extends AsyncDisposable {
  readonly start: Start
  /** Port of 127.0.0.1 that leads to the guest's SSH server. */
  readonly sshPort: number
  /** Whether QEMU still runs. */
  readonly running: () => boolean
  /** Milliseconds from power-on until the SSH server greets. @throws guest-silent, canceled */
  readonly greeting: (limit: number, signal: AbortSignal) => Promise<number>
  /** Ends when QEMU does. @returns its exit status, null when it was killed */
  readonly ended: Promise<number | null>
  /** As when the plug is pulled. */
  readonly cut: () => Promise<void>
  readonly consoleText: () => Promise<string>
}

const PAUSE = 200
/** A server that took the connection says something within this time, or is asked again. */
const PATIENCE = 5_000
const CONSOLE_SHOWN = 600

/** Asks a port once for the first bytes of an SSH server. @param patience milliseconds */
export function greets(port: number, patience = PATIENCE): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(patience, () => end(false))
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-')))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}

/**
 * Starts an image. The guest ends with this process, and when `signal` says so.
 * @throws process-missing
 */
export async function startGuest(
  start: Omit<Start, 'forwards'> & Partial<Pick<Start, 'forwards'>>,
  signal: AbortSignal,
): Promise<Guest> {
  const asked = start.forwards ?? []
  const sshPort = asked.find(({ to }) => to === 22)?.port ?? (await freePort())
  const forwards = [...asked.filter(({ to }) => to !== 22), { port: sshPort, to: 22 }]
  const whole: Start = { ...start, forwards }
  const begun = performance.now()
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', whole.machine.program, ...qemuArguments(whole)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000)
  })
  const ended = endOf(child)
  ended.catch(() => {})
  const running = () => child.exitCode === null && child.signalCode === null
  const cut = async () => {
    if (running()) child.kill('SIGKILL')
    await ended.catch(() => {})
  }
  const kill = () => void cut()
  signal.addEventListener('abort', kill)
  const consoleText = async () => (await readFile(whole.console, 'utf8').catch(() => '')).replaceAll('\r', '')
  const greeting = async (limit: number, waiting: AbortSignal) => {
    for (;;) {
      if (waiting.aborted || signal.aborted) throw failure('canceled', { what: 'waiting for SSH' })
      if (!running()) {
        if (/failed to execute/.test(words))
          throw failure('process-missing', {
            command: `${whole.machine.program} (Debian package ${whole.machine.package})`,
          })
        const last = words.trim() || (await consoleText()).slice(-CONSOLE_SHOWN)
        throw failure('guest-silent', { problem: `QEMU has ended: ${last}` })
      }
      if (await greets(sshPort)) return performance.now() - begun
      if (performance.now() - begun > limit) {
        const problem = `no SSH within ${Math.round(limit / 1000)} s; the console ends with: ${(await consoleText()).slice(-CONSOLE_SHOWN)}`
        throw failure('guest-silent', { problem })
      }
      await sleep(PAUSE)
    }
  }
  return {
    start: whole,
    sshPort,
    running,
    greeting,
    ended,
    cut,
    consoleText,
    [Symbol.asyncDispose]: async () => {
      signal.removeEventListener('abort', kill)
      await cut()
    },
  }
}

const endOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? failure('process-missing', { command: 'setpriv' }, error) : error),
    )
    child.once('close', resolve)
  })
