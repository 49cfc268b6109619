// What the Debian assembler is told of this machine's mirror, as variables of its environment.
import { suiteFor } from '../../engine/harness/suites.ts'

/** Suites that an image may be made of: bookworm has files outside of /usr. */
export const SUITES = ['trixie', 'forky', 'sid']
/** Those that have the programs that trixie has too old. */
const NEWER = ['forky', 'sid']

/** @param chain names of the packages that it is for @throws when the mirror has no suite in one piece */
export async function mirrorSettings(
  architecture: string,
  chain: readonly string[],
): Promise<Record<string, string>> {
  const { suite, mirror, aptOptions } = await suiteFor(architecture, SUITES)
  const newer = chain.includes('skiff/crew') ? await suiteFor(architecture, NEWER) : undefined
  return {
    SKIFF_DEBIAN_SUITE: suite,
    SKIFF_DEBIAN_NEWER_SUITE: newer?.suite ?? '',
    SKIFF_DEBIAN_MIRROR: mirror,
    SKIFF_DEBIAN_APT_OPTIONS: [...new Set([...aptOptions, ...(newer?.aptOptions ?? [])])].join(' '),
  }
}
