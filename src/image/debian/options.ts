// What the Debian assembler may be told from outside, by variables of the environment.
import { failure } from '../../core/errors.ts'
import { findArchitecture } from '../../core/platform.ts'

export interface DebianOptions {
  readonly suite: string
  /** Where programs come from that the suite has too old a version of. */
  readonly newerSuite: string
  /** Empty for mmdebstrap's own. */
  readonly mirror: string
  /** Options of apt, `Name::Of=value`. */
  readonly aptOptions: readonly string[]
  /** Seconds since 1970 that every file of the image bears, and the time at which its clock starts at the earliest. */
  readonly time: number
  /** Archives of packages that are younger than this many milliseconds are not fetched again. */
  readonly keep: number
  /** What packing is to be good at. */
  readonly packing: 'small' | 'fast'
}

/** How long fetched packages are taken for new. */
const DAY = 86_400_000

const invalid = (setting: string, problem: string, hint: string) =>
  failure('setting-invalid', { setting, problem, hint })

/**
 * Pure.
 * @param now seconds since 1970
 * @throws setting-invalid
 */
export function readOptions(environment: NodeJS.ProcessEnv, now: number): DebianOptions {
  const suiteOf = (name: string, fallback: string) => {
    const suite = environment[name] || fallback
    if (/^[a-z][a-z0-9.-]*$/.test(suite)) return suite
    throw invalid(name, 'this is no suite', `for example ${fallback}`)
  }
  const suite = suiteOf('SKIFF_DEBIAN_SUITE', 'trixie')
  const newerSuite = suiteOf('SKIFF_DEBIAN_NEWER_SUITE', 'forky')
  const mirror = environment.SKIFF_DEBIAN_MIRROR ?? ''
  if (mirror !== '' && !/^https?:\/\/[^\s[\]]+$/.test(mirror))
    throw invalid('SKIFF_DEBIAN_MIRROR', 'this is no URL', 'for example http://mirror.example/debian')
  const aptOptions = (environment.SKIFF_DEBIAN_APT_OPTIONS ?? '').split(/\s+/).filter((each) => each !== '')
  for (const option of aptOptions)
    if (!/^[A-Za-z][\w:-]*=[^"\s]*$/.test(option))
      throw invalid(
        'SKIFF_DEBIAN_APT_OPTIONS',
        `${option} is no Name::Of=value`,
        'several are separated by blanks',
      )
  const given = environment.SOURCE_DATE_EPOCH
  if (given !== undefined && !/^\d{1,12}$/.test(given))
    throw invalid(
      'SOURCE_DATE_EPOCH',
      'this is no number of seconds',
      'for example that of git log -1 --format=%ct',
    )
  const packing = environment.SKIFF_PACKING || 'small'
  if (packing !== 'small' && packing !== 'fast')
    throw invalid(
      'SKIFF_PACKING',
      `${packing} is unknown`,
      'small makes the smallest image, fast is made sooner and starts sooner',
    )
  const fresh = environment.SKIFF_DEBIAN_FRESH
  return {
    suite,
    newerSuite,
    mirror,
    aptOptions,
    time: given === undefined ? now : Number(given),
    packing,
    keep: fresh === undefined || fresh === '' || fresh === '0' ? DAY : 0,
  }
}

/**
 * The architecture of an image: SKIFF_ARCHITECTURE, else the last word of debian/architecture in its chain. Pure.
 * @returns its name in Debian
 * @throws setting-invalid
 */
export function architectureFor(environment: NodeJS.ProcessEnv, listed: readonly string[]): string {
  const hint = 'one of arm64, amd64, armhf, riscv64; a board sets it in debian/architecture of its package'
  const word = environment.SKIFF_ARCHITECTURE || listed.at(-1)
  if (word === undefined) throw invalid('SKIFF_ARCHITECTURE', 'no package of the chain says which', hint)
  const debian = findArchitecture(word)?.debian
  if (!debian) throw invalid('SKIFF_ARCHITECTURE', `${word} is no architecture of Debian`, hint)
  return debian
}
