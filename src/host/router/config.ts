// haproxy.cfg and the map of host names, as text. Pure: the same topology gives the same bytes.
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Backend, Listener, Server, Topology } from './topology.ts'

/** Names of the files in the router's folder; HAProxy is started with `-C` there, so it needs no path. */
export const MAP_FILE = 'hosts.map'

export interface ConfigOptions {
  /** Longest silence within a request, in milliseconds. */
  readonly timeout: number
  /** How long a worker may go on for what it has open after a reload, in milliseconds. */
  readonly hardStop: number
  readonly threads: number
  /** User and group of the workers; null keeps those of the daemon. */
  readonly user: string | null
}

export interface RouterConfig {
  readonly topology: Topology
  readonly text: string
  readonly map: string
  /**
   * What only a reload can change: everything but servers and host names. HAProxy carries it as its
   * description, so a daemon that just started can ask a running HAProxy which one it has.
   */
  readonly fingerprint: string
}

/**
 * How long a client's connection may be idle between two requests, in milliseconds. After a reload a worker
 * stays as long for a last request of each, and what it may send them to has to stay as well (drain.ts).
 */
export const keepAliveOf = (timeout: number) => Math.min(timeout, 20_000)

/** Room for connections, bounded for a small board: one with both ends busy takes some 40 KiB. */
const MAX_CONNECTIONS = 2000
/** A tunnel (WebSocket, plain TCP) may be silent this long. */
const TUNNEL = '1h'
/**
 * Workers of so many earlier reloads may still be finishing what they have open, each some megabytes; the
 * oldest ends early when there are more.
 */
const OLD_WORKERS = 5

export function renderConfig(topology: Topology, options: ConfigOptions): RouterConfig {
  const fingerprint = createHash('sha256')
    .update(render(topology, options, '', false))
    .digest('hex')
    .slice(0, 16)
  return {
    topology,
    text: render(topology, options, fingerprint, true),
    map: [...topology.hosts].map(([host, backend]) => `${host} ${backend}\n`).join(''),
    fingerprint,
  }
}

/** The address part of a server line, and of the runtime API's `add server`, which knows no defaults. */
export function serverArguments({ address, port }: Server): string {
  // An idle connection to an app is closed within about a second, before the app closes it (gunicorn: 2 s,
  // Node: 5 s), so that no request is sent into a connection that is being closed; and a server can be
  // deleted soon after its last request.
  return `${address}:${port} pool-purge-delay 500ms`
}

function render(
  topology: Topology,
  options: ConfigOptions,
  fingerprint: string,
  withServers: boolean,
): string {
  const { http, listeners, backends } = topology
  const of = <T extends { mode: string }>(mode: string, items: readonly T[]) =>
    items.filter((i) => i.mode === mode)
  const sections = [
    '# Written by Crew; what is changed here is lost.',
    global(options, fingerprint),
    httpDefaults(options),
    hostFrontend(http),
    unknownHost(),
    ...of('http', listeners).map((listener) => httpListener(http.host, listener)),
    ...of('http', backends).map((backend) => httpBackend(backend, withServers)),
    tcpDefaults(),
    ...of('tcp', listeners).map((listener) => tcpListener(http.host, listener)),
    ...of('tcp', backends).map((backend) => tcpBackend(backend, withServers)),
  ]
  return `${sections.join('\n\n')}\n`
}

// Workers open no file once they run (the map is read by the master, the only socket is the master's), so
// they can be another user although the folder is closed to it. noreuseport: without it two HAProxys of one
// user would share a port silently. There is no log line: logs of requests would grow without bound.
const global = ({ threads, hardStop, user }: ConfigOptions, fingerprint: string) =>
  section('global', [
    `description crew-${fingerprint}`,
    `nbthread ${threads}`,
    `maxconn ${MAX_CONNECTIONS}`,
    'no strict-limits',
    'noreuseport',
    `hard-stop-after ${hardStop}ms`,
    `mworker-max-reloads ${OLD_WORKERS}`,
    ...(user === null ? [] : [`user ${user}`, `group ${user}`]),
  ])

