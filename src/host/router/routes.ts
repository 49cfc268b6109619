// What the daemon wants of the router: the whole of it, every time. Values only.
import type { PortMapping } from '../../core/app.ts'

export interface Routes {
  /** Where the router tells apps apart by host name. Own ports of apps listen on the same address. */
  readonly http: { readonly host: string; readonly port: number }
  readonly apps: readonly AppRoutes[]
}

export interface AppRoutes {
  /** Stable key of the app, such as `app7`; a rename of the app does not change it. */
  readonly key: string
  /** Host names that lead to the app, lowered. */
  readonly domains: readonly string[]
  /** Ports of the host that lead to the app. */
  readonly ports: readonly PortMapping[]
  /** Port of the containers that domains lead to. */
  readonly defaultPort: number
  readonly servers: readonly RouteServer[]
}

/** A web container: a name that no other container ever had, and its IPv4 address. */
export interface RouteServer {
  readonly name: string
  readonly address: string
}
