// Puts a set onto a card: looks, plans, and is the one place that carries the plan out. Whenever it is interrupted, the
// card starts the old set or the new one; the persist partition is never opened.
import { failure } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { formatSize } from '../../core/units.ts'
import type { Board } from './boards.ts'
import { differing, type Placed, readPieces, writePieces } from './bootloader.ts'
import type { Disk } from './disk.ts'
import { withFailpoint } from './failpoint.ts'
import type { Blocks } from './fat/blocks.ts'
import { FatVolume } from './fat/volume.ts'
import { type InstallPlan, planInstall, type Seen, type Step } from './install-plan.ts'
import {
  bytesOn,
  faultOf,
  hashOn,
  ledTo,
  manifestOn,
  pointerOn,
  setsOn,
  takenPlaceOf,
  textOn,
} from './on-card.ts'
import { bootPartition } from './partitions.ts'
import { bytesOf, type CardSet, readSet } from './set.ts'
import { openTarget, type Target } from './target.ts'

export interface InstallOptions {
  readonly target: Target
  readonly board: Board
  /** The folder of the set. */
  readonly output: string
  /** Leave the bytes before the first partition as they are. */
  readonly keepBootloader: boolean
  readonly report: Report
  readonly signal: AbortSignal
  /** @throws not-confirmed */
  readonly confirm: (question: string) => Promise<void>
  /** For tests: ends the process as a power cut would before the write of this number. */
  readonly failpoint: string | undefined
}

const HINT = 'what the card started before it still starts; put it back and install again'

/**
 * Installs.
 * @returns the folder of the set on the card
 * @throws set-invalid, card-refused, card-unreadable, card-full, card-lost, not-confirmed, canceled
 */
export async function install(options: InstallOptions): Promise<string> {
  const { target, board, output, report, signal } = options
  report.step(`checking the image in ${output}`)
  const set = await readSet(output, board, signal)
  const names = set.manifest.files.map(({ name }) => name)
  const pieces = options.keepBootloader ? [] : await readPieces(board, names, output)
  await using disk = await openTarget(target, HINT)
  await installOn(withFailpoint(disk, options.failpoint), set, pieces, options)
  return set.folder
}

/** Installs a set that was read on a card that was opened. @throws as `install` */
export async function installOn(
  disk: Disk,
  set: CardSet,
  pieces: readonly Placed[],
  options: InstallOptions,
): Promise<void> {
  const { board, report, signal } = options
  const { blocks } = await bootPartition(disk, signal)
  const volume = await FatVolume.open(blocks)
  const plan = planInstall(set, board, await look(volume, set, signal))
  report.step(
    `installing ${set.folder} (${formatSize(plan.bytes)} to write) on ${disk.path}, for ${board.name}`,
  )
  if (plan.exposed) await warnExposed(options)
  disk.doing = 'written to'
  await volume.begin()
  await carryOut(plan, { ...options, disk, blocks, volume, set, pieces })
}

async function warnExposed({ report, confirm }: InstallOptions): Promise<void> {
  report.warn('there is no room for the old image beside the new one')
  report.warn('the old one goes first, and until the new one is whole the card starts nothing')
  await confirm('Go on without the old image?')
}

/** Everything that the plan depends on. */
async function look(volume: FatVolume, set: CardSet, signal: AbortSignal): Promise<Seen> {
  const sets = await setsOn(volume)
  const pointer = await pointerOn(volume)
  const there = new Set<string>()
  for (const { path, size, sha256 } of [...set.files, ...set.firmware.values()])
    if ((await volume.find(path))?.size === size && (await hashOn(volume, path, signal)) === sha256)
      there.add(path)
  const taken = new Map<string, number>()
  const manifests: Map<string, NonNullable<Awaited<ReturnType<typeof manifestOn>>>> = new Map()
  for (const folder of sets) {
    taken.set(folder, await bytesOn(volume, folder))
    const manifest = await manifestOn(volume, folder)
    if (manifest) manifests.set(folder, manifest)
  }
  return {
    sets,
    starting: ledTo(pointer),
    previous: takenPlaceOf(pointer),
    manifests,
    top: (await volume.list('')).map(({ name }) => name),
    pointer,
    there,
    freeBytes: volume.freeBytes,
    taken,
    bytesFor: (size) => volume.bytesFor(size),
  }
}

interface Work extends InstallOptions {
  readonly disk: Disk
  readonly blocks: Blocks
  readonly volume: FatVolume
  readonly set: CardSet
  readonly pieces: readonly Placed[]
}

type Doing = { [K in Step['kind']]: (step: Extract<Step, { kind: K }>, work: Work) => Promise<void> }

const doing: Doing = {
  async remove({ path, why }, { volume, report }) {
    report.line(`${path} goes: ${why}`)
    await volume.remove(path)
  },
  async write({ file }, { volume, report, signal }) {
    report.line(`${file.path}  ${formatSize(file.size)}`)
    await volume.write(file.path, file.size, until(signal, bytesOf(file)))
  },
  async verify({ folder }, { disk, blocks, report, signal }) {
    report.line('reading it back')
    await disk.forget()
    const fault = await faultOf(await FatVolume.open(blocks), folder, signal)
    if (fault === undefined) return
    throw failure('card-unreadable', {
      problem: `it does not keep what is written to it (${fault})`,
      hint: 'take another card; nothing leads to the new image yet, so what started before still starts',
    })
  },
  async bootloader(_step, { disk, pieces, report }) {
    const wrong = await differing(disk, pieces)
    if (wrong.length === 0) return
    report.line(`bootloader: ${[...new Set(wrong.map(({ file }) => file))].join(', ')}`)
    await writePieces(disk, wrong)
  },
  async point({ path, text }, { volume, report }) {
    if ((await textOn(volume, path)) === text) return
    report.line(`${path} leads to it`)
    await volume.write(path, Buffer.byteLength(text), [Buffer.from(text)])
  },
}

async function carryOut({ steps }: InstallPlan, work: Work): Promise<void> {
  for (const step of steps) {
    if (work.signal.aborted) throw failure('canceled', { what: 'the install' })
    await (doing[step.kind] as (step: Step, work: Work) => Promise<void>)(step, work)
  }
}

/** Pieces of a file, up to the moment when it is called off. */
async function* until(
  signal: AbortSignal,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    if (signal.aborted) throw failure('canceled', { what: 'the install' })
    yield piece
  }
}

/**
 * Reads what a card starts, byte by byte.
 * @returns the folder of its set
 * @throws card-unreadable, card-refused, card-lost
 */
export async function verify(target: Target, signal: AbortSignal): Promise<string> {
  await using disk = await openTarget(target, 'put it back and try again')
  const { blocks } = await bootPartition(disk, signal)
  const volume = await FatVolume.open(blocks)
  const hint = 'install an image: make cmd/skiff/standard/install'
  const folder = ledTo(await pointerOn(volume))
  if (folder === undefined) throw failure('card-unreadable', { problem: 'nothing is installed on it', hint })
  const fault = await faultOf(volume, folder, signal)
  if (fault !== undefined) throw failure('card-unreadable', { problem: fault, hint })
  return folder
}
