// Starting HAProxy, and having it read its file again: both until a worker answers with the wanted
// configuration, or with the reason why not.
import { setTimeout as sleep } from 'node:timers/promises'
import { failure, isFailure } from '../../core/errors.ts'
import type { RouterConfig } from './config.ts'
import { clearLog, type RouterFiles, readConfig, readLog, withCandidate, writeConfig } from './files.ts'
import { checkPort } from './ports.ts'
import { alertIn, checkConfig, endOurs, launch } from './process.ts'
import type { Runtime } from './runtime.ts'

/** How long HAProxy may take to come up or to reload; on a board it takes a fraction of a second. */
export const START_LIMIT = 20_000

/**
 * Starts HAProxy with a configuration. A master without a worker, or a worker without a master, is ended first.
 * @throws port-taken, router-failed, process-missing, timed-out, canceled; then none runs
 */
export async function startWith(
  config: RouterConfig,
  files: RouterFiles,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<void> {
  await endOurs(files)
  await checkPorts(config, new Set())
  await writeConfig(files, config)
  const { ended } = await launch(files)
  let over = false
  void ended.then(() => {
    over = true
  })
  try {
    await until(async () => over || (await answersWith(config, runtime, signal)), files, signal)
    if (over) throw failure('router-failed', { problem: alertIn(await readLog(files)) })
  } catch (error) {
    await endOurs(files)
    throw error
  }
}

/**
 * Replaces the configuration of the HAProxy that runs, losing no request: the new worker takes the listening
 * sockets over from the old one, which finishes what it has.
 * @throws port-taken, router-failed, timed-out, canceled; then file and HAProxy are as they were
 */
export async function reloadTo(
  config: RouterConfig,
  files: RouterFiles,
  runtime: Runtime,
  worker: number,
  signal: AbortSignal,
): Promise<void> {
  await withCandidate(files, config, (file) => checkConfig(files, file, signal))
  // a reload that cannot listen pauses the running listeners for two seconds before it gives up (seen in 2.6)
  await checkPorts(config, await runtime.ports(worker, signal))
  const before = await readConfig(files)
  await writeConfig(files, config)
  await clearLog(files, 0)
  // a reload cannot be called back, so from here on it is seen through
  const limit = AbortSignal.timeout(START_LIMIT)
  const { reloads } = (await runtime.processes(limit)).master
  await runtime.reload(limit)
  const outcome = await until(
    async () => {
      const { master } = await runtime.processes(limit).catch(() => ({ master: null }))
      if (master === null || master.reloads <= reloads) return null
      if (master.failed) return 'failed'
      return (await answersWith(config, runtime, limit)) ? 'done' : null
    },
    files,
    limit,
  )
  if (outcome === 'done') return
  if (before) await writeConfig(files, before)
  throw failure('router-failed', { problem: alertIn(await readLog(files)) })
}

/** Ports that are not `held` by our own HAProxy must be free. @throws port-taken, router-failed */
async function checkPorts(
  { topology: { http, listeners } }: RouterConfig,
  held: ReadonlySet<number>,
): Promise<void> {
  for (const port of [http.port, ...listeners.map((listener) => listener.port)])
    if (!held.has(port)) await checkPort(http.host, port)
}

async function answersWith(config: RouterConfig, runtime: Runtime, signal: AbortSignal): Promise<boolean> {
  try {
    const { current } = await runtime.processes(signal)
    return current !== null && (await runtime.fingerprint(current, signal)) === config.fingerprint
  } catch (error) {
    // it is coming up, or starting over
    if (isFailure(error, 'router-failed')) return false
    throw error
  }
}

/** Asks again and again, a little slower each time, until there is an answer. @throws timed-out, canceled */
async function until<T>(ask: () => Promise<T>, files: RouterFiles, signal: AbortSignal): Promise<T> {
  const end = Date.now() + START_LIMIT
  for (let pause = 5; ; pause = Math.min(100, pause * 1.3)) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) {
      const hint = `${files.log} may tell more`
      throw failure('timed-out', { what: 'the router', seconds: START_LIMIT / 1000, hint })
    }
    if (signal.aborted) throw failure('canceled', { what: 'starting the router' })
    await sleep(pause)
  }
}
