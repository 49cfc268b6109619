// One ssh under way: a command on another machine, its ends as streams, ended and reaped with us.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from '../../core/errors.ts'

export interface Ended {
  /** Null when a signal ended it. */
  readonly status: number | null
  /** The last of what ssh and the command wrote there. */
  readonly stderr: string
}

/** Bytes of stderr that are kept: an error is at the end of it. */
const KEPT_STDERR = 8_192
/** Milliseconds from asking ssh to end to making it. */
const PATIENCE = 2_000
/** Milliseconds for the rest of stderr, which a program that ssh started may hold open. */
const LAST_WORDS = 500

/** Disposing of it ends ssh, which closes the session on the other side, and waits until it is reaped. */
export class SshSession implements AsyncDisposable {
  /** Rejects with process-missing when there is no ssh. */
  readonly exited: Promise<Ended>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  #force: NodeJS.Timeout | undefined

  /** @param args made by `sshArguments` */
  constructor(args: readonly string[]) {
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_STDERR)
    })
    // a session that is over takes no input; its status tells why
    child.stdin.on('error', () => {})
    child.stdout.on('error', () => {})
    const quiet = new Promise((resolve) => child.stderr.once('close', resolve))
    this.exited = new Promise<Ended>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'ENOENT' ? failure('process-missing', { command: 'ssh' }, error) : error)
      })
      child.once('exit', async (status) => {
        clearTimeout(this.#force)
        await Promise.race([quiet, sleep(LAST_WORDS, undefined, { ref: false })])
        resolve({ status, stderr })
      })
    })
    // whoever awaits it sees it; nobody awaiting it must not end the daemon
    this.exited.catch(() => {})
  }

  get stdin(): Writable {
    return this.#child.stdin
  }

  get stdout(): Readable {
    return this.#child.stdout
  }

  /** Lets this process end although the session goes on. */
  unref(): void {
    this.#child.unref()
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      if ('unref' in stream && typeof stream.unref === 'function') stream.unref()
  }

  terminate(): void {
    const child = this.#child
    if (this.#force || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    this.#force = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate()
    await this.exited.catch(() => {})
    this.#child.stdin.destroy()
    this.#child.stdout.destroy()
    this.#child.stderr.destroy()
  }
}
