// Platforms: what a processor is called by Docker, by the official images, by Debian, by Alpine, by the kernel.
import { failure } from './errors.ts'

/** A platform as Docker writes it, in its normal form: linux/amd64, linux/arm64, linux/arm/v7. */
export type Platform = string & { readonly platform: unique symbol }

export interface Architecture {
  readonly platform: Platform
  /** GOARCH, as image configurations have it, and the variant, empty where there is only one. */
  readonly goarch: string
  readonly variant: string
  /** Its name in docker-library/official-images. */
  readonly library: string
  /** `dpkg --print-architecture`; null where Debian has no such port. */
  readonly debian: string | null
  /** `apk --print-arch`; null where Alpine has no such port. */
  readonly alpine: string | null
  /** `uname -m`. */
  readonly machine: string
  /** ELF header (elf(5)): e_machine, bits of EI_CLASS, and whether EI_DATA is little-endian. */
  readonly elf: { readonly machine: number; readonly bits: 32 | 64; readonly little: boolean }
  /** QEMU's name of it: qemu-<name>-static, and the entry of binfmt_misc. */
  readonly qemu: string
  /** What its processors run besides, without anybody noticing: older variants of the same architecture. */
  readonly runs: readonly Platform[]
}

const platform = (text: string) => text as Platform

const row = (
  [name, library, debian, alpine, machine, qemu]: readonly [
    string,
    string,
    string | null,
    string | null,
    string,
    string,
  ],
  elf: Architecture['elf'],
  runs: readonly string[] = [],
): Architecture => {
  const [, goarch = '', variant = ''] = name.split('/')
  return {
    platform: platform(name),
    goarch,
    variant,
    library,
    debian,
    alpine,
    machine,
    qemu,
    elf,
    runs: runs.map(platform),
  }
}

// e_machine: elf(5) and the psABI documents
const ARM = { machine: 40, bits: 32, little: true } as const

/** Every platform Crew knows. */
export const architectures: readonly Architecture[] = [
  row(['linux/amd64', 'amd64', 'amd64', 'x86_64', 'x86_64', 'x86_64'], {
    machine: 62,
    bits: 64,
    little: true,
  }),
  row(['linux/386', 'i386', 'i386', 'x86', 'i686', 'i386'], { machine: 3, bits: 32, little: true }),
  row(['linux/arm64', 'arm64v8', 'arm64', 'aarch64', 'aarch64', 'aarch64'], {
    machine: 183,
    bits: 64,
    little: true,
  }),
  row(['linux/arm/v7', 'arm32v7', 'armhf', 'armv7', 'armv7l', 'arm'], ARM, ['linux/arm/v6', 'linux/arm/v5']),
  row(['linux/arm/v6', 'arm32v6', null, 'armhf', 'armv6l', 'arm'], ARM, ['linux/arm/v5']),
  row(['linux/arm/v5', 'arm32v5', 'armel', null, 'armv5tel', 'arm'], ARM),
  row(['linux/riscv64', 'riscv64', 'riscv64', 'riscv64', 'riscv64', 'riscv64'], {
    machine: 243,
    bits: 64,
    little: true,
  }),
  row(['linux/ppc64le', 'ppc64le', 'ppc64el', 'ppc64le', 'ppc64le', 'ppc64le'], {
    machine: 21,
    bits: 64,
    little: true,
  }),
  row(['linux/s390x', 's390x', 's390x', 's390x', 's390x', 's390x'], {
    machine: 22,
    bits: 64,
    little: false,
  }),
  row(['linux/mips64le', 'mips64le', 'mips64el', null, 'mips64', 'mips64el'], {
    machine: 8,
    bits: 64,
    little: true,
  }),
]

const shortOf = (name: string) => name.replace(/^linux\//, '')

const names = new Map<string, Architecture>()
for (const each of architectures) {
  // `uname -m` says mips64 whatever the byte order, and as a GOARCH it is the big-endian one, which is not here
  const machine = each.machine === 'mips64' ? null : each.machine
  for (const name of [machine, each.debian, each.library, shortOf(each.platform)])
    if (name) names.set(name, each)
}
// what else people and kernels write; Go's plain `arm` means v7, as Docker takes it (containerd/platforms)
for (const [name, meant] of [
  ['arm', 'linux/arm/v7'],
  ['armhf', 'linux/arm/v7'],
  ['armv7', 'linux/arm/v7'],
  ['armv6', 'linux/arm/v6'],
  ['armv5', 'linux/arm/v5'],
  ['armv8l', 'linux/arm/v7'],
  ['arm64/v8', 'linux/arm64'],
  ['amd64/v1', 'linux/amd64'],
  ['x86', 'linux/386'],
  ['i586', 'linux/386'],
] as const) {
  const found = names.get(shortOf(meant))
  if (found) names.set(name, found)
}

/** @returns undefined for what is no platform that Crew knows */
export const findArchitecture = (text: string): Architecture | undefined =>
  names.get(shortOf(text.trim().toLowerCase()))

/**
 * Reads a platform (`linux/arm/v7`) or any of the names its architecture has (`arm32v7`, `armhf`, `armv7l`).
 * @throws value-invalid naming those there are
 */
export function parsePlatform(text: string): Platform {
  const found = findArchitecture(text)
  if (found) return found.platform
  throw failure('value-invalid', {
    what: 'platform',
    value: JSON.stringify(text.slice(0, 60)),
    rule: `one of ${architectures.map((each) => each.platform).join(', ')}`,
  })
}

/** All that is known of a platform. */
export function architectureOf(wanted: Platform): Architecture {
  const found = findArchitecture(wanted)
  if (!found) throw new TypeError(`${wanted} was never parsed`)
  return found
}

/**
 * The platform of an image's configuration or a manifest list.
 * @returns undefined when Crew does not know it, Windows included
 */
export function platformOf(os: string, goarch: string, variant = ''): Platform | undefined {
  if (os !== 'linux') return undefined
  return findArchitecture(variant === '' ? goarch : `${goarch}/${variant}`)?.platform
}

/**
 * Whether an image of one platform may stand in for another without a word: the same, or an older variant.
 * A 32-bit image on a 64-bit processor is not: it may run, and it is not what was asked for.
 */
export const runsOn = (image: Platform, host: Platform): boolean =>
  image === host || architectureOf(host).runs.includes(image)
