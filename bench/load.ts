// A steady load on one host name, from this process, that counts every request that was not answered well.
import { Agent, request } from 'node:http'

export interface LoadOptions {
  readonly port: number
  readonly host: string
  readonly keepAlive: boolean
  /** Requests under way at once. */
  readonly workers: number
  readonly signal: AbortSignal
}

export interface LoadReport {
  readonly requests: number
  readonly failed: number
  /** Longest time to an answer, in milliseconds. */
  readonly slowest: number
  /** How the first few failed. */
  readonly problems: readonly string[]
}

/** Between two requests of one worker, so that a small machine is left room to deploy. */
const PAUSE = 5

/** Asks until `signal` fires; the requests under way then are still waited for. */
export async function load({ port, host, keepAlive, workers, signal }: LoadOptions): Promise<LoadReport> {
  const agent = new Agent({ keepAlive, maxSockets: workers })
  let requests = 0
  let failed = 0
  let slowest = 0
  const problems: string[] = []
  const ask = () =>
    new Promise<string>((resolve) => {
      const asked = request(
        { host: '127.0.0.1', port, agent, headers: { host }, timeout: 10_000 },
        (answer) => {
          answer.resume()
          answer.on('end', () => resolve(answer.statusCode === 200 ? '' : `status ${answer.statusCode}`))
          answer.on('error', (error) => resolve(error.message))
        },
      )
      asked.on('timeout', () => asked.destroy(new Error('no answer in 10 s')))
      asked.on('error', (error) => resolve(error.message))
      asked.end()
    })
  const work = async () => {
    while (!signal.aborted) {
      const start = performance.now()
      const problem = await ask()
      slowest = Math.max(slowest, performance.now() - start)
      requests++
      if (problem !== '') {
        failed++
        if (problems.length < 5) problems.push(problem)
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE))
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  agent.destroy()
  return { requests, failed, slowest, problems }
}
