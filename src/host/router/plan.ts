// What has to be said to a worker of HAProxy so that it sends requests where the topology wants them. Pure.
import { MAP_FILE, serverArguments } from './config.ts'
import type { ObservedServer } from './observed.ts'
import type { Server, Topology } from './topology.ts'

/** A worker as it is. */
export interface Observed {
  readonly backends: ReadonlySet<string>
  readonly servers: readonly ObservedServer[]
  readonly hosts: ReadonlyMap<string, string>
}

export type Step =
  | { readonly do: 'add'; readonly backend: string; readonly server: Server }
  | { readonly do: 'move'; readonly backend: string; readonly server: Server }
  | { readonly do: 'ready' | 'drain'; readonly backend: string; readonly name: string }
  | { readonly do: 'route' | 'reroute'; readonly host: string; readonly backend: string }
  | { readonly do: 'unroute'; readonly host: string }

/**
 * The difference between a worker and the topology, in an order that loses nothing: servers that are new take
 * requests before host names move, and before the servers that are no longer wanted stop taking any.
 * Backends that the worker lacks are left out: only a reload brings those.
 */
export function plan(observed: Observed, wanted: Topology): Step[] {
  const there = new Map(observed.servers.map((server) => [`${server.backend}/${server.name}`, server]))
  const steps: Step[] = []
  for (const { name: backend, servers } of wanted.backends) {
    if (!observed.backends.has(backend)) continue
    for (const server of servers) {
      const key = `${backend}/${server.name}`
      const now = there.get(key)
      there.delete(key)
      if (!now) steps.push({ do: 'add', backend, server })
      else if (now.address !== server.address || now.port !== server.port)
        steps.push({ do: 'move', backend, server })
      if (!now?.ready) steps.push({ do: 'ready', backend, name: server.name })
    }
  }
  for (const [host, backend] of wanted.hosts) {
    const now = observed.hosts.get(host)
    if (now === undefined) steps.push({ do: 'route', host, backend })
    else if (now !== backend) steps.push({ do: 'reroute', host, backend })
  }
  for (const host of observed.hosts.keys()) if (!wanted.hosts.has(host)) steps.push({ do: 'unroute', host })
  for (const { backend, name, ready } of there.values()) if (ready) steps.push({ do: 'drain', backend, name })
  return steps
}

/** A step as a command of the runtime API, and how its answer begins when it was done. */
export function commandOf(step: Step): { command: string; answer: RegExp } {
  const silence = /^\s*$/
  switch (step.do) {
    case 'add':
      return {
        command: `add server ${step.backend}/${step.server.name} ${serverArguments(step.server)}`,
        answer: /^New server registered/,
      }
    case 'move':
      return {
        command: `set server ${step.backend}/${step.server.name} addr ${step.server.address} port ${step.server.port}`,
        // it tells what changed, or that nothing did
        answer: /changed|no need to change/,
      }
    case 'ready':
    case 'drain':
      return { command: `set server ${step.backend}/${step.name} state ${step.do}`, answer: silence }
    case 'route':
      return { command: `add map ${MAP_FILE} ${step.host} ${step.backend}`, answer: silence }
    case 'reroute':
      return { command: `set map ${MAP_FILE} ${step.host} ${step.backend}`, answer: silence }
    case 'unroute':
      return { command: `del map ${MAP_FILE} ${step.host}`, answer: silence }
  }
}
