// Running programs and waiting for things to happen, in tests.
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; at most a minute. */
export function execute(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string; timeout?: number } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      [...args],
      {
        env: { ...process.env, ...options.env },
        cwd: options.cwd,
        timeout: options.timeout ?? 60_000,
        maxBuffer: 2 ** 26,
      },
      (error, stdout, stderr) => {
        if (error && typeof error.code === 'string') reject(error)
        else resolve({ status: child.exitCode, stdout, stderr })
      },
    )
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}

/** Waits until `check` returns something other than undefined or false. @throws after `limit` ms, naming `what` */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  limit = 30_000,
): Promise<T> {
  const end = performance.now() + limit
  for (;;) {
    const found = await check()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`waited ${limit} ms in vain for: ${what}`)
    await sleep(50)
  }
}
