// Which images are grounds: root file systems of a distribution that can be made here, and for which platforms the
// distribution has them. Facts of the distributions' own release pages, as data.
import { isDay } from '../../core/day.ts'
import { type ImageReference, officialName } from '../../core/image-reference.ts'
import { architectureOf, type Platform } from '../../core/platform.ts'
import type { Ground } from '../../host/ground/types.ts'

export type { Ground }

interface Suite {
  /** First parts of tags that mean it. */
  readonly names: readonly string[]
  /** The distribution's names of the architectures it has. */
  readonly architectures: string
}

// debian.org/releases, wiki.debian.org/LTS (bullseye keeps four architectures)
const DEBIAN: Readonly<Record<string, Suite>> = {
  bullseye: { names: ['bullseye', '11', 'oldoldstable'], architectures: 'amd64 arm64 armhf i386' },
  bookworm: {
    names: ['bookworm', '12', 'oldstable'],
    architectures: 'amd64 arm64 armel armhf i386 mips64el ppc64el s390x',
  },
  trixie: {
    names: ['trixie', '13', 'stable', 'latest'],
    architectures: 'amd64 arm64 armel armhf i386 ppc64el riscv64 s390x',
  },
  forky: { names: ['forky', 'testing'], architectures: 'amd64 arm64 armhf i386 ppc64el riscv64 s390x' },
  sid: { names: ['sid', 'unstable'], architectures: 'amd64 arm64 armhf i386 ppc64el riscv64 s390x' },
}

// wiki.ubuntu.com/Releases; i386 is only a partial architecture since 20.04
const UBUNTU_PORTS = 'amd64 arm64 armhf ppc64el riscv64 s390x'
const UBUNTU: Readonly<Record<string, Suite>> = {
  jammy: { names: ['jammy', '22.04'], architectures: UBUNTU_PORTS },
  noble: { names: ['noble', '24.04'], architectures: UBUNTU_PORTS },
  resolute: { names: ['resolute', '26.04', 'latest', 'rolling'], architectures: UBUNTU_PORTS },
}

// alpinelinux.org/releases; riscv64 since 3.20
const ALPINE_PORTS = 'aarch64 armhf armv7 ppc64le riscv64 s390x x86 x86_64'
const ALPINE: Readonly<Record<string, Suite>> = {
  '3.20': { names: ['3.20'], architectures: ALPINE_PORTS },
  '3.21': { names: ['3.21'], architectures: ALPINE_PORTS },
  '3.22': { names: ['3.22'], architectures: ALPINE_PORTS },
  '3.23': { names: ['3.23'], architectures: ALPINE_PORTS },
  '3.24': { names: ['3.24', '3', 'latest'], architectures: ALPINE_PORTS },
}

const DISTRIBUTIONS = { debian: DEBIAN, ubuntu: UBUNTU, alpine: ALPINE } as const

/** Suite whose busybox-static a busybox ground is made of. */
const BUSYBOX_SUITE = 'trixie'

export type GroundChoice =
  | { readonly ground: Ground; readonly note: string }
  /** The distribution has that suite, and not for this platform. */
  | { readonly lacking: string }

/**
 * The ground that stands for an image.
 * @param today YYYY-MM-DD, for tags that name no day
 * @returns undefined for an image that is no ground, and for one that only a digest names: it tells no suite
 */
export function groundOf(
  reference: ImageReference,
  platform: Platform,
  today: string,
): GroundChoice | undefined {
  const kind = officialName(reference)
  if (reference.tag === null) return undefined
  if (kind === 'busybox') return busybox(platform, today)
  if (kind !== 'debian' && kind !== 'ubuntu' && kind !== 'alpine') return undefined
  const [first = '', ...rest] = reference.tag.split('-')
  const found = Object.entries(DISTRIBUTIONS[kind]).find(([, suite]) => isSuite(suite, kind, first))
  if (!found) return undefined
  const [suite, { architectures }] = found
  const day = rest.find((word) => /^\d{8}(\.\d+)?$/.test(word))
  const others = rest.filter((word) => word !== day && word !== 'slim')
  const date = day === undefined ? today : `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`
  if (others.length > 0 || !isDay(date)) return undefined
  const { debian, alpine } = architectureOf(platform)
  const architecture = kind === 'alpine' ? alpine : debian
  if (architecture === null || !architectures.split(' ').includes(architecture))
    return { lacking: `${kind} ${suite} has no ${architecture ?? platform}` }
  const slim = rest.includes('slim')
  return { ground: { kind, suite, slim, platform, date }, note: `${kind} ${suite} for ${architecture}` }
}

function isSuite({ names }: Suite, kind: string, word: string): boolean {
  if (names.includes(word)) return true
  // a point release: debian:12.15, alpine:3.22.1
  const parts = word.split('.')
  const major = parts.slice(0, kind === 'alpine' ? 2 : 1).join('.')
  return kind !== 'ubuntu' && parts.length > (kind === 'alpine' ? 2 : 1) && names.includes(major)
}

function busybox(platform: Platform, date: string): GroundChoice {
  const { debian } = architectureOf(platform)
  if (debian === null || !DEBIAN[BUSYBOX_SUITE]?.architectures.split(' ').includes(debian))
    return { lacking: `Debian ${BUSYBOX_SUITE} has no busybox for ${debian ?? platform}` }
  const ground = { kind: 'busybox', suite: BUSYBOX_SUITE, slim: true, platform, date } as const
  return { ground, note: `Debian's static busybox for ${debian}` }
}
