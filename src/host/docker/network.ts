// The bridge network of an instance. Its subnet is known, so containers get addresses that stay theirs.
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import type Docker from 'dockerode'
import { failure, messageOf } from '../../core/errors.ts'
import { ASK_LIMIT, CHANGE_LIMIT, call } from './call.ts'
import { type Engine, statusOf } from './engine.ts'
import { labels } from './labels.ts'
import { chooseSubnet, formatSubnet, parseRoutes, parseSubnet, type Subnet } from './subnets.ts'

export interface Network {
  readonly name: string
  readonly subnet: Subnet
}

export const networkName = (instance: string) => `crew-${instance}`

/** The network itself remembers its subnet. */
function networkIn(networks: readonly Docker.NetworkInspectInfo[], name: string): Network | undefined {
  const found = networks.find((network) => network.Name === name)
  const [subnet] = found ? subnetsOf(found) : []
  if (found && !subnet) throw failure('engine-error', { problem: `network ${name} has no IPv4 subnet` })
  return subnet && { name, subnet }
}

const subnetsOf = ({ IPAM }: Docker.NetworkInspectInfo): Subnet[] =>
  (IPAM?.Config ?? []).flatMap((config) => parseSubnet(config.Subnet ?? '') ?? [])

/** Networks this machine reaches, as far as its interfaces and routes tell. */
async function networksOfHost(): Promise<Subnet[]> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const routes = await readFile('/proc/net/route', 'utf8').then(parseRoutes, () => [])
  return [...own.flatMap(({ cidr }) => parseSubnet(cidr ?? '') ?? []), ...routes]
}

const OVERLAP = /pool overlaps/i
const MOST_TRIES = 16

async function createNetwork(engine: Engine, instance: string, subnet: Subnet): Promise<Network> {
  const name = networkName(instance)
  await call(engine, CHANGE_LIMIT, undefined, (abortSignal) =>
    engine.docker.createNetwork({
      Name: name,
      CheckDuplicate: true,
      Driver: 'bridge',
      IPAM: { Driver: 'default', Config: [{ Subnet: formatSubnet(subnet) }] },
      Labels: { [labels.instance]: instance },
      abortSignal,
    }),
  )
  return { name, subnet }
}

/**
 * The instance's network, made when there is none. One call at a time: the engine lets two of a name be made.
 * @param wanted an IPv4 network, or `auto` for one that neither the machine nor Docker uses
 * @throws network-exhausted, engine-unreachable, engine-error
 */
export async function ensureNetwork(engine: Engine, instance: string, wanted: string): Promise<Network> {
  const networks = await call(engine, ASK_LIMIT, undefined, (abortSignal) =>
    engine.docker.listNetworks({ abortSignal }),
  )
  const there = networkIn(networks, networkName(instance))
  if (there) return there
  const used = [...(await networksOfHost()), ...networks.flatMap(subnetsOf)]
  for (let tries = 1; ; tries++) {
    const subnet = wanted === 'auto' ? chooseSubnet(used) : parseSubnet(wanted)
    if (!subnet) throw failure('network-exhausted', { subnet: wanted })
    try {
      return await createNetwork(engine, instance, subnet)
    } catch (error) {
      // another instance was quicker, or the engine holds on to the subnet of a network that it failed to make
      if (wanted !== 'auto' || tries === MOST_TRIES || !OVERLAP.test(messageOf(error))) throw error
      used.push(subnet)
    }
  }
}

/** Removes the instance's network when no container is on it; for tests and for the removal of an instance. */
export async function removeNetwork(engine: Engine, instance: string): Promise<void> {
  try {
    await call(engine, CHANGE_LIMIT, undefined, (abortSignal) =>
      engine.docker.getNetwork(networkName(instance)).remove({ abortSignal }),
    )
  } catch (error) {
    if (!(error instanceof Error) || statusOf(error.cause) !== 404) throw error
  }
}
