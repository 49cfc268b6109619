// How apps are reached: the store and the containers become the router's whole wanted state, and URLs.
import type { Settings } from '../config/settings.ts'
import type { App, PortMapping } from '../core/app.ts'
import type { AppRoutes, Routes } from '../host/router/routes.ts'
import type { Store } from '../host/store/store.ts'
import type { Observed } from './observe.ts'
import { defaultPort } from './ports.ts'

/** What one app is about to become; the store does not say it yet. */
export interface Change {
  readonly appId: number
  readonly deployment: number
  readonly port: number | null
  readonly mappings: readonly PortMapping[]
}

const globalDomain = (store: Pick<Store, 'meta'>, settings: Pick<Settings, 'domain'>) =>
  store.meta('global-domain') ?? settings.domain

type RouteStore = Pick<Store, 'meta' | 'apps' | 'routes' | 'releases'>

function domainsOf(app: App, store: RouteStore, settings: Pick<Settings, 'domain'>): string[] {
  const own = store.routes.domains(app.name)
  return own.length > 0 ? own : [`${app.name}.${globalDomain(store, settings)}`]
}

/** Name of an app for the router; a rename does not change it. */
export const routeKey = (appId: number) => `app${appId}`

/** Deployment, port and mappings by which an app is reached. @returns undefined when nothing of it is or becomes live */
function reached(app: App, store: RouteStore, change: Change | undefined): Change | undefined {
  if (change?.appId === app.id) return change
  if (app.live === null) return undefined
  return {
    appId: app.id,
    deployment: app.live.deployment,
    port: store.releases.get(app.name, app.live.release).port,
    mappings: store.routes.ports(app.name),
  }
}

/**
 * The whole wanted state of the router.
 * @param containers those that may get requests
 * @param change what one app is about to become
 */
export function routesOf(
  store: RouteStore,
  settings: Settings,
  containers: readonly Observed[],
  change?: Change,
): Routes {
  const web = Map.groupBy(
    containers.filter(({ type }) => type === 'web'),
    ({ appId }) => appId,
  )
  const apps = store.apps.list().flatMap((app): AppRoutes[] => {
    const state = reached(app, store, change)
    const port = state && defaultPort(state.port, state.mappings)
    if (state === undefined || port === undefined || port === null) return []
    const servers = (web.get(app.id) ?? [])
      .filter(({ deployment }) => deployment === state.deployment && (!app.stopped || state === change))
      .flatMap(({ name, address }) => (address === null ? [] : [{ name, address }]))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const ports = state.mappings
    return [
      { key: routeKey(app.id), domains: domainsOf(app, store, settings), ports, defaultPort: port, servers },
    ]
  })
  return { http: { host: settings['router-http-host'], port: settings['router-http-port'] }, apps }
}

const authority = (host: string, port: number) => (port === 80 ? host : `${host}:${port}`)

/**
 * Where an app answers: a URL for each of its domains, then one for each port of its own.
 * @returns nothing for an app that has never been live, or whose release has no web process
 */
export function urlsOf(store: RouteStore, settings: Settings): (app: App) => string[] {
  return (app) => {
    const state = reached(app, store, undefined)
    if (!state || state.port === null) return []
    const global = globalDomain(store, settings)
    return [
      ...domainsOf(app, store, settings).map((d) => `http://${authority(d, settings['router-http-port'])}`),
      ...state.mappings.map(({ scheme, hostPort }) =>
        scheme === 'http' ? `http://${authority(global, hostPort)}` : `tcp://${global}:${hostPort}`,
      ),
    ]
  }
}
