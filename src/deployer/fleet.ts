// The containers of an instance as the deployer sees them: listed from the engine, brought up, thrown away.
import { randomBytes } from 'node:crypto'
import { type Properties, resolveProperties } from '../config/properties.ts'
import type { Settings } from '../config/settings.ts'
import type { App, Release } from '../core/app.ts'
import { failure } from '../core/errors.ts'
import type { Report } from '../core/report.ts'
import { formatDuration } from '../core/units.ts'
import { ASK_LIMIT } from '../host/docker/call.ts'
import type { Containers } from '../host/docker/containers.ts'
import type { Engine } from '../host/docker/engine.ts'
import { logLines } from '../host/docker/logs.ts'
import { ensureNetwork, type Network, networkName } from '../host/docker/network.ts'
import { socketsOf } from '../host/docker/sockets.ts'
import { failpoint } from '../host/process/failpoint.ts'
import type { Store } from '../host/store/store.ts'
import { Addresses } from './addresses.ts'
import { containerOptions } from './container-spec.ts'
import { diagnose } from './diagnosis.ts'
import { type Slot, slotName } from './formation.ts'
import { type Ailment, type Check, checkFor, waitUntilHealthy } from './health.ts'
import { deployedBy, type Observed, observe } from './observe.ts'

/** What is to be brought up. */
export interface Order {
  readonly app: App
  readonly release: Release
  readonly deployment: number
  readonly create: readonly Slot[]
  /** There already, but stopped. */
  readonly start: readonly Observed[]
  /** Ports that web containers must answer on. */
  readonly ports: readonly number[]
}

interface Candidate {
  readonly id: string
  readonly address: string
  readonly slot: Slot
}

export interface FleetParts {
  readonly engine: Engine
  readonly containers: Containers
  readonly store: Store
  readonly settings: Settings
}

const LAST_LINES = 40

export class Fleet {
  readonly #engine: Engine
  readonly #containers: Containers
  readonly #store: Store
  readonly #settings: Settings
  readonly #addresses = new Addresses()
  /** The question for the network that is under way, if one is. */
  #network: Promise<Network> | undefined

  constructor({ engine, containers, store, settings }: FleetParts) {
    this.#engine = engine
    this.#containers = containers
    this.#store = store
    this.#settings = settings
  }

  /** All containers of the instance, those of apps that are gone too, in one call. */
  async list(signal?: AbortSignal): Promise<Observed[]> {
    const network = networkName(this.#store.instance)
    const found = await this.#containers.list(deployedBy(this.#store.instance), signal)
    return found.map((info) => observe(info, network))
  }

  /** Whether a container is being brought up: not to be routed to, whatever the store says of its deployment. */
  isComing(container: Observed): boolean {
    return this.#addresses.isPromised(container.address)
  }

  propertiesOf(app: App): Properties {
    return resolveProperties(this.#store.properties.all(app.name), this.#settings)
  }

  /**
   * Creates, starts and checks containers side by side, and calls `commit` when all of them are healthy. They
   * count as coming until that calls `arrive`. When anything fails, or `signal` fires before the commit, those
   * it made are removed and nothing else has changed.
   * @throws deploy-unhealthy, canceled, engine-unreachable, engine-error, network-exhausted
   */
  async bringUp(
    order: Order,
    report: Report,
    signal: AbortSignal,
    commit: (arrive: () => void) => Promise<void>,
  ): Promise<void> {
    const { network, fresh } = await this.#prepare(order, signal)
    const arrive = () => this.#addresses.release(fresh)
    const made: string[] = []
    try {
      const healthcheck = await this.#healthcheckOf(order, signal)
      const candidates = await this.#create(order, network, fresh, made)
      await this.#startAndCheck(order, candidates, healthcheck, report, signal)
      failpoint('containers-healthy')
      if (signal.aborted) throw failure('canceled', { what: `the deploy of ${order.app.name}` })
      await commit(arrive)
    } catch (error) {
      // what cannot be removed now, a reconcile finds; the reason of the failure matters more
      await Promise.allSettled(made.map((id) => this.#containers.remove(id)))
      throw error
    } finally {
      arrive()
    }
  }

  /**
   * Brings back what should be running but is not. Healthy or not, it stays: it was healthy when it went live.
   * @param patience milliseconds to wait for it to become healthy
   * @returns what is still not healthy then
   */
  async restore(order: Order, patience: number, signal: AbortSignal): Promise<string[]> {
    const { network, fresh } = await this.#prepare(order, signal)
    try {
      const healthcheck = await this.#healthcheckOf(order, signal)
      const candidates = await this.#create(order, network, fresh, [])
      const properties = this.propertiesOf(order.app)
      const either = AbortSignal.any([signal, AbortSignal.timeout(patience)])
      const unwell = await Promise.all(
        candidates.map(async (candidate) => {
          const { id, slot } = candidate
          const check = checkFor(slot, healthcheck, order.ports, properties['checks.uptime'])
          await this.#containers.start(id)
          await this.#containers.keepRunning(id)
          if (check.kind === 'uptime') return []
          const healthy = await waitUntilHealthy(this.#containers, candidate, check, properties, either).then(
            (ailment) => ailment === undefined,
            () => false,
          )
          return healthy ? [] : [slotName(slot)]
        }),
      )
      return unwell.flat()
    } finally {
      this.#addresses.release(fresh)
    }
  }

  /** The network, and an address for each container that is to be made. */
  async #prepare({ create }: Order, signal: AbortSignal) {
    const wanted = this.#settings['network-subnet']
    this.#network ??= ensureNetwork(this.#engine, this.#store.instance, wanted).finally(() => {
      this.#network = undefined
    })
    const network = await this.#network
    const used = (await this.list(signal)).flatMap(({ address }) => address ?? [])
    return { network, fresh: this.#addresses.promise(network.subnet, used, create.length) }
  }

  async #healthcheckOf({ release, create, start }: Order, signal: AbortSignal) {
    if (create.length + start.length === 0) return undefined
    return this.#containers.healthcheck(release.image ?? '', signal)
  }

  /** @param made gets the id of each container as soon as it is there */
  async #create(order: Order, network: Network, addresses: readonly string[], made: string[]) {
    const { app, release, deployment } = order
    const init = await this.#containers.hasInit()
    const properties = this.propertiesOf(app)
    const creations = order.create.map(async (slot, i): Promise<Candidate> => {
      const address = addresses[i] ?? ''
      const options = containerOptions({
        instance: this.#store.instance,
        app,
        release,
        deployment,
        slot,
        network: network.name,
        address,
        suffix: randomBytes(2).toString('hex'),
        init,
        properties,
        settings: this.#settings,
      })
      const id = await this.#containers.create(options)
      made.push(id)
      failpoint('container-created')
      return { id, address, slot }
    })
    await Promise.allSettled(creations)
    const stopped = order.start.map(({ id, address, type, index }): Candidate => {
      const command = release.processes.find((process) => process.type === type)?.command ?? null
      return { id, address: address ?? '', slot: { type, index, command } }
    })
    return [...(await Promise.all(creations)), ...stopped]
  }