// retry-on conn-failure: a request is sent again only where none of it reached an app. An empty answer may
// come from an app that this very request brings down; repeating it would bring down the next one as well.
// idle-close-on-response: in a reload the old worker answers one more request of each idle client and then
// closes, so that no client writes into a closing connection.
const httpDefaults = ({ timeout }: ConfigOptions) =>
  section('defaults', [
    'mode http',
    'balance leastconn',
    'timeout connect 5s',
    `timeout client ${timeout}ms`,
    `timeout server ${timeout}ms`,
    `timeout http-request ${timeout}ms`,
    `timeout http-keep-alive ${keepAliveOf(timeout)}ms`,
    `timeout tunnel ${TUNNEL}`,
    'timeout client-fin 30s',
    'timeout server-fin 30s',
    'retries 3',
    'retry-on conn-failure',
    'option redispatch 1',
    'option http-ignore-probes',
    'option idle-close-on-response',
    errorPage(502, 'The app broke off its answer.'),
    errorPage(503, 'The app does not answer.'),
    errorPage(504, 'The app took too long to answer.'),
  ])

const errorPage = (status: number, text: string) =>
  `http-error status ${status} content-type text/plain string "${text}\\n"`

// As Dokku's nginx does it: what the client says about itself in these headers is not passed on.
const forwardedHeaders = [
  'http-request set-header X-Forwarded-For %[src]',
  'http-request set-header X-Forwarded-Port %[dst_port]',
  'http-request set-header X-Forwarded-Proto http',
  'http-request del-header Forwarded',
  'http-request del-header Proxy',
]

const hostFrontend = ({ host, port }: Topology['http']) =>
  section(`frontend http.${port}`, [
    bind(host, port),
    'http-request set-var(txn.host) req.hdr(host),host_only,lower,rtrim(.)',
    `http-request set-var(txn.backend) var(txn.host),map_str(${MAP_FILE})`,
    ...forwardedHeaders,
    'use_backend %[var(txn.backend)] if { var(txn.backend) -m found }',
    'default_backend unknown',
  ])

const unknownHost = () =>
  section('backend unknown', [
    'http-request return status 404 content-type text/plain hdr X-Content-Type-Options nosniff lf-string "No app has the name %[var(txn.host)] here.\\n"',
  ])

const httpListener = (host: string, { port, backend }: Listener) =>
  section(`frontend port.${port}`, [bind(host, port), ...forwardedHeaders, `default_backend ${backend}`])

// In a worker that a reload has replaced nbsrv is 0 while its servers still serve (seen in 2.6).
const httpBackend = (backend: Backend, withServers: boolean) =>
  section(`backend ${backend.name}`, [
    'http-request return status 503 content-type text/plain string "The app is not running.\\n" if { nbsrv lt 1 } !{ stopping }',
    ...serverLines(backend, withServers),
  ])

// A database client may be silent for long, so keep-alive probes of TCP find the vanished ones.
const tcpDefaults = () =>
  section('defaults', [
    'mode tcp',
    'balance leastconn',
    'timeout connect 5s',
    `timeout client ${TUNNEL}`,
    `timeout server ${TUNNEL}`,
    'timeout client-fin 30s',
    'timeout server-fin 30s',
    'retries 3',
    'option redispatch 1',
    'option clitcpka',
    'option srvtcpka',
  ])

const tcpListener = (host: string, { port, backend }: Listener) =>
  section(`frontend port.${port}`, [bind(host, port), `default_backend ${backend}`])

const tcpBackend = (backend: Backend, withServers: boolean) =>
  section(`backend ${backend.name}`, serverLines(backend, withServers))

const serverLines = ({ servers }: Backend, withServers: boolean) =>
  withServers ? servers.map((server) => `server ${server.name} ${serverArguments(server)}`) : []

const bind = (host: string, port: number) => `bind ${isIPv6(host) ? `[${host}]` : host}:${port}`

const section = (head: string, lines: readonly string[]) =>
  [head, ...lines.map((line) => `  ${line}`)].join('\n')
