// The router: one HAProxy, kept at the routes that the daemon wants. It runs on its own, so a daemon that
// ends, however it ends, takes no request with it.
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Paths } from '../../config/paths.ts'
import type { Settings } from '../../config/settings.ts'
import { failure, messageOf } from '../../core/errors.ts'
import { Turns } from '../queue/turns.ts'
import { keepAliveOf, type RouterConfig, renderConfig } from './config.ts'
import { removeServers, waitIdle } from './drain.ts'
import {
  clearLog,
  filesOf,
  keepRoutes,
  keptRoutes,
  prepareFolder,
  type RouterFiles,
  writeConfig,
} from './files.ts'
import type { Processes } from './observed.ts'
import { plan } from './plan.ts'
import { checkPort } from './ports.ts'
import { endOurs, isOurs, workerUser } from './process.ts'
import { reloadTo, START_LIMIT, startWith } from './reload.ts'
import type { Routes } from './routes.ts'
import { isDown, Runtime } from './runtime.ts'
import { topologyOf } from './topology.ts'

/** A worker keeps what it has open (a download, a WebSocket) at most this long after a reload. */
const HARD_STOP = 3_600_000

/** The part of pino's logger that is used here. */
export interface RouterLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface RouterOptions {
  readonly settings: Settings
  readonly paths: Pick<Paths, 'router'>
  readonly log: RouterLog
}

export interface RouterStatus {
  readonly running: boolean
  readonly pid: number | null
  readonly version: string | null
}

/**
 * Every change takes a turn, so there is one at a time. Nothing is remembered between two calls: HAProxy is
 * asked what it has, so it makes no difference which daemon brought it there.
 */
export class Router {
  readonly #settings: Settings
  readonly #files: RouterFiles
  readonly #log: RouterLog
  readonly #runtime: Runtime
  readonly #turns = new Turns(1)

  constructor({ settings, paths, log }: RouterOptions) {
    this.#settings = settings
    this.#files = filesOf(paths.router)
    this.#log = log
    this.#runtime = new Runtime(this.#files.socket)
  }

