// What runs: the engine's containers as typed values, read from their labels. Pure.
import type { ContainerEntry } from '../host/docker/containers.ts'
import { labels } from '../host/docker/labels.ts'

export type Health = 'none' | 'starting' | 'healthy' | 'unhealthy'

export interface Observed {
  readonly id: string
  /** Unique on the engine; also the name of its server in the router. */
  readonly name: string
  readonly appId: number
  readonly release: number
  readonly deployment: number
  readonly type: string
  readonly index: number
  readonly image: string
  /** Docker's word: created, running, paused, restarting, removing, exited, dead. */
  readonly state: string
  readonly health: Health
  /** Its fixed address on the instance's network; null when it is not on it. */
  readonly address: string | null
}

/**
 * Labels that tell a container of the deployer of an instance. The instance alone does not: whoever runs one of
 * Crew's images by hand gets a container that inherits that label from the image.
 */
export const deployedBy = (instance: string): string[] => [
  `${labels.instance}=${instance}`,
  labels.deployment,
  labels.process,
]

/** The engine's `Status` is for people, but the only place where its list has the health. */
function healthOf(status: string): Health {
  const match = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)
  return (match?.[1] as Health | undefined) ?? 'none'
}

/** A number in a label that is missing or broken becomes NaN, which equals nothing, so the container is a leftover. */
export function observe(info: ContainerEntry, network: string): Observed {
  const attached = info.NetworkSettings.Networks[network]
  return {
    id: info.Id,
    name: (info.Names[0] ?? info.Id).replace(/^\//, ''),
    appId: Number(info.Labels[labels.appId]),
    release: Number(info.Labels[labels.release]),
    deployment: Number(info.Labels[labels.deployment]),
    type: info.Labels[labels.process] ?? '',
    index: Number(info.Labels[labels.index]),
    image: info.ImageID,
    state: info.State,
    health: healthOf(info.Status),
    address: attached?.IPAMConfig?.IPv4Address || attached?.IPAddress || null,
  }
}
