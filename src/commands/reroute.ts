// A change of ports or domains: stored, brought to the router, taken back when the router refuses it.

import type { AppName } from '../core/app.ts'
import type { Actor } from '../pipeline-port.ts'
import type { Context } from './context.ts'

export interface RouteChange<T> {
  readonly apps: readonly AppName[]
  readonly read: () => T
  readonly write: (value: T) => void
  readonly wanted: T
}

/**
 * Does nothing when what is wanted is what is there.
 * @returns whether there was something to do
 * @throws what `write` or the router throws, the store being as it was
 */
export async function changeRoutes<T>(
  { pipeline }: Context,
  { apps, read, write, wanted }: RouteChange<T>,
  actor: Actor,
): Promise<boolean> {
  const before = read()
  const same = (a: T, b: T) => JSON.stringify(a) === JSON.stringify(b)
  if (same(before, wanted)) return false
  write(wanted)
  const stored = read()
  try {
    for (const app of apps) await pipeline.reroute(app, actor)
  } catch (error) {
    // somebody else's change in the meantime is not ours to take back
    if (same(read(), stored)) write(before)
    throw error
  }
  return true
}
