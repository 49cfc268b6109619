// Programs that make a root file system: they start many others and mount things, and nothing of that may be left
// when they are called off, or when the daemon is killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { failure } from '../../core/errors.ts'

export interface ConfinedOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly signal: AbortSignal
  /** Called with each line of its stderr. */
  readonly line: (text: string) => void
  /** Takes its stdout as it comes; when this fails, the program is ended. */
  readonly output: (stdout: Readable) => Promise<unknown>
}

/** What is left of an ended program's pipes is waited for this long. */
const LAST_WORDS = 10_000
/** What an unprivileged program gets to undo its mounts before it is killed. */
const PATIENCE = 5_000

const isRoot = () => process.getuid?.() === 0

/**
 * The command as it is started. `setpriv` has the kernel kill it when the daemon dies. For root, `unshare` gives it
 * mounts and processes of its own: when the first process goes, the kernel ends all others and undoes every mount.
 * Anybody else's mmdebstrap makes such namespaces itself. Pure.
 */
export const confinedCommand = (command: string, args: readonly string[], root: boolean): string[] => [
  ...['setpriv', '--pdeathsig', root ? 'KILL' : 'TERM'],
  ...(root ? ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] : []),
  command,
  ...args,
]

/**
 * Runs a program to its end, and all it starts with it. A non-zero exit is a result, not a throw.
 * @returns its exit status, null when a signal ended it
 * @throws process-missing, canceled, and what `output` throws
 */
export async function runConfined(
  command: string,
  args: readonly string[],
  options: ConfinedOptions,
): Promise<number | null> {
  const { signal } = options
  if (signal.aborted) throw failure('canceled', { what: command })
  const [first = '', ...rest] = confinedCommand(command, args, isRoot())
  const child = spawn(first, rest, {
    env: options.env,
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    // a process group of its own
    detached: true,
  })
  let missing = false
  const lines = createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on('line', (line) => {
    if (/^(unshare|setpriv): failed to execute .*: No such file/.test(line)) missing = true
    options.line(line)
  })
  const closed = once(child, 'close').catch(() => {})
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? failure('process-missing', { command: first }, error) : error),
    )
  })
  let force: NodeJS.Timeout | undefined
  const end = () => {
    if (isRoot()) return kill(child.pid, 'SIGKILL')
    kill(child.pid, 'SIGTERM')
    force ??= setTimeout(() => kill(child.pid, 'SIGKILL'), PATIENCE)
  }
  signal.addEventListener('abort', end)
  try {
    const consumed = options.output(child.stdout)
    consumed.catch(end)
    const [status, output] = await Promise.all([
      exited,
      consumed.then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
    ])
    if (signal.aborted) throw failure('canceled', { what: command })
    if (missing) throw failure('process-missing', { command: `${command} (Debian package ${command})` })
    // a program that failed says why itself: that its output broke off then says nothing
    if (output && (status === 0 || status === null || hasCode(output.error))) throw output.error
    return status
  } finally {
    signal.removeEventListener('abort', end)
    // what it left behind in its group has nobody to report to
    kill(child.pid, 'SIGKILL')
    // the pipes are open as long as anything runs that it started
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_WORDS).unref())])
    clearTimeout(force)
    lines.close()
  }
}

/** Whether the disk or Crew says something of its own. */
const hasCode = (error: unknown) => error instanceof Error && 'code' in error

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: it is gone
  }
}
