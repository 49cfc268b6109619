// Runs a program that starts others and works for hours: its lines as they come, and none of its processes left behind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { failure } from '../../core/errors.ts'

export interface LinesOptions {
  readonly cwd: string
  /** The whole environment of the program. */
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Called with each line of both of its outputs. */
  readonly line: (text: string) => void
  /** Milliseconds between asking all its processes to end and ending them. */
  readonly grace?: number
}

/** What is left of an ended program's pipes is waited for this long. */
const LAST_WORDS = 10_000

/**
 * Runs a program to its end. There is no time limit but the signal's: a compile takes as long as it takes.
 * @returns its exit status, null when a signal ended it
 * @throws process-missing, canceled
 */
export async function runLines(
  command: string,
  args: readonly string[],
  { cwd, env, signal, line, grace = 10_000 }: LinesOptions,
): Promise<number | null> {
  if (signal.aborted) throw failure('canceled', { what: command })
  // setpriv has the kernel interrupt it when this process dies; a group of its own, so that all of them can be asked
  const child = spawn('setpriv', ['--pdeathsig', 'INT', command, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let missing = false
  const readers = [child.stdout, child.stderr].map((input) => {
    const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    reader.on('line', (text) => {
      if (/^setpriv: failed to execute .*: No such file/.test(text)) missing = true
      line(text)
    })
    return reader
  })
  const closed = once(child, 'close').catch(() => {})
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? failure('process-missing', { command: 'setpriv' }, error) : error),
    )
  })
  let force: NodeJS.Timeout | undefined
  const end = () => {
    // make removes what is half made when it is interrupted, not when it is terminated
    kill(child.pid, 'SIGINT')
    force ??= setTimeout(() => kill(child.pid, 'SIGKILL'), grace)
  }
  signal.addEventListener('abort', end, { once: true })
  try {
    const status = await exited
    // what it left behind in its group has nobody to report to, and would hold the pipes open
    kill(child.pid, 'SIGKILL')
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_WORDS).unref())])
    if (signal.aborted) throw failure('canceled', { what: command })
    if (missing) throw failure('process-missing', { command })
    return status
  } finally {
    signal.removeEventListener('abort', end)
    clearTimeout(force)
    for (const reader of readers) reader.close()
  }
}

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: it is gone
  }
}
