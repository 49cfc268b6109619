// A git process and all that it starts: one process group, ended together and reaped.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { failure } from '../../core/errors.ts'
import { gitEnvironment } from './environment.ts'

export interface GitChildOptions {
  readonly stdio: StdioOptions
  /** Added to git's clean environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Everything else on the machine goes first. */
  readonly nice?: boolean
}

/** A git under way. Disposing of it ends the whole group and waits until git itself is reaped. */
export interface GitChild extends AsyncDisposable {
  readonly process: ChildProcess
  /** Exit status of git, 128 + n when signal n ended it. Rejects with process-missing when there is no git. */
  readonly exited: Promise<number>
  /** Asks the group to end (git removes its temporary files then); 5 s later it is made to. */
  terminate(): void
}

const PATIENCE = 5_000
const SIGNALS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGTERM: 15,
}

/** Starts git in a process group of its own. */
export function startGit(args: readonly string[], options: GitChildOptions): GitChild {
  const [command, words] = options.nice ? ['nice', ['-n', '19', 'git', ...args]] : ['git', [...args]]
  const child = spawn(command, words, {
    stdio: options.stdio,
    env: gitEnvironment(options.env),
    cwd: '/',
    // setsid: git's children are in its group, the daemon is not
    detached: true,
  })
  let running = true
  let force: NodeJS.Timeout | undefined
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      running = false
      reject(error.code === 'ENOENT' ? failure('process-missing', { command }, error) : error)
    })
    child.once('exit', (status, signal) => {
      running = false
      clearTimeout(force)
      // what git started and left behind has nobody to report to
      signalGroup(child, 'SIGKILL')
      resolve(status ?? 128 + (signal ? (SIGNALS[signal] ?? 0) : 0))
    })
  })
  // whoever awaits it sees it; nobody awaiting it must not end the daemon
  exited.catch(() => {})
  const terminate = () => {
    if (!running || force) return
    signalGroup(child, 'SIGTERM')
    force = setTimeout(() => signalGroup(child, 'SIGKILL'), PATIENCE)
  }
  return {
    process: child,
    exited,
    terminate,
    async [Symbol.asyncDispose]() {
      terminate()
      await exited.catch(() => {})
    },
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // ESRCH: the group is empty
  }
}
