// What mmdebstrap and apt say, understood: which step they are at, and why they gave up.

/** Why a root file system could not be made. */
export type Cause = 'untrusted' | 'syncing' | 'expired' | 'suite' | 'unreachable' | 'disk' | 'other'

// apt 2.6 (bookworm) checks with gpgv, apt 3.0 (trixie) with sqv; both end in "is not signed"
const CAUSES: readonly (readonly [Cause, RegExp])[] = [
  ['disk', /no space left on device|enough free space|disk quota exceeded/i],
  [
    'untrusted',
    /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|signatures? (was|were) invalid|couldn't be verified|is not signed|signature verification failed|requires .*gpg.* to be installed|Certificate verification failed/i,
  ],
  ['syncing', /Mirror sync in progress|has unexpected size|Hash Sum mismatch/i],
  ['expired', /Release file for .* is (expired|not valid yet)/i],
  ['suite', /does not have a Release file/i],
  [
    'unreachable',
    /Could not (connect|resolve)|Temporary failure resolving|Connection (failed|timed out)|Unable to connect|Failed to fetch/i,
  ],
]

/** @param lines the last ones on stderr */
export const causeOf = (lines: readonly string[]): Cause =>
  CAUSES.find(([, words]) => lines.some((line) => words.test(line)))?.[0] ?? 'other'

const MOST_SHOWN = 400

/** What a program says of itself; mmdebstrap then repeats the whole command that failed, which tells less. */
const PROGRAM = /^(dpkg(-\w+)?|unshare|chroot|setpriv): /
/** What dpkg says in every making that goes well: mmdebstrap has it install the first packages in no order. */
const HARMLESS = /: warning: |dependency problems, but .* as you requested/

/** The lines that say why, in one: those that show the cause, else those of the program that failed, or of apt. */
export function reasonOf(lines: readonly string[], cause = causeOf(lines)): string {
  const words = CAUSES.find(([each]) => each === cause)?.[1] ?? /^[EW]: |^mmdebstrap:/
  const matching = lines.filter((line) => words.test(line))
  // of the lines that say the same, the ones marked as errors name the mirror
  const marked = matching.filter((line) => /^[EW]: /.test(line))
  const failed = cause === 'other' ? lines.filter((line) => PROGRAM.test(line) && !HARMLESS.test(line)) : []
  const shown = [failed, marked, matching].find((each) => each.length > 0) ?? lines.slice(-3)
  const text = [...new Set(shown.map((line) => line.trim().replace(/^[EW]: /, '')))].slice(0, 3).join('; ')
  return text.slice(0, MOST_SHOWN) || 'it did not say why'
}

/** Every so many packages there is a line. */
const STRIDE = 25

/** Makes few lines of many: mmdebstrap's steps, and how many packages are set up. */
export function condense(line: (text: string) => void): (text: string) => void {
  let packages = 0
  return (text) => {
    const step = /^I: (.+?)\.*$/.exec(text)?.[1]
    if (
      step !== undefined &&
      !/tempdir|format|signed-by|emulation|architecture|^done$|^success|SIG|signal/i.test(step)
    )
      line(step)
    if (!/^Setting up \S+ /.test(text)) return
    packages += 1
    if (packages % STRIDE === 0) line(`${packages} packages are set up`)
  }
}

/** First mirror that a list of sources names, in apt's one-line form or its other one. */
export const mirrorOf = (sources: string): string | undefined =>
  /^(?:deb(?:\s+\[[^\]]*\])?|URIs:)\s+(\S+)/m.exec(sources)?.[1]

/** `name=version` of every package that dpkg has installed. */
export function installedPackages(status: string): string[] {
  const packages: string[] = []
  for (const paragraph of status.split(/\n{2,}/)) {
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1]
    const [name, version] = [field('Package'), field('Version')]
    if (name && version && field('Status')?.endsWith(' installed')) packages.push(`${name}=${version}`)
  }
  return packages.sort()
}
