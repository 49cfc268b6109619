// Runs a program on this one's own terminal: for programs that people talk to, or whose lines they should see.
import { spawn } from 'node:child_process'
import { failure } from '../../core/errors.ts'

export interface AttachedOptions {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  /** Milliseconds between asking it to end and ending it. */
  readonly grace?: number
}

/**
 * Runs a program to its end with this process's input and outputs. There is no time limit: a person sits before it.
 * @returns its exit status; 128 and its number when a signal ended it, as shells have it
 * @throws process-missing, canceled
 */
export async function runAttached(
  command: string,
  args: readonly string[],
  { cwd, env, signal, grace = 10_000 }: AttachedOptions,
): Promise<number> {
  if (signal.aborted) throw failure('canceled', { what: command })
  const child = spawn(command, [...args], { cwd, env, stdio: 'inherit' })
  let killer: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    killer = setTimeout(() => child.kill('SIGKILL'), grace)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? failure('process-missing', { command }, error) : error),
      )
      child.on('close', (status, name) => {
        if (signal.aborted) reject(failure('canceled', { what: command }))
        else resolve(status ?? 128 + (name === 'SIGINT' ? 2 : name === 'SIGTERM' ? 15 : 9))
      })
    })
  } finally {
    clearTimeout(killer)
    signal.removeEventListener('abort', stop)
  }
}