  /** The first failure calls the other checks off. */
  async #startAndCheck(
    order: Order,
    candidates: readonly Candidate[],
    healthcheck: readonly string[] | undefined,
    report: Report,
    signal: AbortSignal,
  ): Promise<void> {
    const stop = new AbortController()
    const either = AbortSignal.any([signal, stop.signal])
    const properties = this.propertiesOf(order.app)
    const checks = candidates.map(async (candidate) => {
      const { id, slot } = candidate
      const check = checkFor(slot, healthcheck, order.ports, properties['checks.uptime'])
      try {
        either.throwIfAborted()
        await this.#containers.start(id)
        failpoint('container-started')
        report.line(`${slotName(slot)}: ${describeCheck(check)}`)
        const ailment = await waitUntilHealthy(this.#containers, candidate, check, properties, either)
        either.throwIfAborted()
        if (ailment) {
          stop.abort()
          throw await this.#explain(order, candidate, ailment, report, signal)
        }
        await this.#containers.keepRunning(id)
      } catch (error) {
        stop.abort()
        throw error
      }
    })
    const results = await Promise.allSettled(checks)
    if (signal.aborted) throw failure('canceled', { what: `the deploy of ${order.app.name}` })
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    // those that were called off because of another have nothing to tell
    const first = reasons.find(
      (reason) => reason instanceof Error && reason.name === 'CrewError' && !isCanceled(reason),
    )
    if (reasons.length > 0) throw first ?? reasons[0]
  }

  /** The error for the pusher; the container's last lines go to the report. */
  async #explain(
    { app, release }: Order,
    { id, slot }: Candidate,
    ailment: Ailment,
    report: Report,
    signal: AbortSignal,
  ): Promise<Error> {
    const local = this.#engine.address.startsWith('unix:')
    const sockets =
      ailment.kind === 'port-closed' && local && ailment.pid > 0 ? await socketsOf(ailment.pid) : undefined
    const container = slotName(slot)
    const lines = await this.#lastLines(id, signal)
    report.step(lines.length === 0 ? `${container} has written nothing` : `Last lines of ${container}:`)
    for (const line of lines) report.line(line)
    const memory = this.propertiesOf(app)['resource.memory']
    return failure('deploy-unhealthy', {
      container,
      ...diagnose(ailment, {
        app: app.name,
        memory,
        port: release.port,
        sockets,
        wrote: lines.length > 0,
      }),
    })
  }

  /** What a container wrote last; less of it when the engine is slow to tell. */
  async #lastLines(id: string, signal: AbortSignal): Promise<string[]> {
    const late = AbortSignal.timeout(ASK_LIMIT)
    const lines: string[] = []
    try {
      const options = { tail: LAST_LINES, follow: false }
      for await (const { text } of logLines(this.#engine, id, options, AbortSignal.any([signal, late])))
        lines.push(text)
    } catch (error) {
      if (!late.aborted) throw error
    }
    return lines
  }
}

const isCanceled = (error: Error) => 'code' in error && error.code === 'canceled'

function describeCheck(check: Check): string {
  switch (check.kind) {
    case 'image':
      return "waiting for the image's HEALTHCHECK"
    case 'tcp':
      return `waiting for a connection to port ${check.ports.join(', ')}`
    case 'uptime':
      return `has no check; waiting until it has stayed up for ${formatDuration(check.duration)}`
  }
}
