// Ports of the host that lead to an app: a port of its own for each web app, kept for good.
import type { App, PortMapping, Release } from '../core/app.ts'
import { failure } from '../core/errors.ts'

interface Range {
  readonly first: number
  readonly last: number
}

/** The first port of the range that nobody has. @throws ports-exhausted */
export function freePort(range: Range, taken: ReadonlySet<number>): number {
  for (let port = range.first; port <= range.last; port++) if (!taken.has(port)) return port
  throw failure('ports-exhausted', { range: `${range.first}-${range.last}` })
}

/** Port of the containers that answers requests for a domain: of the first HTTP mapping, else the release's PORT. */
export const defaultPort = (port: number | null, mappings: readonly PortMapping[]): number | null =>
  mappings.find(({ scheme }) => scheme === 'http')?.containerPort ?? port

/** Every port of the containers that something leads to. */
export function routedPorts(port: number | null, mappings: readonly PortMapping[]): number[] {
  const main = defaultPort(port, mappings)
  return [...new Set([...(main === null ? [] : [main]), ...mappings.map((m) => m.containerPort)])]
}

/**
 * The mappings of an app once `next` is live. Those that led to the port of the release before follow when the
 * new one listens on another; an app that is web and has none gets one.
 * @param allocate called when a port of the host is needed
 */
export function nextMappings(
  mappings: readonly PortMapping[],
  before: Pick<Release, 'port'> | undefined,
  next: Pick<Release, 'port'>,
  allocate: () => number,
): PortMapping[] {
  const { port } = next
  if (port === null) return [...mappings]
  if (mappings.length === 0) return [{ scheme: 'http', hostPort: allocate(), containerPort: port }]
  return mappings.map((m) => (m.containerPort === before?.port ? { ...m, containerPort: port } : m))
}

/** Ports of the host that are given to an app whose first release is not live yet. */
export class PortPromises {
  readonly #byApp = new Map<number, number>()

  /** The same port each time, until it is released. @throws ports-exhausted */
  promise(app: App, range: Range, taken: Iterable<number>): number {
    const promised = this.#byApp.get(app.id)
    if (promised !== undefined) return promised
    const port = freePort(range, new Set([...taken, ...this.#byApp.values()]))
    this.#byApp.set(app.id, port)
    return port
  }

  release(app: App): void {
    this.#byApp.delete(app.id)
  }
}
