// Makes the root file system of a distribution and loads it into the engine as an image of the right platform.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Paths } from '../../config/paths.ts'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import { architectureOf } from '../../core/platform.ts'
import type { Report } from '../../core/report.ts'
import type { Engine } from '../docker/engine.ts'
import { loadImage } from '../docker/load.ts'
import { packRootfs, type RootfsRules } from '../docker/rootfs.ts'
import { hostPlatform, requireEmulation } from '../emulation/binfmt.ts'
import { makeAlpine } from './alpine.ts'
import type { KeyRing } from './alpine-keys.ts'
import { installedPackages, mirrorOf } from './apt-words.ts'
import { askBusybox, busyboxTree, isBusybox } from './busybox.ts'
import { addedFiles, withoutPath } from './debian-image.ts'
import { type GroundSettings, runMmdebstrap } from './mmdebstrap.ts'
import { describeGround, type Ground } from './types.ts'
import type { MadeLayer, Workshop } from './workshop.ts'

export type { Ground } from './types.ts'

export interface GroundOptions {
  readonly settings: GroundSettings
  readonly paths: Pick<Paths, 'work'>
  readonly tag: string
  readonly labels: Readonly<Record<string, string>>
  readonly report: Pick<Report, 'step' | 'line'>
  readonly signal: AbortSignal
  /** Keys that Alpine's packages may be signed with; Alpine's own by default. */
  readonly alpineKeys?: KeyRing | undefined
}

export interface MadeGround {
  /** Id of the image. */
  readonly image: string
  /** Digest of the layer's tar. */
  readonly layer: string
  readonly bytes: number
  /** `name=version` */
  readonly packages: readonly string[]
  readonly mirror: string
}

const PREFIX = 'ground-'
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const COMMANDS = { debian: ['bash'], ubuntu: ['/bin/bash'], alpine: ['/bin/sh'], busybox: ['sh'] } as const

/** Removes what a daemon left that was killed while it made a ground. The program itself died with it. */
export async function removeStaleGrounds(paths: Pick<Paths, 'work'>): Promise<void> {
  const names = await readdir(paths.work).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names)
    if (name.startsWith(PREFIX)) await rm(join(paths.work, name), { recursive: true, force: true })
}

/**
 * Makes a ground. The same suite and date from an archive in the same state give the same image id.
 * @throws emulator-missing, process-missing, ground-failed, ground-untrusted, rootfs-invalid, timed-out, canceled,
 * and what the engine says
 */
export async function makeGround(
  engine: Engine,
  ground: Ground,
  options: GroundOptions,
): Promise<MadeGround> {
  const { settings, paths, tag, labels, report } = options
  checkGround(ground)
  await requireEmulation(ground.platform, hostPlatform())
  const limit = AbortSignal.timeout(settings['ground-timeout'])
  const signal = AbortSignal.any([options.signal, limit])
  const named = describeGround(ground)
  report.step(`Making ${named}`)
  await mkdir(paths.work, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(paths.work, PREFIX))
  try {
    const make = ground.kind === 'alpine' ? makeAlpine : makeOfDebian
    const made = await make(ground, { ...options, signal, folder, line: (text) => report.line(text) })
    report.line(`loading ${Math.ceil(made.bytes / 1e6)} MB into the engine`)
    const facts = {
      platform: ground.platform,
      created: `${ground.date}T00:00:00Z`,
      labels,
      madeBy: `${named} of ${ground.date}, from ${made.mirror}`,
      env: [PATH],
      command: COMMANDS[ground.kind],
    }
    const image = await loadImage(engine, facts, tag, made, signal)
    return { image, layer: made.digest, bytes: made.bytes, packages: made.packages, mirror: made.mirror }
  } catch (error) {
    throw explain(error, named, options.signal, limit, settings['ground-timeout'])
  } finally {
    // of a program that was killed a moment ago something may still come
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** @throws value-invalid for what is no suite or no day, or no port of the distribution */
function checkGround({ kind, suite, platform, date }: Ground): void {
  const bad = (what: string, value: string, rule: string) =>
    failure('value-invalid', { what, value: JSON.stringify(value.slice(0, 60)), rule })
  if (!/^[a-z0-9][a-z0-9.-]{0,40}$/.test(suite))
    throw bad('suite', suite, 'a suite is a name such as trixie or 3.22')
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || !(Date.parse(`${date}T00:00:00Z`) >= 0))
    throw bad('date', date, 'a date is YYYY-MM-DD')
  const { debian, alpine } = architectureOf(platform)
  if ((kind === 'alpine' ? alpine : debian) === null)
    throw bad('platform', platform, `${kind} has no port for it`)
}

function explain(
  error: unknown,
  ground: string,
  asked: AbortSignal,
  limit: AbortSignal,
  ms: number,
): unknown {
  if (asked.aborted) return failure('canceled', { what: `making ${ground}` }, error)
  if (limit.aborted) {
    const hint = 'the setting ground-timeout says how long it may take'
    return failure('timed-out', { what: `making ${ground}`, seconds: ms / 1000, hint }, error)
  }
  const full =
    (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC' || /no space left/i.test(messageOf(error))
  if (!full || isFailure(error, 'ground-failed')) return error
  const hint = 'some 500 MB are needed for a while; cleanup removes what no app needs'
  return failure(
    'ground-failed',
    { ground, problem: 'the disk is full (no space left on device)', hint },
    error,
  )
}

/** Grounds that mmdebstrap makes: Debian, Ubuntu, and the busybox that Debian packages. */
async function makeOfDebian(ground: Ground, workshop: Workshop): Promise<MadeLayer> {
  const { settings, folder, line, signal } = workshop
  const file = join(folder, 'layer.tar')
  const status = 'var/lib/dpkg/status'
  const isSource = (path: string) => path.startsWith('etc/apt/sources.list')
  const busybox = ground.kind === 'busybox'
  const rules: RootfsRules = {
    latest: new Date(`${ground.date}T00:00:00Z`),
    without: busybox ? () => true : (path) => withoutPath(path, ground.slim),
    read: (path) => path === status || isSource(path) || (busybox && isBusybox(path)),
  }
  let packages: readonly string[] = []
  const pack = (tar: Readable) =>
    packRootfs(tar, file, rules, async (read) => {
      if (!busybox) {
        packages = installedPackages(read.get(status)?.toString() ?? '')
        return addedFiles(ground.slim)
      }
      const program = [...read].find(([path]) => isBusybox(path))?.[1]
      if (!program) throw new Error('mmdebstrap gave no busybox')
      const asked = await askBusybox(program, folder, signal)
      packages = [asked.package]
      return busyboxTree(program, asked.applets)
    })
  const made = await runMmdebstrap(ground, { settings, folder, line, signal }, async (tar) => {
    await rm(file, { force: true })
    return pack(tar)
  })
  const sources = [...made.read].filter(([path]) => isSource(path)).map(([, content]) => content.toString())
  return { ...made, file, packages, mirror: mirrorOf(sources.join('\n')) ?? 'unknown' }
}
