// Waits until nothing goes on with servers that no longer take requests, then takes them out of HAProxy.
import { setTimeout as sleep } from 'node:timers/promises'
import { isFailure } from '../../core/errors.ts'
import type { Runtime } from './runtime.ts'

/** Idle connections of a deleted server close within about a second (config.ts); then HAProxy lets it go. */
const DELETE_PATIENCE = 3_000

/** A server in one worker: after a reload the old worker has servers and sessions of its own. */
interface Place {
  readonly worker: number
  readonly current: boolean
  readonly backend: string
  readonly name: string
  /** A request can still get there: in an old worker, that of a client whose connection was idle. */
  readonly open: boolean
}

export interface DrainLimits {
  /** Milliseconds after which the wait is over, whatever goes on. */
  readonly timeout: number
  /** Milliseconds for which a client's idle connection stays with the worker of before a reload. */
  readonly lurk: number
}

/** Waits until the servers have no session left in any worker, and none can come. */
export async function waitIdle(
  runtime: Runtime,
  servers: ReadonlySet<string>,
  { timeout, lurk }: DrainLimits,
  signal: AbortSignal,
): Promise<void> {
  const end = Date.now() + timeout
  let pause = 20
  for (;;) {
    const { places, uptime } = await find(runtime, servers, signal)
    const expected = uptime <= lurk + 1000 && places.some((place) => place.open && !place.current)
    if ((!expected && (await countSessions(runtime, places, signal)) === 0) || Date.now() >= end) return
    await sleep(Math.min(pause, Math.max(1, end - Date.now())), undefined, { signal })
    pause = Math.min(250, pause * 1.5)
  }
}

export interface Removal {
  /** Sessions that were ended by force. */
  readonly cut: number
  /** Servers, by name, that HAProxy did not let go: they stay in maintenance until the next reload. */
  readonly left: readonly string[]
}

/** Takes the servers out of HAProxy, ending what still goes on with them. */
export async function removeServers(
  runtime: Runtime,
  servers: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Removal> {
  const { places } = await find(runtime, servers, signal)
  // an old worker takes no commands about its servers, and ends soon
  const inCurrent = places.filter((place) => place.current)
  for (const place of inCurrent) await runtime.disable(place.worker, keyOf(place), signal)
  const cut = await endSessions(runtime, places, signal)
  let left = inCurrent
  for (const end = Date.now() + DELETE_PATIENCE; left.length > 0 && Date.now() < end; ) {
    const still: Place[] = []
    for (const place of left)
      if (!(await runtime.deleteServer(place.worker, keyOf(place), signal))) still.push(place)
    left = still
    if (left.length > 0) await sleep(50, undefined, { signal })
  }
  return { cut, left: [...new Set(left.map((place) => place.name))] }
}

async function find(runtime: Runtime, servers: ReadonlySet<string>, signal: AbortSignal) {
  const { current, old, uptime } = await runtime.processes(signal)
  const places: Place[] = []
  for (const worker of current === null ? old : [current, ...old]) {
    for (const { backend, name, ready } of await ifThere(() => runtime.servers(worker, signal), []))
      if (servers.has(name)) places.push({ worker, current: worker === current, backend, name, open: ready })
  }
  return { places, uptime }
}

async function countSessions(runtime: Runtime, places: readonly Place[], signal: AbortSignal) {
  let sum = 0
  for (const place of places) {
    const { worker, backend } = place
    const sessions = await ifThere(() => runtime.sessions(worker, backend, signal), new Map<string, number>())
    sum += sessions.get(keyOf(place)) ?? 0
  }
  return sum
}

async function endSessions(runtime: Runtime, places: readonly Place[], signal: AbortSignal) {
  if ((await countSessions(runtime, places, signal)) === 0) return 0
  let cut = 0
  for (const worker of new Set(places.map((place) => place.worker))) {
    const ids = await ifThere(() => runtime.sessionIds(worker, signal), new Map<string, string[]>())
    for (const place of places.filter((place) => place.worker === worker))
      for (const id of ids.get(keyOf(place)) ?? []) {
        await ifThere(() => runtime.endSession(worker, id, signal), undefined)
        cut++
      }
  }
  return cut
}

const keyOf = ({ backend, name }: Place) => `${backend}/${name}`

/** A worker may end between two commands; what was asked of it is then as good as done. */
async function ifThere<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (isFailure(error, 'router-failed')) return otherwise
    throw error
  }
}
