// The one place from which the router is set, so that its whole state is always computed and set in one piece.
import type { Settings } from '../config/settings.ts'
import type { App } from '../core/app.ts'
import { messageOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { failpoint } from '../host/process/failpoint.ts'
import { Turns } from '../host/queue/turns.ts'
import type { Store } from '../host/store/store.ts'
import type { Fleet } from './fleet.ts'
import type { Observed } from './observe.ts'
import type { Retirement } from './retirement.ts'
import type { RouterPort } from './router.ts'
import { type Change, routeKey, routesOf } from './routes.ts'

/** What becomes of an app at the moment its routes move. */
export interface Switch {
  /** How the app is reached from now on. */
  readonly change: Change
  /** Containers that were coming and may now get requests. */
  readonly joins: (container: Observed) => boolean
  /** Containers that get no requests from now on. */
  readonly leaves: (container: Observed) => boolean
  /** Writes it to the store, and says who has come and who goes. */
  readonly commit: () => void
}

export interface SwitchboardParts {
  readonly store: Store
  readonly settings: Settings
  readonly router: RouterPort
  readonly fleet: Fleet
  readonly retirement: Retirement
  readonly log: Log
}

/** What setting the router may take, in milliseconds. */
const LIMIT = 60_000

/** Invariant: one at a time, so no call brings back what a call before it took away. */
export class Switchboard {
  readonly #parts: SwitchboardParts
  readonly #turns = new Turns(1)

  constructor(parts: SwitchboardParts) {
    this.#parts = parts
  }

  /**
   * Brings the router to what the store says and the engine has.
   * @param app the one whose ports were changed: that one of them cannot be had is an error, of another app it is not
   * @throws router-failed, port-taken, engine-unreachable, canceled
   */
  async refresh(signal: AbortSignal, app?: App): Promise<void> {
    await using _turn = await this.#turns.take({ signal })
    await this.#set(undefined, app?.id)
  }

  /**
   * Moves the routes of an app, then commits. The order makes every fault harmless: as long as the store has not
   * changed the old containers run, so a router that refuses, a store that cannot write, or a daemon that dies
   * in between is undone by setting the routes once more; and once the store has changed the routes lead to
   * what it says. A `signal` that fires before the turn has come calls it off; from then on it goes through.
   */
  async move(to: Switch, signal: AbortSignal): Promise<void> {
    await using _turn = await this.#turns.take({ signal })
    try {
      await this.#set(to, to.change.appId)
      failpoint('routes-set')
      to.commit()
      failpoint('release-live')
    } catch (error) {
      await this.#set().catch((problem: unknown) => {
        this.#parts.log.error({ problem: messageOf(problem) }, 'routes could not be set back')
      })
      throw error
    }
  }

  async #set(to?: Switch, insistOn?: number): Promise<void> {
    const { store, settings, router, fleet, retirement } = this.#parts
    const routable = (await fleet.list()).filter(
      (container) =>
        !retirement.has(container.id) &&
        (!fleet.isComing(container) || to?.joins(container) === true) &&
        to?.leaves(container) !== true,
    )
    const routes = routesOf(store, settings, routable, to?.change)
    const key = insistOn === undefined ? undefined : routeKey(insistOn)
    await router.set(routes, AbortSignal.timeout(LIMIT), key)
  }
}
