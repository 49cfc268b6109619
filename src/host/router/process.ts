// HAProxy as a program of its own: it outlives the daemon, so it is found again by what it was started with,
// never by a pid that somebody wrote down.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { open, readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { clearLog, type RouterFiles } from './files.ts'

const PROGRAM = 'haproxy'
/** Time from SIGTERM, on which HAProxy ends at once, to SIGKILL. */
const END_GRACE = 5_000
/** Debian keeps haproxy where only root's PATH looks. Nothing else of the daemon's environment is passed on. */
const environment = () => ({ PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin` })

/** Has HAProxy read a configuration. @throws router-failed with the line it refused; process-missing */
export async function checkConfig(files: RouterFiles, file: string, signal: AbortSignal): Promise<void> {
  const { status, stderr } = await run(PROGRAM, ['-c', '-C', files.folder, '-f', file], {
    signal,
    env: environment(),
    timeout: 20_000,
  })
  if (status !== 0) throw failure('router-failed', { problem: alertIn(stderr) })
}

/** The line of HAProxy's output that says what was wrong. */
export function alertIn(output: string): string {
  const lines = output.split('\n').filter((line) => line.startsWith('[ALERT]'))
  const line = lines[0] ?? output.trim().split('\n').at(-1) ?? ''
  return line.replace(/^\[\w+\]\s*\(\d+\)\s*:\s*/, '').slice(0, 400) || 'it gave no reason'
}

/**
 * Starts master and worker in a session of their own. The caller asks the master socket whether they are there.
 * @returns a promise that is fulfilled when the master has ended
 * @throws process-missing
 */
export async function launch(files: RouterFiles): Promise<{ readonly ended: Promise<void> }> {
  await clearLog(files, 0)
  // opened for appending, so that emptying it leaves no hole
  const log = await open(files.log, 'a', 0o600)
  try {
    const args = ['-W', '-S', `${files.socket},level,admin,mode,600`, '-C', files.folder, '-f', files.config]
    const child = spawn(PROGRAM, args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: environment(),
      cwd: '/',
    })
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve)
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? failure('process-missing', { command: PROGRAM }, error) : error),
      )
    })
    child.unref()
    return { ended }
  } finally {
    await log.close()
  }
}

/** Whether a process is an HAProxy that was started with our configuration. A zombie has no command line. */
export async function isOurs(pid: number, files: RouterFiles): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
  const config = words.indexOf('-f') + 1
  return basename(words[0] ?? '') === PROGRAM && config > 0 && words[config] === files.config
}

/** Every process of ours that runs: the master and its workers, or what is left of them. */
export async function findOurs(files: RouterFiles): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const ours = await Promise.all(pids.map((pid) => isOurs(pid, files)))
  return pids.filter((_, index) => ours[index])
}

/** Ends every process of ours and returns when none is left. What it was serving breaks off. */
export async function endOurs(files: RouterFiles): Promise<void> {
  const start = Date.now()
  for (let pids = await findOurs(files); pids.length > 0; pids = await findOurs(files)) {
    for (const pid of pids) kill(pid, Date.now() - start > END_GRACE ? 'SIGKILL' : 'SIGTERM')
    if (Date.now() - start > 2 * END_GRACE)
      throw failure('router-failed', { problem: `process ${pids.join(', ')} does not end` })
    await sleep(20)
  }
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // it ended by itself
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * The user for HAProxy's workers, which read what strangers send: Debian's own for it when we are root,
 * else none (null), as only root can change to another.
 */
export async function workerUser(): Promise<string | null> {
  if (process.getuid?.() !== 0) return null
  const has = async (file: string) =>
    existsSync(file) && /^haproxy:/m.test(await readFile(file, 'utf8').catch(() => ''))
  return (await has('/etc/passwd')) && (await has('/etc/group')) ? 'haproxy' : null
}

/** The program behind a pid, as a person knows it. */
export const programOf = async (pid: number): Promise<string> =>
  basename(await readlink(`/proc/${pid}/exe`).catch(() => 'a program'))
