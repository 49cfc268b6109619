// What the engine is asked to make for one slot of a release, in Docker's form. Pure.
import type { Properties } from '../config/properties.ts'
import type { Settings } from '../config/settings.ts'
import type { App, Release } from '../core/app.ts'
import type { ContainerOptions } from '../host/docker/containers.ts'
import { appLabels, labels } from '../host/docker/labels.ts'
import type { Slot } from './formation.ts'
import { processCommand } from './process-command.ts'

export interface ContainerSpec {
  readonly instance: string
  readonly app: App
  readonly release: Release
  readonly deployment: number
  readonly slot: Slot
  readonly network: string
  /** IPv4 address that stays the container's for as long as it exists. */
  readonly address: string
  /** Tells it from a container of the same slot that is still on its way out. */
  readonly suffix: string
  /** Whether the engine has docker-init. */
  readonly init: boolean
  readonly properties: Properties
  readonly settings: Settings
}

/**
 * Whether the image's HEALTHCHECK is meant for this process: for web and for the image's own command. The other
 * types of a Procfile share the image, but not the port that its check asks.
 */
export const hasImageCheck = ({ type, command }: Slot): boolean => type === 'web' || command === null

/** PORT comes last: it is the port the router and the checks use, whatever the configuration says. */
const environment = ({ config, port }: Release): string[] =>
  Object.entries(port === null ? config : { ...config, PORT: String(port) }).map(
    ([name, value]) => `${name}=${value}`,
  )

/**
 * The container is made without a restart policy, so that one that ends while it is checked stays ended and
 * says why; it gets `unless-stopped` once it is healthy.
 */
export function containerOptions(spec: ContainerSpec): ContainerOptions {
  const { instance, app, release, deployment, slot, network, address, properties, settings } = spec
  const memory = properties['resource.memory']
  const cpus = properties['resource.cpu']
  return {
    name: `crew-${instance}.${app.name}.${slot.type}.${slot.index}.${deployment}-${spec.suffix}`,
    Image: release.image ?? '',
    ...(slot.command === null ? {} : { Cmd: processCommand(slot.command) }),
    ...(hasImageCheck(slot) ? {} : { Healthcheck: { Test: ['NONE'] } }),
    Env: environment(release),
    StopTimeout: Math.ceil(properties['ps.stop-timeout'] / 1000),
    Labels: {
      ...appLabels(instance, app),
      [labels.release]: String(release.number),
      [labels.commit]: release.commit,
      [labels.deployment]: String(deployment),
      [labels.process]: slot.type,
      [labels.index]: String(slot.index),
    },
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: 'no' },
      LogConfig: {
        Type: 'json-file',
        Config: {
          'max-size': String(settings['log-max-size']),
          'max-file': String(settings['log-max-files']),
        },
      },
      // a process that is PID 1 ignores SIGTERM unless it handles it; docker-init passes it on and reaps orphans
      Init: spec.init,
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: settings['container-pids'],
      // as much with swap as without: no swap
      ...(memory === null ? {} : { Memory: memory, MemorySwap: memory }),
      ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
  }
}
