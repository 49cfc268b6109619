// Which suite of Debian the tests make root file systems of: the first whose index the mirror of this machine has in
// one piece for an architecture. Mirrors are in the middle of a sync now and then, and stay there for hours.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execute } from './execute.ts'

export interface Suite {
  readonly suite: string
  /** The mirror in this machine's own sources of apt. */
  readonly mirror: string
  /** As the setting ground-apt-options has them. */
  readonly aptOptions: readonly string[]
}

const SUITES = ['trixie', 'bookworm', 'forky', 'sid']
/** What is too old by its own word may still be whole. */
const OLD = 'Acquire::Check-Valid-Until=false'
const asked = new Map<string, Promise<Suite>>()

/** Mirror of the first source of Debian that apt has here; other vendors have sources too. */
export function ownMirror(): string {
  const folder = '/etc/apt/sources.list.d'
  const files = ['/etc/apt/sources.list', ...readdirSync(folder).map((name) => join(folder, name))]
  for (const file of files) {
    let text = ''
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      continue
    }
    const found = /^(?:deb(?:\s+\[[^\]]*\])?|URIs:)\s+(https?:\/\/\S*\/debian)\/?(?:\s|$)/m.exec(text)?.[1]
    if (found) return found
  }
  throw new Error('the tests need a mirror of Debian among the sources of apt of this machine')
}

async function works({ suite, mirror, aptOptions }: Suite, architecture: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'crew-suite-'))
  const options = aptOptions.map((option) => `--aptopt=${option.replace(/=(.*)$/, ' "$1"')}`)
  const args = [
    '--simulate',
    '--variant=extract',
    '--include=busybox-static',
    `--architectures=${architecture}`,
  ]
  try {
    const source = `deb ${mirror} ${suite} main`
    const ended = await execute('mmdebstrap', [...args, ...options, suite, '/dev/null', source], {
      env: { TMPDIR: folder },
      timeout: 100_000,
    })
    return ended.status === 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The first suite that can be made for an architecture as Debian calls it; says which on stdout.
 * @param suites those to try, newest first
 */
export function suiteFor(architecture: string, suites: readonly string[] = SUITES): Promise<Suite> {
  const key = [architecture, ...suites].join(' ')
  const found = asked.get(key) ?? choose(architecture, suites)
  asked.set(key, found)
  return found
}

async function choose(architecture: string, suites: readonly string[]): Promise<Suite> {
  const mirror = ownMirror()
  for (const aptOptions of [[], [OLD]]) {
    for (const suite of suites) {
      const candidate = { suite, mirror, aptOptions }
      if (!(await works(candidate, architecture))) continue
      console.log(`${architecture}: ${suite}${aptOptions.length > 0 ? ', though it is old' : ''}`)
      return candidate
    }
  }
  throw new Error(
    `the mirror of this machine has no suite for ${architecture} in one piece (${suites.join(', ')})`,
  )
}