  /**
   * Returns when HAProxy answers: the one that runs, or a new one with the routes that were last set.
   * @throws router-failed, port-taken, process-missing, timed-out, canceled
   */
  async start(signal: AbortSignal): Promise<void> {
    await using _ = await this.#turns.take({ signal })
    await prepareFolder(this.#files)
    const processes = await this.#running(signal)
    if (processes) return this.#log.info({ pid: processes.master.pid }, 'the router runs')
    await startWith(await this.#lastConfig(), this.#files, this.#runtime, signal)
    this.#log.info({ port: this.#settings['router-http-port'] }, 'started the router')
  }

  /**
   * Brings HAProxy to `routes`, starting it if it does not run. Servers that are not in them any more get no
   * new requests and stay until `drain`. When HAProxy cannot take them, it and its file stay as they were.
   * @param insistOn key of the app whose ports must all be had; a port of another app that somebody else listens
   *   on is left out and tried again by the next call, so that one app cannot hold up the others
   * @returns whether HAProxy had to read its file again: only when a listener, an app or a setting differs
   * @throws router-failed, port-taken, value-invalid, process-missing, timed-out, canceled
   */
  async set(routes: Routes, signal: AbortSignal, insistOn?: string): Promise<{ reloaded: boolean }> {
    await using _ = await this.#turns.take({ signal })
    await prepareFolder(this.#files)
    const config = await this.#configOf(routes, signal, insistOn)
    const reloaded = await this.#load(config, signal)
    await this.#steer(config, signal)
    await keepRoutes(this.#files, routes)
    return { reloaded }
  }

  /**
   * Waits until the named servers, which `set` left out, have no session left; then removes them.
   * @param timeout milliseconds, after which their sessions are ended
   * @returns how many sessions were ended
   * @throws router-failed, canceled
   */
  async drain(servers: readonly string[], timeout: number, signal: AbortSignal): Promise<{ cut: number }> {
    const names = new Set(servers)
    try {
      const lurk = keepAliveOf(this.#settings['router-timeout'])
      await waitIdle(this.#runtime, names, { timeout, lurk }, signal)
      await using _ = await this.#turns.take({ signal })
      const { cut, left } = await removeServers(this.#runtime, names, signal)
      if (left.length > 0) this.#log.warn({ servers: left }, 'kept in maintenance until the next reload')
      return { cut }
    } catch (error) {
      if (signal.aborted) throw failure('canceled', { what: 'draining' })
      // with HAProxy gone there is nothing to wait for
      if (isDown(error)) return { cut: 0 }
      throw error
    }
  }

  async status(): Promise<RouterStatus> {
    const processes = await this.#running(AbortSignal.timeout(START_LIMIT)).catch(() => null)
    if (!processes) return { running: false, pid: null, version: null }
    return { running: true, pid: processes.master.pid, version: processes.master.version }
  }

  /** Ends HAProxy and whatever it has open. Returns when no process of it is left. */
  async stop(signal: AbortSignal): Promise<void> {
    await using _ = await this.#turns.take({ signal })
    await endOurs(this.#files)
    await rm(this.#files.socket, { force: true })
  }

  /** What runs, if a worker of ours is there; null when none is. @throws router-failed */
  async #running(signal: AbortSignal): Promise<(Processes & { current: number }) | null> {
    try {
      const processes = await this.#runtime.processes(signal)
      const { master, current } = processes
      if (!(await isOurs(master.pid, this.#files)))
        throw failure('router-failed', { problem: `another program (pid ${master.pid}) has its socket` })
      return current === null ? null : { ...processes, current }
    } catch (error) {
      if (isDown(error)) return null
      throw error
    }
  }

  /** The configuration for routes, without the ports that cannot be had now. @throws port-taken, see `set` */
  async #configOf(routes: Routes, signal: AbortSignal, insistOn?: string): Promise<RouterConfig> {
    const whole = await this.#render(routes)
    const processes = await this.#running(signal)
    if (!processes) return this.#render(await this.#openable(routes, new Set(), insistOn))
    const { current } = processes
    if ((await this.#runtime.fingerprint(current, signal)) === whole.fingerprint) return whole
    return this.#render(await this.#openable(routes, await this.#runtime.ports(current, signal), insistOn))
  }

  /** Leaves out ports of apps that neither our HAProxy holds nor it could get. */
  async #openable(routes: Routes, held: ReadonlySet<number>, insistOn?: string): Promise<Routes> {
    const apps = await Promise.all(
      routes.apps.map(async (app) => {
        const open = await Promise.all(
          app.ports.map(async ({ hostPort }) => {
            if (held.has(hostPort) || app.key === insistOn) return true
            const problem = await checkPort(routes.http.host, hostPort).then(() => null, messageOf)
            if (problem !== null)
              this.#log.warn({ app: app.key, port: hostPort, problem }, 'left out for now')
            return problem === null
          }),
        )
        return { ...app, ports: app.ports.filter((_, index) => open[index]) }
      }),
    )
    return { ...routes, apps }
  }

  /** Gets the configuration into the file, and into HAProxy where it needs a reload. @returns whether it did */
  async #load(config: RouterConfig, signal: AbortSignal): Promise<boolean> {
    const processes = await this.#running(signal)
    if (!processes) {
      await startWith(config, this.#files, this.#runtime, signal)
      return true
    }
    if ((await this.#runtime.fingerprint(processes.current, signal)) !== config.fingerprint) {
      await reloadTo(config, this.#files, this.#runtime, processes.current, signal)
      return true
    }
    await clearLog(this.#files)
    await writeConfig(this.#files, config)
    return false
  }

  /** Takes the steps to the topology. A worker of before a reload takes no such commands any more. */
  async #steer({ topology }: RouterConfig, signal: AbortSignal): Promise<void> {
    const { current } = await this.#runtime.processes(signal)
    if (current === null) throw failure('router-failed', { problem: 'it has no worker' })
    for (const step of plan(await this.#runtime.observe(current, signal), topology))
      await this.#runtime.apply(current, step, signal)
  }

  /** Configuration of the routes that were last set, listening where the settings say now. */
  async #lastConfig(): Promise<RouterConfig> {
    const http = { host: this.#settings['router-http-host'], port: this.#settings['router-http-port'] }
    try {
      const routes = await keptRoutes(this.#files)
      if (routes) return await this.#render(await this.#openable({ ...routes, http }, new Set()))
    } catch (error) {
      this.#log.warn({ problem: messageOf(error) }, 'the last routes cannot be read; starting with none')
    }
    return this.#render({ http, apps: [] })
  }

  async #render(routes: Routes): Promise<RouterConfig> {
    return renderConfig(topologyOf(routes), {
      timeout: this.#settings['router-timeout'],
      hardStop: Math.max(HARD_STOP, 2 * this.#settings['drain-timeout']),
      threads: Math.min(2, availableParallelism()),
      user: await workerUser(),
    })
  }
}
