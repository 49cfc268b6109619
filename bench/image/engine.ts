// The engine image: what each part of it takes, and what packings of it cost, in size and until Docker answers.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Tree } from '../../src/host/archive/entry.ts'
import { select, withNeeds } from '../../src/image/debian/select.ts'
import { makeDisk } from '../../src/image/qemu/disks.ts'
import { hashOf } from '../../src/image/set/manifest.ts'
import { type Packing, packings, writeSquashfs } from '../../src/image/set/pack.ts'
import { median, type Result, result } from '../result.ts'
import { type Contents, contentsOf } from './contents.ts'
import { ours } from './disks.ts'
import { imageOf } from './images.ts'
import { powerOn } from './login.ts'
import { UNTIL_DOCKER } from './memory.ts'
import { folder, runs } from './place.ts'

const LIMIT = 30 * 60_000
const MEMORY = 1024
const DOCKER = 400_000

/** Parts by the programs that they are started with; libraries that these need come with them. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  dockerd: ['usr/sbin/{dockerd,docker-proxy}', '?usr/bin/docker-init', '?usr/bin/tini-static'],
  'docker, the client': ['usr/bin/docker'],
  containerd: ['usr/bin/{containerd,containerd-shim-runc-v2}'],
  runc: ['usr/{bin,sbin}/runc'],
  iptables: ['usr/sbin/*tables*', 'usr/lib/*/xtables/**'],
  node: ['usr/bin/node', 'usr/lib/node/**', 'usr/share/nodejs/**'],
  git: ['usr/bin/git*', 'usr/lib/git-core/**', 'usr/share/git-core/**'],
  haproxy: ['usr/sbin/haproxy'],
  mmdebstrap: [
    'usr/bin/{mmdebstrap,perl,dpkg*,apt-*}',
    'usr/lib/apt/**',
    ...['usr/lib/*/perl*/**', 'usr/share/perl/**', 'usr/share/{dpkg,keyrings}/**'],
  ],
  crew: ['usr/lib/crew/**'],
}

/** These have all their libraries in their own folder (debian/engine-apart). */
const APART = new Set(['node'])

const CHOSEN: Packing = packings.small.engine
const CANDIDATES: readonly Packing[] = [
  { compression: 'zstd', block: '128K' },
  { compression: 'zstd', block: '256K' },
  { compression: 'zstd', block: '1M' },
  { compression: 'xz', block: '256K' },
  { compression: 'xz', block: '1M' },
]
const nameOf = ({ compression, level, block }: Packing) =>
  `${compression}${level === undefined ? '' : ` -${level}`}, blocks of ${block}`
const isChosen = (packing: Packing) => nameOf(packing) === nameOf(CHOSEN)

/** Megabytes of a squashfs of a tree. */
async function packed(tree: Tree, packing: Packing, file: string): Promise<number> {
  await writeSquashfs(tree, file, { ...packing, time: 0, signal: AbortSignal.timeout(LIMIT) })
  return statSync(file).size / 1e6
}

const bytesOf = (tree: Tree): number =>
  [...tree.values()].reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.content.length : 0), 0)

/** Each part's own files and the libraries that the core has not; what is left over is the last part. */
async function parts({ engine, core }: Contents, file: string): Promise<Result[]> {
  const results: Result[] = []
  const row = async (name: string, tree: Tree) =>
    results.push(
      result(
        `engine: ${name}`,
        {
          ours: await packed(tree, CHOSEN, file),
          against: bytesOf(tree) / 1e6,
          what_against: 'the same, unpacked',
          unit: 'MB',
        },
        '',
        true,
      ),
    )
  const left = new Map(engine)
  for (const [name, patterns] of Object.entries(PARTS)) {
    const { tree, idle } = select(engine, patterns)
    if (idle.length > 0) throw new Error(`the engine image has nothing of ${name}: ${idle.join(' ')}`)
    const whole = APART.has(name) ? tree : withNeeds(tree, new Map([...core, ...engine]), core)
    for (const path of whole.keys()) left.delete(path)
    await row(name, whole)
  }
  await row('all the rest', left)
  return results
}

/** Seconds from the start of the engine's service until Docker answers, on a board that is up. */
async function startUp(file: string): Promise<number> {
  const core = await imageOf('core', 'fast')
  const boot = join(folder(), 'engine-boot.img')
  const size = Math.ceil(statSync(file).size / 2 ** 20) + 24
  const disk = { label: 'boot', megabytes: size, files: {}, copies: { 'engine.squashfs': file } }
  await makeDisk(boot, disk, AbortSignal.timeout(LIMIT))
  const bootable = await ours(core, false)
  await using board = await powerOn({ ...bootable, disks: [...bootable.disks, { file: boot }] }, MEMORY)
  // this core was made without an engine, so it is told now which one is its own
  await board.sh(`echo ${await hashOf(file)} >/usr/lib/skiff/engine.sha256`)
  const uptime = 'cut -d " " -f 1 /proc/uptime'
  const times = await board.sh(
    `systemctl is-system-running --wait >/dev/null; ${uptime}; systemctl restart skiff-engine.service && ${UNTIL_DOCKER}; ${uptime}`,
    DOCKER,
  )
  const [from, to] = times.trim().split('\n').map(Number)
  return (to ?? Number.NaN) - (from ?? Number.NaN)
}

export async function engine(): Promise<Result[]> {
  const contents = await contentsOf(await imageOf('crew', 'small'))
  const work = mkdtempSync(join(folder(), 'engine-'))
  try {
    const results = await parts(contents, join(work, 'part.squashfs'))
    const figures: { packing: Packing; size: number; seconds: number }[] = []
    for (const packing of CANDIDATES) {
      const file = join(work, 'engine.squashfs')
      const size = await packed(contents.engine, packing, file)
      const times: number[] = []
      for (let run = 0; run < runs(); run++) times.push(await startUp(file))
      figures.push({ packing, size, seconds: median(times) })
      console.error(
        `       ${nameOf(packing)}: ${size.toFixed(1)} MB, ${times.map((t) => t.toFixed(1)).join(' ')} s`,
      )
    }
    const chosen = figures.find(({ packing }) => isChosen(packing))
    if (!chosen) throw new Error(`${nameOf(CHOSEN)}, the default, is not among those that are measured`)
    const what_against = `${nameOf(CHOSEN)}, the default`
    for (const { packing, size, seconds } of figures) {
      const name = `engine packed with ${nameOf(packing)}`
      const of = { against: chosen.size, what_against, unit: 'MB' }
      results.push(result(`${name}: size`, { ours: size, ...of }, '', true))
      const until = { against: chosen.seconds, what_against, unit: 's' }
      results.push(result(`${name}: until docker info`, { ours: seconds, ...until }, '', true))
    }
    return results
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
