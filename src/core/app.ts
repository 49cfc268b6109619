// The words of the domain: app, release, process type, port mapping. Values only, no I/O.
import { failure } from './errors.ts'

const APP_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** The name of an app, checked. Also the name of its repository and a DNS label (RFC 1123). */
export type AppName = string & { readonly appName: unique symbol }

/** @throws app-name-invalid, with the name quoted and cut short so that it cannot flood a terminal */
export function parseAppName(text: string): AppName {
  if (APP_NAME.test(text)) return text as AppName
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  throw failure('app-name-invalid', { name: JSON.stringify(shown) })
}

/** An app as the store has it. */
export interface App {
  readonly id: number
  readonly name: AppName
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** ps:stop was the last word: no container is meant to run. */
  readonly stopped: boolean
  /** What should run: a release, and the deployment (one attempt to bring a release up) that did it. */
  readonly live: { readonly release: number; readonly deployment: number } | null
}

/**
 * The states of a release and how one leads to the next:
 * building -> deploying -> live -> superseded, and from the first two -> failed | canceled.
 */
export const releaseTransitions = {
  building: ['deploying', 'failed', 'canceled'],
  deploying: ['live', 'failed', 'canceled'],
  live: ['superseded'],
  superseded: [],
  failed: [],
  canceled: [],
} as const satisfies Record<string, readonly string[]>

export type ReleaseState = keyof typeof releaseTransitions

/** What made a release. */
export type ReleaseCause = 'push' | 'rollback' | 'config' | 'rebuild'

/** A process type and its command; null is the image's own command. */
export interface ProcessType {
  readonly type: string
  readonly command: string | null
}

export interface Release {
  readonly app: AppName
  /** Counts from 1 in each app, in the order of attempts; failed ones keep their number. */
  readonly number: number
  readonly state: ReleaseState
  readonly cause: ReleaseCause
  /** 40 or 64 hexadecimal digits. */
  readonly commit: string
  /** Image id (sha256:…), null until it is built. */
  readonly image: string | null
  /** The configuration as it was. Secret. */
  readonly config: Readonly<Record<string, string>>
  /** Empty until it is built. */
  readonly processes: readonly ProcessType[]
  /** TCP port the web process is told to listen on (PORT), null when nothing is web. */
  readonly port: number | null
  /** Name of the SSH key, or `local`. */
  readonly who: string
  readonly createdAt: string
  readonly endedAt: string | null
  /** Why it failed, or what a rollback went back to; may be empty. */
  readonly note: string
}

export type Scheme = 'http' | 'tcp'

/** A port of the host that leads to a port of the app's web containers. */
export interface PortMapping {
  readonly scheme: Scheme
  readonly hostPort: number
  readonly containerPort: number
}

/** @throws value-invalid */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535)
    throw failure('value-invalid', {
      what: 'port',
      value: JSON.stringify(text),
      rule: 'a port is a number from 1 to 65535',
    })
  return port
}

/** Reads `http:8080:5000` or `tcp:5432:5432`: scheme, port of the host, port of the container. */
export function parsePortMapping(text: string): PortMapping {
  const parts = text.split(':')
  const [scheme, host, container] = parts
  if (
    parts.length !== 3 ||
    (scheme !== 'http' && scheme !== 'tcp') ||
    host === undefined ||
    container === undefined
  ) {
    throw failure('value-invalid', {
      what: 'port mapping',
      value: JSON.stringify(text),
      rule: 'a mapping is scheme:host-port:container-port, with http or tcp as scheme',
    })
  }
  return { scheme, hostPort: parsePort(host), containerPort: parsePort(container) }
}

export const formatPortMapping = (m: PortMapping) => `${m.scheme}:${m.hostPort}:${m.containerPort}`

const DOMAIN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/

/** A host name (RFC 1123), lowered. @throws value-invalid */
export function parseDomain(text: string): string {
  const domain = text.toLowerCase()
  if (DOMAIN.test(domain)) return domain
  throw failure('value-invalid', {
    what: 'domain',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'a domain is letters, digits, dashes and dots',
  })
}

const CONFIG_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/

/** A name of an environment variable (POSIX). @throws value-invalid */
export function parseConfigKey(text: string): string {
  if (CONFIG_KEY.test(text)) return text
  throw failure('value-invalid', {
    what: 'variable name',
    value: JSON.stringify(text.slice(0, 80)),
    rule: 'letters, digits and underscores, not starting with a digit',
  })
}
