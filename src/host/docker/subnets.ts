// IPv4 networks as numbers: read, compared, chosen. Pure.

/** An IPv4 network: its first address as a 32-bit number, and how many addresses it has. */
export interface Subnet {
  readonly first: number
  readonly size: number
}

export const addressNumber = (text: string): number =>
  text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

export const addressText = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

/** Reads `10.213.0.0/20`; bits behind the prefix are dropped. @returns undefined when it is not IPv4 */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text)
  const [, address, prefix] = match ?? []
  if (address === undefined || Number(prefix) > 32) return undefined
  if (address.split('.').some((part) => Number(part) > 255)) return undefined
  const size = 2 ** (32 - Number(prefix))
  return { first: Math.floor(addressNumber(address) / size) * size, size }
}

export const formatSubnet = ({ first, size }: Subnet) => `${addressText(first)}/${32 - Math.log2(size)}`

export const overlap = (a: Subnet, b: Subnet): boolean =>
  a.first < b.first + b.size && b.first < a.first + a.size

/** Private ranges (RFC 1918) in which a network is looked for, the least used first. */
const RANGES = ['10.213.0.0/16', '10.128.0.0/9', '172.16.0.0/12', '192.168.0.0/16']
const CHOSEN_SIZE = 2 ** 12

/** The first /20 of the private ranges that touches none of `used`; undefined when there is none. */
export function chooseSubnet(used: readonly Subnet[]): Subnet | undefined {
  for (const range of RANGES) {
    const { first, size } = parseSubnet(range) ?? { first: 0, size: 0 }
    for (let start = first; start < first + size; start += CHOSEN_SIZE) {
      const candidate = { first: start, size: CHOSEN_SIZE }
      if (!used.some((other) => overlap(candidate, other))) return candidate
    }
  }
  return undefined
}

/** Networks of the kernel's routing table (proc(5), /proc/net/route), without the default route. */
export function parseRoutes(text: string): Subnet[] {
  const number = (hex: string) => Buffer.from(hex, 'hex').reverse().readUInt32BE()
  const routes: Subnet[] = []
  for (const line of text.split('\n').slice(1)) {
    const [, destination, , , , , , mask] = line.split(/\s+/)
    if (destination?.length !== 8 || mask?.length !== 8 || mask === '00000000') continue
    routes.push({ first: number(destination), size: 2 ** 32 - number(mask) })
  }
  return routes
}
