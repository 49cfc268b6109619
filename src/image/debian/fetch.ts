// Fetches Debian packages and unpacks them into one tar, without running anything of them: mmdebstrap's variant
// `extract`, which needs no emulation.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure } from '../../core/errors.ts'
import { causeOf, reasonOf } from '../../host/ground/apt-words.ts'
import { runConfined } from '../../host/ground/confined.ts'
import { isMissing } from '../set/missing.ts'
import type { DebianOptions } from './options.ts'

export interface Fetched {
  /** What the packages are for, in messages: core, engine. */
  readonly what: string
  readonly packages: readonly string[]
  /** As Debian calls it. */
  readonly architecture: string
  /** Another suite than the image's. */
  readonly suite?: string
  /** Of the packages, those that may be left out where the mirror does not have them. */
  readonly optional?: readonly string[]
  /** Parts of the archive besides main. */
  readonly components?: readonly string[]
}

export interface FetchPlace {
  readonly options: DebianOptions
  /** Where archives are kept. */
  readonly folder: string
  readonly line: (text: string) => void
  readonly signal: AbortSignal
}

/** A mirror in the middle of its sync mends itself. */
const TRIES = 3
const PAUSE = 10_000
const LINES_KEPT = 60
/** A tar with nothing in it. */
const EMPTY = Buffer.alloc(1024)
const LIMIT = 30 * 60_000

/** Arguments of mmdebstrap, its tar on stdout. Pure. */
export function fetchArguments(wanted: Fetched, options: DebianOptions, root: boolean) {
  const { packages, architecture, components = [], suite = options.suite } = wanted
  const parts = ['main', ...components]
  const apt = options.aptOptions.map((option) => `--aptopt=${option.replace(/=(.*)$/s, ' "$1"')}`)
  const sources = options.mirror === '' ? [] : [`deb ${options.mirror} ${suite} ${parts.join(' ')}`]
  return [
    ...['--variant=extract', `--mode=${root ? 'root' : 'unshare'}`, '--format=tar'],
    ...[`--architectures=${architecture}`, `--include=${packages.join(',')}`],
    ...(components.length === 0 ? [] : [`--components=${parts.join(',')}`]),
    ...apt,
    ...['--', suite, '-', ...sources],
  ]
}

/** A name for an archive that changes with everything that decides what is in it. Pure. */
export function archiveName(wanted: Fetched, options: DebianOptions): string {
  const key = createHash('sha256')
    .update(JSON.stringify(fetchArguments(wanted, options, true)))
    .digest('hex')
  return `${wanted.what}-${wanted.architecture}-${key.slice(0, 16)}.tar`
}

/**
 * Gives `use` the tar of the packages and all that they depend on. An archive that was fetched lately is used again.
 * @throws image-failed with the reason of mmdebstrap, process-missing, canceled, timed-out, and what `use` throws
 */
export async function fetchPackages<T>(
  wanted: Fetched,
  place: FetchPlace,
  use: (tar: Readable) => Promise<T>,
): Promise<T> {
  await mkdir(place.folder, { recursive: true })
  const file = join(place.folder, archiveName(wanted, place.options))
  const age = await ageOf(file)
  if (age === undefined || age > place.options.keep) await download(wanted, place, file)
  else
    place.line(
      `packages of ${Math.round(age / 60_000)} minutes ago are used; SKIFF_DEBIAN_FRESH=1 asks again`,
    )
  return await use(createReadStream(file))
}

async function ageOf(file: string): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(file)).mtimeMs
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Packages that apt did not find. Pure. */
export const lackingOf = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^E: Unable to locate package (\S+)$/.exec(line.trim())?.[1] ?? [])

async function download(asked: Fetched, place: FetchPlace, file: string): Promise<void> {
  let wanted = asked
  const limit = AbortSignal.timeout(LIMIT)
  const signal = AbortSignal.any([place.signal, limit])
  const work = await mkdtemp(join(place.folder, 'fetch-'))
  const part = join(work, 'part.tar')
  try {
    for (let attempt = 1; ; attempt += 1) {
      const { status, last } = await once(wanted, place.options, { work, part, signal })
      if (status === 0) break
      const lacking = lackingOf(last)
      if (lacking.length > 0 && lacking.every((name) => wanted.optional?.includes(name))) {
        const packages = wanted.packages.filter((name) => !lacking.includes(name))
        place.line(`left out, as the mirror does not have it: ${lacking.join(', ')}`)
        wanted = { ...wanted, packages }
        if (packages.length > 0) continue
        await writeFile(part, EMPTY)
        break
      }
      const cause = causeOf(last)
      if (cause !== 'syncing' || attempt >= TRIES)
        throw failure('image-failed', {
          what: `packages of ${wanted.what}`,
          problem: reasonOf(last, cause),
          hint: hintOf(cause),
        })
      place.line(`the mirror's index does not fit its files; asking again in ${PAUSE / 1000} s`)
      await sleep(PAUSE, undefined, { signal })
    }
    await rename(part, file)
  } catch (error) {
    if (limit.aborted)
      throw failure('timed-out', { what: 'mmdebstrap', seconds: LIMIT / 1000, hint: '' }, error)
    if (place.signal.aborted) throw failure('canceled', { what: 'mmdebstrap' }, error)
    throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function once(
  wanted: Fetched,
  options: DebianOptions,
  { work, part, signal }: { work: string; part: string; signal: AbortSignal },
) {
  const last: string[] = []
  const { PATH = '', http_proxy, https_proxy, no_proxy } = process.env
  const status = await runConfined('mmdebstrap', fetchArguments(wanted, options, process.getuid?.() === 0), {
    env: {
      ...Object.fromEntries(
        Object.entries({ http_proxy, https_proxy, no_proxy }).filter(([, value]) => value !== undefined),
      ),
      PATH: `${PATH}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
      LC_ALL: 'C.UTF-8',
      TMPDIR: work,
      SOURCE_DATE_EPOCH: String(options.time),
    },
    cwd: '/',
    signal,
    line: (text) => {
      last.push(text)
      if (last.length > LINES_KEPT) last.shift()
    },
    output: (tar) => pipeline(tar, createWriteStream(part), { signal }),
  })
  return { status, last }
}

const hintOf = (cause: ReturnType<typeof causeOf>): string =>
  ({
    untrusted: 'nothing of it was used; the keys that are trusted are those of apt on this machine',
    syncing: 'try again in an hour, or name another mirror: SKIFF_DEBIAN_MIRROR',
    expired: 'of a snapshot that is meant: SKIFF_DEBIAN_APT_OPTIONS=Acquire::Check-Valid-Until=false',
    suite: 'SKIFF_DEBIAN_MIRROR names another mirror, SKIFF_DEBIAN_SUITE another suite',
    unreachable: 'check the network of this machine, or name another mirror: SKIFF_DEBIAN_MIRROR',
    disk: 'about 2 GB are needed for a while',
    other: 'are all packages of the lists in this suite?',
  })[cause]
