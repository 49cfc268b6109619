// Which addresses of the network new containers get, and which are promised already.
import { failure } from '../core/errors.ts'
import { addressNumber, addressText, formatSubnet, type Subnet } from '../host/docker/subnets.ts'

/** The network itself and its gateway, which Docker puts on the first address. */
const FIRST = 2

/**
 * The next free addresses behind `after`, going round, so that one just given up rests as long as it can.
 * @throws network-exhausted
 */
export function freeAddresses(
  subnet: Subnet,
  taken: ReadonlySet<string>,
  count: number,
  after?: string,
): string[] {
  const free: string[] = []
  // the last address is the broadcast address
  const usable = subnet.size - FIRST - 1
  const begin = after === undefined ? 0 : addressNumber(after) - subnet.first - FIRST + 1
  for (let step = 0; step < usable && free.length < count; step++) {
    const address = addressText(subnet.first + FIRST + ((begin + step + usable) % usable))
    if (!taken.has(address)) free.push(address)
  }
  if (free.length < count) throw failure('network-exhausted', { subnet: formatSubnet(subnet) })
  return free
}

/** Addresses of containers that are being brought up. A container is ready when its address is no longer here. */
export class Addresses {
  readonly #promised = new Set<string>()
  #last: string | undefined

  /** @param used those that containers on the engine have @throws network-exhausted */
  promise(subnet: Subnet, used: Iterable<string>, count: number): string[] {
    const taken = new Set([...used, ...this.#promised])
    const given = freeAddresses(subnet, taken, count, this.#last)
    for (const address of given) this.#promised.add(address)
    this.#last = given.at(-1) ?? this.#last
    return given
  }

  isPromised(address: string | null): boolean {
    return address !== null && this.#promised.has(address)
  }

  release(addresses: readonly string[]): void {
    for (const address of addresses) this.#promised.delete(address)
  }
}
