// Runs another program: arguments as an array, never a shell; a time limit; no process left behind.
import { spawn } from 'node:child_process'
import { failure } from '../../core/errors.ts'

export interface RunOptions {
  readonly cwd?: string
  /** The whole environment of the program; by default this process's own. */
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Milliseconds until it is ended; a minute by default. */
  readonly timeout?: number
  /** Most bytes kept of each output; what is over is dropped. */
  readonly maxOutput?: number
}

export interface RunResult {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const MAX_OUTPUT = 4 * 2 ** 20

/**
 * Runs a program to its end. A non-zero exit is a result, not a throw.
 * @throws process-missing, timed-out, canceled
 */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { timeout = 60_000, maxOutput = MAX_OUTPUT } = options
  const limit = AbortSignal.timeout(timeout)
  const stop = options.signal ? AbortSignal.any([options.signal, limit]) : limit
  if (stop.aborted) throw failure('canceled', { what: command })
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const collect = (stream: NodeJS.ReadableStream | null) => {
    const chunks: Buffer[] = []
    let length = 0
    stream?.on('data', (chunk: Buffer) => {
      if (length < maxOutput) chunks.push(chunk)
      length += chunk.length
    })
    return () => Buffer.concat(chunks).subarray(0, maxOutput).toString()
  }
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const kill = () => child.kill('SIGKILL')
  stop.addEventListener('abort', kill)
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'ENOENT' ? failure('process-missing', { command }, error) : error)
      })
      child.on('close', (status) => {
        if (limit.aborted) reject(failure('timed-out', { what: command, seconds: timeout / 1000, hint: '' }))
        else if (stop.aborted) reject(failure('canceled', { what: command }))
        else resolve({ status, stdout: stdout(), stderr: stderr() })
      })
      // a program that ends before it has read its input is judged by its exit status
      child.stdin?.on('error', () => {})
      child.stdin?.end(options.input)
    })
  } finally {
    stop.removeEventListener('abort', kill)
  }
}

/** As `run`, but a non-zero exit throws process-failed. @returns stdout */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(command, args, options)
  if (result.status === 0) return result.stdout
  const output = (result.stderr.trim() || result.stdout.trim()).slice(-500)
  throw failure('process-failed', {
    command: `${command} ${args[0] ?? ''}`.trim(),
    status: result.status ?? 'killed',
    output,
  })
}
