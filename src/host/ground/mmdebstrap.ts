// Runs mmdebstrap: which sources and options make a ground, and what is to be said when it fails.
import { access } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Settings } from '../../config/settings.ts'
import { failure } from '../../core/errors.ts'
import { architectureOf } from '../../core/platform.ts'
import { causeOf, condense, reasonOf } from './apt-words.ts'
import { runConfined } from './confined.ts'
import { describeGround, type Ground } from './types.ts'

/** Settings that say where grounds come from. */
export type GroundSettings = Pick<
  Settings,
  | 'ground-debian-mirror'
  | 'ground-ubuntu-mirror'
  | 'ground-alpine-mirror'
  | 'ground-apt-options'
  | 'ground-timeout'
>

/** Keys of Ubuntu's archive, as Debian's package ubuntu-archive-keyring and Ubuntu's ubuntu-keyring have them. */
const UBUNTU_KEYS = '/usr/share/keyrings/ubuntu-archive-keyring.gpg'
const UBUNTU = 'http://archive.ubuntu.com/ubuntu'
const UBUNTU_PORTS = 'http://ports.ubuntu.com/ubuntu-ports'

/** An index that does not fit its mirror is asked for again: a mirror in the middle of its sync mends itself. */
const TRIES = 3
const PAUSE = 10_000
const LINES_KEPT = 60

/**
 * Sources as lines of apt's one-line form; none leaves mmdebstrap its own for the suite, with updates. Pure.
 */
export function sourcesOf({ kind, suite, platform }: Ground, settings: GroundSettings): string[] {
  if (kind !== 'ubuntu') {
    const mirror = settings['ground-debian-mirror']
    return mirror === '' ? [] : [`deb ${mirror} ${suite} main`]
  }
  const signed = `deb [signed-by=${UBUNTU_KEYS}]`
  const mirror = settings['ground-ubuntu-mirror']
  if (mirror !== '') return [`${signed} ${mirror} ${suite} main`]
  const { goarch } = architectureOf(platform)
  const own = goarch === 'amd64' || goarch === '386' ? UBUNTU : UBUNTU_PORTS
  return ['', '-updates', '-security'].map((pocket) => `${signed} ${own} ${suite}${pocket} main universe`)
}

/** Arguments for a ground, its tar on stdout. Root's processes are confined already. Pure. */
export function mmdebstrapArguments(ground: Ground, settings: GroundSettings, root: boolean): string[] {
  const { debian } = architectureOf(ground.platform)
  if (debian === null) throw new TypeError(`${ground.platform} has no port of Debian`)
  const what =
    ground.kind === 'busybox' ? ['--variant=extract', '--include=busybox-static'] : ['--variant=minbase']
  const options = settings['ground-apt-options'].map((option) => {
    const equals = option.indexOf('=')
    return `--aptopt=${option.slice(0, equals)} "${option.slice(equals + 1)}"`
  })
  return [
    // requireEmulation has looked already, and without arch-test, which would have to be installed for this alone
    '--skip=check/qemu',
    ...['--verbose', `--mode=${root ? 'root' : 'unshare'}`, '--format=tar', `--architectures=${debian}`],
    ...what,
    ...options,
    ...['--', ground.suite, '-', ...sourcesOf(ground, settings)],
  ]
}

export interface MmdebstrapOptions {
  readonly settings: GroundSettings
  /** Its temporary files are in here. */
  readonly folder: string
  readonly line: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * Makes the tar of a ground.
 * @param output takes it; called again for each try, of which the first ones may end early
 * @throws process-missing, ground-failed, ground-untrusted, canceled, and what `output` throws
 */
export async function runMmdebstrap<T>(
  ground: Ground,
  options: MmdebstrapOptions,
  output: (tar: Readable) => Promise<T>,
): Promise<T> {
  if (ground.kind === 'ubuntu') await requireUbuntuKeys(ground)
  for (let attempt = 1; ; attempt += 1) {
    const { result, status, last } = await tryOnce(ground, options, output)
    if (status === 0 && result !== undefined) return result.value
    if (causeOf(last) !== 'syncing' || attempt >= TRIES) throw explain(ground, options.settings, last)
    options.line(`the mirror's index does not fit its files; asking again in ${PAUSE / 1000} s`)
    await pause(options.signal)
  }
}

async function tryOnce<T>(
  ground: Ground,
  { settings, folder, line, signal }: MmdebstrapOptions,
  output: (tar: Readable) => Promise<T>,
) {
  const last: string[] = []
  const condensed = condense(line)
  let result: { value: T } | undefined
  const status = await runConfined(
    'mmdebstrap',
    mmdebstrapArguments(ground, settings, process.getuid?.() === 0),
    {
      env: {
        // dpkg's scripts need those of sbin, which not every daemon was started with
        PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
        LC_ALL: 'C.UTF-8',
        TMPDIR: folder,
        SOURCE_DATE_EPOCH: String(Date.parse(`${ground.date}T00:00:00Z`) / 1000),
        ...proxies(),
      },
      cwd: '/',
      signal,
      line: (text) => {
        condensed(text)
        last.push(text)
        if (last.length > LINES_KEPT) last.shift()
      },
      output: async (tar) => {
        result = { value: await output(tar) }
      },
    },
  )
  return { result, status, last }
}

/** A proxy that the daemon was started with is for its downloads too. */
const proxies = () =>
  Object.fromEntries(
    ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  )

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(PAUSE, undefined, { signal })
  } catch (error) {
    throw failure('canceled', { what: 'mmdebstrap' }, error)
  }
}

/** @throws ground-failed saying which package has them */
async function requireUbuntuKeys(ground: Ground): Promise<void> {
  try {
    await access(UBUNTU_KEYS)
  } catch (error) {
    const problem = `the keys of Ubuntu's archive are not at ${UBUNTU_KEYS}`
    const hint = 'apt-get install ubuntu-archive-keyring (Debian) or ubuntu-keyring (Ubuntu)'
    throw failure('ground-failed', { ground: describeGround(ground), problem, hint }, error)
  }
}

/** The error for a person of mmdebstrap's last words. Pure. */
export function explain(ground: Ground, settings: GroundSettings, last: readonly string[]): Error {
  const cause = causeOf(last)
  const named = describeGround(ground)
  const setting = ground.kind === 'ubuntu' ? 'ground-ubuntu-mirror' : 'ground-debian-mirror'
  const mirror = settings[setting] === '' ? "the distribution's own mirror" : settings[setting]
  const reason = reasonOf(last, cause)
  if (cause === 'untrusted') {
    const hint = `nothing of it was used; the setting ${setting} says where it comes from, and the keys that are trusted are those of apt on this machine`
    return failure('ground-untrusted', { ground: named, mirror, problem: reason, hint })
  }
  const [problem, hint] = {
    syncing: [
      `${mirror} is in the middle of a sync (${reason})`,
      `try again in an hour, or name another mirror with the setting ${setting}`,
    ],
    expired: [
      reason,
      'the mirror is out of date; of a snapshot that is meant: ground-apt-options Acquire::Check-Valid-Until=false',
    ],
    suite: [`${mirror} has no such suite (${reason})`, `the setting ${setting} names another mirror`],
    unreachable: [
      `${mirror} cannot be reached (${reason})`,
      `check the network of this machine, or name another mirror with the setting ${setting}`,
    ],
    disk: [
      `the disk is full (${reason})`,
      'some 500 MB are needed for a while; cleanup removes what no app needs',
    ],
    other: [reason, ''],
  }[cause]
  return failure('ground-failed', { ground: named, problem: problem ?? reason, hint: hint ?? '' })
}
