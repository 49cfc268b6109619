// What apps are meant to run and what they do run, for reports that must work without an engine too.
import type { App } from '../core/app.ts'
import { isFailure } from '../core/errors.ts'
import { wantedCounts } from '../deployer/formation.ts'
import type { ContainerStatus } from '../deployer/status.ts'
import { type AppState, appState } from './app-state.ts'
import type { Context } from './context.ts'

/** Containers wanted by process type; before the first deploy, what ps:scale said and a web process. */
export function formationOf({ store }: Pick<Context, 'store'>, app: App): Record<string, number> {
  const stored = store.formation.all(app.name)
  if (app.live === null) return { web: 1, ...stored }
  const { processes } = store.releases.get(app.name, app.live.release)
  return Object.fromEntries(wantedCounts(processes, stored))
}

export interface Observation {
  /** Null when the engine does not answer. */
  containers(app: App): readonly ContainerStatus[] | null
  state(app: App): AppState
}

/** An engine that has not answered by then counts as one that does not, in milliseconds. */
const PATIENCE = 5_000

/** Asks the engine once, for one app or for all. */
export async function observe(context: Context, only?: App): Promise<Observation> {
  const { deployer } = context
  const late = AbortSignal.timeout(PATIENCE)
  let found: ReadonlyMap<number, readonly ContainerStatus[]> | null
  try {
    found = only
      ? new Map([[only.id, await deployer.status(only.name, late)]])
      : await deployer.statuses(late)
  } catch (error) {
    if (!late.aborted && !isFailure(error, 'engine-unreachable')) throw error
    found = null
  }
  const containers = (app: App) => found && (found.get(app.id) ?? [])
  return {
    containers,
    state: (app) => appState(app, containers(app), formationOf(context, app)),
  }
}
