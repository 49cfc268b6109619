// An image becomes a live release: the changes of what runs of an app, each a short story over the parts.
import type { Settings } from '../config/settings.ts'
import type { App, AppName, PortMapping, Release } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Report } from '../core/report.ts'
import { Containers } from '../host/docker/containers.ts'
import type { Engine } from '../host/docker/engine.ts'
import { labels } from '../host/docker/labels.ts'
import { removeNetwork } from '../host/docker/network.ts'
import { socketsOf } from '../host/docker/sockets.ts'
import type { Store } from '../host/store/store.ts'
import { Fleet } from './fleet.ts'
import { checkCounts, type Slot, slotName, wantedSlots } from './formation.ts'
import { type LogRequest, type Write, writeLogs } from './logs.ts'
import { deployedBy, type Observed } from './observe.ts'
import { Overview } from './overview.ts'
import { type Plan, plan } from './plan.ts'
import { nextMappings, PortPromises, routedPorts } from './ports.ts'
import { limitsOf, reconcile, wantedOf } from './reconcile.ts'
import { Retirement } from './retirement.ts'
import type { RouterPort } from './router.ts'
import type { ContainerStatus } from './status.ts'
import { Switchboard } from './switchboard.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface DeployerParts {
  readonly engine: Engine
  readonly store: Store
  readonly router: RouterPort
  readonly settings: Settings
  readonly log: Log
}

/** A decision about an app, and what it is about. */
interface Change {
  readonly app: App
  readonly release: Release
  readonly deployment: number
  readonly plan: Plan
  /** Ports of the host that lead to it afterwards. */
  readonly mappings: readonly PortMapping[]
}

/**
 * The caller holds the app's turn: no two changes of one app run at once, and nothing runs beside `reconcile`.
 * Changes of different apps may. Disposing leaves apps running and old containers to the next reconcile.
 */
export class Deployer implements AsyncDisposable {
  readonly #engine: Engine
  readonly #store: Store
  readonly #settings: Settings
  readonly #log: Log
  readonly #containers: Containers
  readonly #fleet: Fleet
  readonly #retirement: Retirement
  readonly #switchboard: Switchboard
  readonly #overview: Overview
  readonly #ports = new PortPromises()

