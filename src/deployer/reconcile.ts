// Makes what runs be what the store says, after a crash, a reboot, or hands other than Crew's on the engine.

import { resolveProperties } from '../config/properties.ts'
import type { Settings } from '../config/settings.ts'
import type { App } from '../core/app.ts'
import { isFailure, messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Report } from '../core/report.ts'
import { Turns } from '../host/queue/turns.ts'
import type { Store } from '../host/store/store.ts'
import type { Fleet } from './fleet.ts'
import { wantedSlots } from './formation.ts'
import { isSettled, type Plan, plan, type Wanted } from './plan.ts'
import { routedPorts } from './ports.ts'
import type { Limits, Retirement } from './retirement.ts'
import type { Switchboard } from './switchboard.ts'

export interface ReconcileParts {
  readonly store: Store
  readonly settings: Settings
  readonly fleet: Fleet
  readonly switchboard: Switchboard
  readonly retirement: Retirement
  readonly log: Log
}

/** Milliseconds a recreated container has to become healthy before it is routed to anyway. */
const PATIENCE = 10_000
/** Apps brought back side by side. */
const AT_ONCE = 4

/** What the store says should run of an app. */
export function wantedOf(store: Store, app: App): Wanted | null {
  if (app.stopped || app.live === null) return null
  const { processes } = store.releases.get(app.name, app.live.release)
  return { deployment: app.live.deployment, slots: wantedSlots(processes, store.formation.all(app.name)) }
}

/** How long containers of an app may take to go; of an app that is no more, what the settings say. */
export function limitsOf(store: Store, settings: Settings, app: App | undefined): Limits {
  const known = app && store.apps.find(app.name) ? store.properties.all(app.name) : {}
  const properties = resolveProperties(known, settings)
  return { drain: properties['checks.drain'], stop: properties['ps.stop-timeout'] }
}

/**
 * Nothing else may change an app meanwhile. Leftovers go in the background; an app that cannot be brought back
 * does not hold up the others.
 * @throws engine-unreachable, router-failed, canceled; it may be called again at any time
 */
export async function reconcile(parts: ReconcileParts, report: Report, signal: AbortSignal): Promise<void> {
  const { store, settings, fleet, switchboard, retirement } = parts
  endUnfinished(store)
  const observed = (await fleet.list(signal)).filter(({ id }) => !retirement.has(id))
  const byApp = Map.groupBy(observed, ({ appId }) => appId)
  const apps = store.apps.list()
  const plans = apps.map((app) => ({ app, plan: plan(byApp.get(app.id) ?? [], wantedOf(store, app)) }))
  // what runs answers at once, and what is about to go gets no more requests
  await switchboard.refresh(signal)

  for (const { app, plan } of plans) void retirement.retire(plan.retire, limitsOf(store, settings, app))
  const known = new Set(apps.map(({ id }) => id))
  const orphans = observed.filter(({ appId }) => !known.has(appId))
  void retirement.retire(orphans, limitsOf(store, settings, undefined))

  const turns = new Turns(AT_ONCE)
  const unsettled = plans.filter(({ plan }) => !isSettled({ ...plan, retire: [] }))
  const results = await Promise.allSettled(
    unsettled.map(async ({ app, plan }) => {
      await using _turn = await turns.take({ signal })
      await restore(parts, app, plan, report, signal)
    }),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
  if (unsettled.length > 0) await switchboard.refresh(signal)
}

function endUnfinished(store: Store): void {
  for (const { app, number, state } of store.releases.unfinished()) {
    const during = state === 'building' ? 'build' : 'deploy'
    store.releases.end(app, number, 'failed', `the daemon stopped during the ${during}`)
  }
}

async function restore(
  { store, fleet, log }: ReconcileParts,
  app: App,
  { create, start }: Plan,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (app.live === null) return
  const { release: number, deployment } = app.live
  const release = store.releases.get(app.name, number)
  const ports = routedPorts(release.port, store.routes.ports(app.name))
  try {
    const unwell = await fleet.restore({ app, release, deployment, create, start, ports }, PATIENCE, signal)
    const restored = create.length + start.length
    log.info({ app: app.name, restored, unwell }, 'containers that were missing are back')
    if (unwell.length > 0) report.warn(`${app.name}: ${unwell.join(', ')} not healthy yet`)
  } catch (error) {
    if (signal.aborted || isFailure(error, 'engine-unreachable')) throw error
    log.error({ app: app.name, problem: messageOf(error) }, 'an app could not be brought back')
    report.warn(`${app.name} could not be brought back: ${messageOf(error)}`)
  }
}
