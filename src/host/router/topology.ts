// Routes in HAProxy's words: listeners, backends with their servers, host names. Everything that later gets
// into a file or a command of HAProxy is checked here, so that no name can carry a line or an option with it.
import { isIP, isIPv4 } from 'node:net'
import { parseDomain, type Scheme } from '../../core/app.ts'
import { failure } from '../../core/errors.ts'
import type { AppRoutes, Routes } from './routes.ts'

export interface Topology {
  readonly http: { readonly host: string; readonly port: number }
  readonly listeners: readonly Listener[]
  readonly backends: readonly Backend[]
  /** Host name -> name of a backend. */
  readonly hosts: ReadonlyMap<string, string>
}

/** An own port of an app. */
export interface Listener {
  readonly port: number
  readonly mode: Scheme
  readonly backend: string
}

/**
 * `<key>_web` is what the app's domains lead to, `<key>_<host port>` an own port. The container's port is
 * no part of the name: it belongs to each server, so a release that listens elsewhere needs no reload.
 */
export interface Backend {
  readonly name: string
  readonly mode: Scheme
  readonly servers: readonly Server[]
}

export interface Server {
  readonly name: string
  readonly address: string
  readonly port: number
}

const KEY = /^[a-z0-9_]{1,64}$/
const SERVER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/** @throws router-failed, value-invalid for any name, address or port that HAProxy must not see */
export function topologyOf(routes: Routes): Topology {
  require(isIP(routes.http.host) !== 0, 'listening address', routes.http.host)
  requirePort(routes.http.port)
  for (const app of routes.apps) checkApp(app)
  requireDistinct(
    'app',
    routes.apps.map((app) => app.key),
  )
  requireDistinct(
    'domain',
    routes.apps.flatMap((app) => app.domains),
  )
  requireDistinct('port', [
    routes.http.port,
    ...routes.apps.flatMap((app) => app.ports.map((p) => p.hostPort)),
  ])

  const listeners: Listener[] = []
  const backends: Backend[] = []
  const hosts = new Map<string, string>()
  for (const app of routes.apps) {
    const backend = (suffix: string | number, mode: Scheme, port: number) => {
      const name = `${app.key}_${suffix}`
      backends.push({ name, mode, servers: app.servers.map((server) => ({ ...server, port })) })
      return name
    }
    const web = backend('web', 'http', app.defaultPort)
    for (const domain of app.domains) hosts.set(domain, web)
    for (const { scheme, hostPort, containerPort } of app.ports)
      listeners.push({ port: hostPort, mode: scheme, backend: backend(hostPort, scheme, containerPort) })
  }
  return { http: routes.http, listeners, backends, hosts }
}

function checkApp(app: AppRoutes): void {
  require(KEY.test(app.key), 'app key', app.key)
  for (const domain of app.domains) require(parseDomain(domain) === domain, 'domain', domain)
  requirePort(app.defaultPort)
  for (const { scheme, hostPort, containerPort } of app.ports) {
    require(scheme === 'http' || scheme === 'tcp', 'scheme', scheme)
    requirePort(hostPort)
    requirePort(containerPort)
  }
  for (const { name, address } of app.servers) {
    require(SERVER_NAME.test(name), 'server name', name)
    require(isIPv4(address), 'server address', address)
  }
  requireDistinct(
    'server',
    app.servers.map((server) => server.name),
  )
}

function require(holds: boolean, what: string, value: unknown): void {
  if (!holds)
    throw failure('router-failed', { problem: `invalid ${what} ${JSON.stringify(value).slice(0, 80)}` })
}

const requirePort = (port: number) =>
  require(Number.isInteger(port) && port >= 1 && port <= 65535, 'port', port)

function requireDistinct(what: string, values: readonly (string | number)[]): void {
  const seen = new Set<string | number>()
  for (const value of values) {
    require(!seen.has(value), `second ${what}`, value)
    seen.add(value)
  }
}
