// The state of an app in one word. Pure.
import type { App } from '../core/app.ts'
import type { ContainerStatus } from '../deployer/status.ts'

/** `unknown`: the engine does not answer. */
export type AppState =
  | 'running'
  | 'starting'
  | 'degraded'
  | 'stopped'
  | 'not-deployed'
  | 'crashed'
  | 'unknown'

type Observed = Pick<ContainerStatus, 'type' | 'state' | 'health' | 'current'>

const isUp = ({ state, health }: Observed) =>
  state === 'running' && health !== 'starting' && health !== 'unhealthy'
const isComing = ({ state, health }: Observed) =>
  state === 'created' || state === 'starting' || (state === 'running' && health === 'starting')

/**
 * @param containers those of the app; null when the engine does not answer
 * @param formation containers wanted, by process type
 */
export function appState(
  app: Pick<App, 'live' | 'stopped'>,
  containers: readonly Observed[] | null,
  formation: Readonly<Record<string, number>>,
): AppState {
  if (app.live === null) return 'not-deployed'
  if (app.stopped) return 'stopped'
  const wanted = Object.entries(formation).filter(([, count]) => count > 0)
  if (wanted.length === 0) return 'stopped'
  if (containers === null) return 'unknown'
  const current = containers.filter((container) => container.current)
  const count = (type: string, is: (container: Observed) => boolean) =>
    current.filter((container) => container.type === type && is(container)).length
  if (wanted.every(([type, number]) => count(type, isUp) >= number)) return 'running'
  if (wanted.every(([type, number]) => count(type, (c) => isUp(c) || isComing(c)) >= number))
    return 'starting'
  return current.some((container) => isUp(container) || isComing(container)) ? 'degraded' : 'crashed'
}
