// Decides what to do so that what runs becomes what is wanted. Pure.
import { type Slot, slotName } from './formation.ts'
import type { Observed } from './observe.ts'

/** What an app should have: the containers of one deployment, one in each slot. */
export interface Wanted {
  readonly deployment: number
  readonly slots: readonly Slot[]
}

export interface Plan {
  /** Fine as they are. */
  readonly keep: readonly Observed[]
  /** There, but stopped. */
  readonly start: readonly Observed[]
  /** Missing. */
  readonly create: readonly Slot[]
  /** Not wanted: to be drained, stopped and removed. */
  readonly retire: readonly Observed[]
}

type Use = 'keep' | 'start' | 'replace'

/** What can be done with a container in each state of Docker's; one it does not know is replaced. */
const useOf: Readonly<Record<string, Use>> = {
  running: 'keep',
  restarting: 'keep',
  paused: 'keep',
  created: 'start',
  exited: 'start',
  removing: 'replace',
  dead: 'replace',
}

/** One that is off the network can neither be reached nor brought back to its address. */
const use = (container: Observed): Use =>
  container.address === null ? 'replace' : (useOf[container.state] ?? 'replace')

/**
 * Compares the containers of one app with what is wanted of it.
 * @param wanted null: nothing is
 */
export function plan(observed: readonly Observed[], wanted: Wanted | null): Plan {
  const order: Use[] = ['keep', 'start', 'replace']
  const byUse = observed.toSorted((a, b) => order.indexOf(use(a)) - order.indexOf(use(b)))
  const open = new Map((wanted?.slots ?? []).map((slot) => [slotName(slot), slot]))
  const keep: Observed[] = []
  const start: Observed[] = []
  const retire: Observed[] = []
  for (const container of byUse) {
    const fits = container.deployment === wanted?.deployment && open.has(slotName(container))
    if (!fits || use(container) === 'replace') {
      retire.push(container)
      continue
    }
    // a second container of a slot, left by a crash, finds it taken
    open.delete(slotName(container))
    ;(use(container) === 'keep' ? keep : start).push(container)
  }
  return { keep, start, create: [...open.values()], retire }
}

/** Whether there is nothing to do. */
export const isSettled = ({ start, create, retire }: Plan) =>
  start.length === 0 && create.length === 0 && retire.length === 0
