// Names of architectures inside of other names: `tini-amd64`, `node-v24-linux-x64.tar.xz`.
import { type Architecture, architectures } from '../../core/platform.ts'

/** What publishers write, by library name. Boundaries are where letters and digits end. */
const WORDS: Readonly<Record<string, string>> = {
  amd64: 'amd64|x86[_-]64|x64|linux64|amd64v[1-4]',
  i386: 'i[3-6]86|386|x86(?![_-]64)|linux32',
  arm64v8: 'arm64|aarch64|arm64v8|armv8|arm64-v8a',
  arm32v7: 'armhf|armv7l?|armv7hl|arm32v7|armv7a|gnueabihf|arm|arm32|armhfp',
  // Alpine's armhf is v6, Debian's v7
  arm32v6: 'armv6l?|armv6hf|arm32v6|arm|armhf',
  arm32v5: 'armel|armv5|arm32v5|gnueabi|arm',
  riscv64: 'riscv64|riscv64gc|riscv',
  ppc64le: 'ppc64le|ppc64el|powerpc64le',
  s390x: 's390x',
  mips64le: 'mips64el|mips64le|mips64',
}

const edged = (words: string) => new RegExp(`(?<![A-Za-z0-9])(?:${words})(?![A-Za-z0-9])`, 'i')
const patterns = new Map(Object.entries(WORDS).map(([library, words]) => [library, edged(words)]))

/** The architectures that a text names, by their library names. */
export const namedArchitectures = (text: string): string[] =>
  [...patterns].filter(([, pattern]) => pattern.test(text)).map(([library]) => library)

/** Library names of what the processors of an architecture run. */
export const runnable = (of: Architecture): ReadonlySet<string> =>
  new Set([
    of.library,
    ...architectures.filter(({ platform }) => of.runs.includes(platform)).map(({ library }) => library),
  ])

/** A text that names other architectures and none that would run. @returns the first of those */
export function foreignArchitecture(text: string, of: Architecture): string | undefined {
  const named = namedArchitectures(text)
  const runs = runnable(of)
  return named.some((library) => runs.has(library)) ? undefined : named[0]
}
