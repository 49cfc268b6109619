// What ps:report and apps:list say of containers. Pure.

import type { App } from '../core/app.ts'
import type { ContainerDetails } from '../host/docker/containers.ts'
import { slotName } from './formation.ts'
import type { Health, Observed } from './observe.ts'

export interface ContainerStatus {
  /** `web.1`. */
  readonly name: string
  readonly type: string
  readonly index: number
  /** Docker's word, or `starting` for one that runs and whose HEALTHCHECK has not succeeded yet. */
  readonly state: string
  readonly health: Health
  readonly address: string | null
  /** ISO 8601; null when it was not looked up, or never started. */
  readonly startedAt: string | null
  /** How often the engine has started it again; null when it was not looked up. */
  readonly restarts: number | null
  /** Image id. */
  readonly image: string
  readonly release: number
  readonly deployment: number
  /** Part of what should run; false for one on its way in or out. */
  readonly current: boolean
  readonly container: { readonly id: string; readonly name: string }
}

export function containerStatus(
  app: App,
  container: Observed,
  moving: boolean,
  details?: ContainerDetails,
): ContainerStatus {
  const { id, name, type, index, state, health, address, image, release, deployment } = container
  const startedAt = details?.State.StartedAt
  return {
    name: slotName(container),
    type,
    index,
    state: state === 'running' && health === 'starting' ? 'starting' : state,
    health,
    address,
    // the engine writes the year 1 for never
    startedAt: startedAt === undefined || startedAt.startsWith('0001') ? null : startedAt,
    restarts: details?.RestartCount ?? null,
    image,
    release,
    deployment,
    current: !moving && !app.stopped && deployment === app.live?.deployment,
    container: { id, name },
  }
}

/** By process type, index, and newest deployment first. */
export const byName = (a: ContainerStatus, b: ContainerStatus) =>
  a.type.localeCompare(b.type) || a.index - b.index || b.deployment - a.deployment
