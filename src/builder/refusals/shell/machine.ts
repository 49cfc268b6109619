// What programs of a build answer when they are asked for the architecture.
import { type Architecture, architectureOf, type Platform } from '../../../core/platform.ts'

/** GNU's triplets by library name; Debian's multiarch and `gcc -dumpmachine` on Debian. */
const TRIPLETS: Readonly<Record<string, string>> = {
  amd64: 'x86_64-linux-gnu',
  i386: 'i686-linux-gnu',
  arm64v8: 'aarch64-linux-gnu',
  arm32v7: 'arm-linux-gnueabihf',
  arm32v5: 'arm-linux-gnueabi',
  riscv64: 'riscv64-linux-gnu',
  ppc64le: 'powerpc64le-linux-gnu',
  s390x: 's390x-linux-gnu',
  mips64le: 'mips64el-linux-gnuabi64',
}

export interface Machine {
  readonly architecture: Architecture
  /** @returns what `name` prints; null when it depends on the architecture and is not known; else undefined */
  readonly answer: (name: string, args: readonly string[]) => string | null | undefined
}

export function machineOf(platform: Platform): Machine {
  const architecture = architectureOf(platform)
  return { architecture, answer: (name, args) => answer(architecture, name, args) }
}

function answer(of: Architecture, name: string, args: readonly string[]): string | null | undefined {
  const line = args.join(' ')
  switch (name) {
    case 'dpkg':
      return /^--print(-foreign)?-architecture/.test(line) ? of.debian : undefined
    case 'apk':
      return line.includes('--print-arch') ? of.alpine : undefined
    case 'arch':
      return of.machine
    case 'uname':
      return uname(of, line)
    case 'rpm':
      return /ARCH|_arch|_target_cpu/i.test(line) ? rpmName(of) : undefined
    case 'getconf':
      return line.includes('LONG_BIT') ? String(of.elf.bits) : undefined
    case 'dpkg-architecture':
      return debianFact(of, /DEB_(?:HOST|BUILD|TARGET)_(\w+)/.exec(line)?.[1])
    case 'gcc':
    case 'cc':
      return line.includes('dump') ? null : undefined
    case 'cat':
      return line === '/etc/apk/arch' ? of.alpine : undefined
    default:
      return undefined
  }
}

function uname(of: Architecture, line: string): string | undefined {
  if (/^(-m|-p|-i|--m[a-z]*|--p[a-z]*)$/.test(line)) return of.machine
  if (/^(-s|--kernel-name)?$/.test(line)) return 'Linux'
  return /^(-sm|-s -m)$/.test(line) ? `Linux ${of.machine}` : undefined
}

export function rpmName(of: Architecture): string {
  return of.library === 'arm32v7' ? 'armv7hl' : of.library === 'mips64le' ? 'mips64el' : of.machine
}

function debianFact(of: Architecture, fact: string | undefined): string | null {
  const triplet = TRIPLETS[of.library] ?? null
  switch (fact) {
    case 'ARCH':
    case 'ARCH_CPU':
      return of.debian
    case 'GNU_TYPE':
      return triplet
    case 'MULTIARCH':
      return of.library === 'i386' ? 'i386-linux-gnu' : triplet
    case 'GNU_CPU':
      return triplet?.split('-')[0] ?? null
    case 'ARCH_BITS':
      return String(of.elf.bits)
    case 'ARCH_ENDIAN':
      return of.elf.little ? 'little' : 'big'
    case 'ARCH_OS':
      return 'linux'
    default:
      return null
  }
}