  constructor({ engine, store, router, settings, log }: DeployerParts) {
    this.#engine = engine
    this.#store = store
    this.#settings = settings
    this.#log = log
    this.#containers = new Containers(engine)
    this.#fleet = new Fleet({ engine, containers: this.#containers, store, settings })
    this.#retirement = new Retirement(this.#containers, router, log)
    this.#overview = new Overview(this.#containers, this.#fleet, this.#retirement)
    this.#switchboard = new Switchboard({
      store,
      settings,
      router,
      fleet: this.#fleet,
      retirement: this.#retirement,
      log,
    })
  }

  /**
   * Brings a release up beside what runs, moves the routes to it when it is healthy, and makes it live. What ran
   * before finishes its requests and goes in the background.
   * @param number a release in state `deploying`, or the live one for a restart
   * @throws deploy-unhealthy, canceled, router-failed and what the engine says; then all is as it was before
   */
  async deploy(name: AppName, number: number, report: Report, signal: AbortSignal): Promise<void> {
    const store = this.#store
    const app = store.apps.get(name)
    const release = store.releases.get(name, number)
    const slots = wantedSlots(release.processes, store.formation.all(name))
    const deployment = store.apps.nextDeployment(name)
    const decided = plan(await this.#containersOf(app, signal), { deployment, slots })
    try {
      const mappings = await this.#mappingsFor(app, release)
      await this.#change(
        { app, release, deployment, plan: decided, mappings: mappings() },
        () => {
          // asked again: ports:set may have come meanwhile
          store.routes.setPorts(name, mappings())
          store.releases.makeLive(name, number, deployment)
        },
        report,
        signal,
      )
    } finally {
      this.#ports.release(app)
    }
  }

  /**
   * Stores how many containers of each process type an app has, and starts or stops only what differs. A release
   * that is not live, or stopped, gets them when it is deployed or started.
   * @throws value-invalid, not-found for a process type the live release does not have, and as `deploy`
   */
  async scale(
    name: AppName,
    counts: Readonly<Record<string, number>>,
    report: Report,
    signal: AbortSignal,
  ): Promise<void> {
    const store = this.#store
    const app = store.apps.get(name)
    const release = app.live && store.releases.get(name, app.live.release)
    checkCounts(counts, release?.processes)
    if (app.live === null || !release || app.stopped) {
      store.formation.change(name, counts)
      return
    }
    const { deployment } = app.live
    const slots = wantedSlots(release.processes, { ...store.formation.all(name), ...counts })
    const decided = plan(await this.#containersOf(app, signal), { deployment, slots })
    await this.#change(
      { app, release, deployment, plan: decided, mappings: store.routes.ports(name) },
      () => store.formation.change(name, counts),
      report,
      signal,
    )
  }

  /** Requests get 503 from now on; returns when the containers are gone. Routes, ports and images stay. */
  async stop(name: AppName, report: Report, signal: AbortSignal): Promise<void> {
    this.#store.apps.setStopped(name, true)
    const app = this.#store.apps.get(name)
    await this.#switchboard.refresh(signal)
    const containers = await this.#containersOf(app, signal)
    if (containers.length > 0) report.step(`Stopping ${list(containers)}`)
    await unlessAborted(this.#retire(app, containers), signal)
  }

  /** Brings the live release up again; as a deploy, also when only some of it is missing. @throws app-not-deployed */
  async start(name: AppName, report: Report, signal: AbortSignal): Promise<void> {
    const app = this.#store.apps.get(name)
    if (app.live === null) throw failure('app-not-deployed', { app: name })
    const { create, start } = plan(await this.#containersOf(app, signal), wantedOf(this.#store, app))
    if (!app.stopped && create.length + start.length === 0) {
      report.step(`${name} is running already`)
      return
    }
    await this.deploy(name, app.live.release, report, signal)
  }

  /** Removes the containers of an app that the store no longer has, at once: there is nobody left to answer for. */
  async remove(app: App, signal: AbortSignal): Promise<void> {
    const containers = await this.#containersOf(app, signal)
    await this.#switchboard.refresh(signal)
    const { stop } = limitsOf(this.#store, this.#settings, app)
    await unlessAborted(this.#retirement.retire(containers, { drain: 0, stop }), signal)
  }

  /** Brings the router to what the store says of domains and ports. @param app whose ports must all be had */
  reroute(signal: AbortSignal, app?: App): Promise<void> {
    return this.#switchboard.refresh(signal, app)
  }

  /** Makes what runs be what the store says; see reconcile.ts. */
  reconcile(report: Report, signal: AbortSignal): Promise<void> {
    return reconcile(
      {
        store: this.#store,
        settings: this.#settings,
        fleet: this.#fleet,
        switchboard: this.#switchboard,
        retirement: this.#retirement,
        log: this.#log,
      },
      report,
      signal,
    )
  }

  /**
   * Stops and removes every container of the instance, and its network. The store still says what should run,
   * so the next reconcile brings it back. The router is to be stopped before.
   */
  async halt(signal: AbortSignal): Promise<void> {
    const apps = new Map(this.#store.apps.list().map((app) => [app.id, app]))
    await Promise.all(
      (await this.#fleet.list(signal)).map(async ({ id, appId }) => {
        const { stop } = limitsOf(this.#store, this.#settings, apps.get(appId))
        await this.#containers.stop(id, stop, signal)
        await this.#containers.remove(id)
      }),
    )
    await removeNetwork(this.#engine, this.#store.instance)
  }

  /** Containers of an app, those on their way in or out too, with what takes a look at each. */
  status(name: AppName, signal?: AbortSignal): Promise<ContainerStatus[]> {
    return this.#overview.one(this.#store.apps.get(name), signal)
  }

  /** Containers of every app by App.id, from one call of the engine; without what takes a look at each. */
  statuses(signal?: AbortSignal): Promise<Map<number, ContainerStatus[]>> {
    return this.#overview.all(this.#store.apps.list(), signal)
  }

  /**
   * Writes what the containers of an app wrote: `<time> app[web.1]: <line>`, ordered by time. With `follow` it
   * goes on, over restarts and deploys, and ends when `signal` fires.
   * @param write may return a promise, which holds the stream back
   * @throws not-found for a process that has no container
   */
  async logs(name: AppName, request: LogRequest, write: Write, signal: AbortSignal): Promise<void> {
    const app = this.#store.apps.get(name)
    const source = {
      engine: this.#engine,
      labels: [...deployedBy(this.#store.instance), `${labels.appId}=${app.id}`],
      current: () => this.#containersOf(app, signal),
    }
    await writeLogs(source, request, write, signal)
  }

  /** Resolves when no container is on its way out. */
  settled(): Promise<void> {
    return this.#retirement.settled()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#retirement[Symbol.asyncDispose]()
  }

  /**
   * The story of every change: what is new comes up and proves healthy beside what runs; then the routes move
   * and the store says so, in one piece; then what is left over goes, in the background.
   * @param commit writes the change to the store, as part of one transaction
   */
  async #change(
    { app, release, deployment, plan, mappings }: Change,
    commit: () => void,
    report: Report,
    signal: AbortSignal,
  ): Promise<void> {
    const { create, start, retire } = plan
    const leaving = new Set(retire.map(({ id }) => id))
    const ports = routedPorts(release.port, mappings)
    if (create.length > 0) report.step(`Starting ${list(create)}`)
    await this.#fleet.bringUp({ app, release, deployment, create, start, ports }, report, signal, (arrive) =>
      this.#switchboard.move(
        {
          change: { appId: app.id, deployment, port: release.port, mappings },
          joins: (container) => container.appId === app.id && container.deployment === deployment,
          leaves: ({ id }) => leaving.has(id),
          commit: () => {
            this.#store.transaction(commit)
            arrive()
            void this.#retire(app, retire)
          },
        },
        signal,
      ),
    )
    if (retire.length > 0) report.step(`${list(retire)} of before finish their requests and stop`)
  }

  /** Containers of an app that are not on their way out. */
  async #containersOf(app: App, signal: AbortSignal): Promise<Observed[]> {
    const containers = await this.#fleet.list(signal)
    return containers.filter(({ appId, id }) => appId === app.id && !this.#retirement.has(id))
  }

  #retire(app: App, containers: readonly Observed[]): Promise<void> {
    return this.#retirement.retire(containers, limitsOf(this.#store, this.#settings, app))
  }

  /** What the ports of an app are to be when a release of it is live, as seen from the store at that time. */
  async #mappingsFor(app: App, release: Release): Promise<() => PortMapping[]> {
    const store = this.#store
    const before = app.live ? store.releases.find(app.name, app.live.release) : undefined
    const sockets = (await socketsOf('self')) ?? []
    const allocate = () =>
      this.#ports.promise(app, this.#settings['router-port-range'], [
        ...store.routes.portsTaken(),
        ...sockets.map(({ port }) => port),
      ])
    return () => nextMappings(store.routes.ports(app.name), before, release, allocate)
  }
}

const list = (slots: readonly Pick<Slot, 'type' | 'index'>[]) => slots.map(slotName).toSorted().join(', ')
