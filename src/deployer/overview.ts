// What there is of apps on the engine, for people who ask.
import type { App } from '../core/app.ts'
import type { Containers } from '../host/docker/containers.ts'
import type { Fleet } from './fleet.ts'
import type { Observed } from './observe.ts'
import type { Retirement } from './retirement.ts'
import { byName, type ContainerStatus, containerStatus } from './status.ts'

export class Overview {
  readonly #containers: Containers
  readonly #fleet: Fleet
  readonly #retirement: Retirement

  constructor(containers: Containers, fleet: Fleet, retirement: Retirement) {
    this.#containers = containers
    this.#fleet = fleet
    this.#retirement = retirement
  }

  /** Containers of one app, each looked at. */
  async one(app: App, signal?: AbortSignal): Promise<ContainerStatus[]> {
    const found = (await this.#fleet.list(signal)).filter(({ appId }) => appId === app.id)
    const statuses = await Promise.all(
      found.map(async (container) => {
        const details = await this.#containers.inspect(container.id, signal)
        return details ? [containerStatus(app, container, this.#isMoving(container), details)] : []
      }),
    )
    return statuses.flat().toSorted(byName)
  }

  /** Containers of every app by App.id, from one call of the engine. */
  async all(apps: readonly App[], signal?: AbortSignal): Promise<Map<number, ContainerStatus[]>> {
    const byApp = Map.groupBy(await this.#fleet.list(signal), ({ appId }) => appId)
    const statusesOf = (app: App) =>
      (byApp.get(app.id) ?? [])
        .map((container) => containerStatus(app, container, this.#isMoving(container)))
        .toSorted(byName)
    return new Map(apps.map((app) => [app.id, statusesOf(app)]))
  }

  /** On its way in or out. */
  #isMoving(container: Observed): boolean {
    return this.#retirement.has(container.id) || this.#fleet.isComing(container)
  }
}
