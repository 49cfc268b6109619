// Requests that fail while an app is redeployed ten times under load, with and without keep-alive.
import { webApp } from '../test/engine/harness/instance.ts'
import { mustEnd, startInstance } from './instance.ts'
import { type LoadReport, load } from './load.ts'
import { type Result, result } from './result.ts'

const REDEPLOYS = 10
const WORKERS = 4

const asResult = (name: string, { requests, failed, slowest, problems }: LoadReport): Result => {
  if (failed > 0) console.error(`${name}: ${problems.join('; ')}`)
  return result(
    `failed requests in ${REDEPLOYS} redeploys, ${name}`,
    {
      ours: failed,
      against: 0,
      what_against: `limit; ${requests} requests, the slowest took ${Math.round(slowest)} ms`,
      unit: 'requests',
    },
    'none',
    failed === 0,
  )
}

export async function swap(): Promise<Result[]> {
  await using instance = await startInstance()
  const tree = await instance.repository('swap', webApp('0\n'))
  mustEnd('git push', await instance.push(tree))
  const stop = new AbortController()
  const target = { port: instance.httpPort, host: 'swap.localhost', workers: WORKERS, signal: stop.signal }
  const loads = [load({ ...target, keepAlive: true }), load({ ...target, keepAlive: false })] as const
  try {
    for (let redeploy = 1; redeploy <= REDEPLOYS; redeploy++) {
      await instance.commit(tree, { 'index.html': `${redeploy}\n` })
      mustEnd('git push', await instance.push(tree))
    }
  } finally {
    stop.abort()
  }
  const [kept, fresh] = await Promise.all(loads)
  return [asResult('with keep-alive', kept), asResult('without keep-alive', fresh)]
}
