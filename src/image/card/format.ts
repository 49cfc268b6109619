// Makes a card of a device or an image file: everything on it goes.
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import type { Report } from '../../core/report.ts'
import { formatSize } from '../../core/units.ts'
import { run } from '../../host/process/run.ts'
import { readOutput } from '../workspace/manifest.ts'
import { type Board, RESERVED } from './boards.ts'
import { readPieces, writePieces } from './bootloader.ts'
import { type Disk, lost } from './disk.ts'
import { formatCommands, type Layout, layoutFor } from './layout.ts'
import { openTarget, type Target } from './target.ts'

export interface FormatOptions {
  readonly target: Target
  readonly board: Board
  /** Bytes of the boot partition; undefined for the usual. */
  readonly bootSize: number | undefined
  /** The folder of the set, which may not be there yet. */
  readonly output: string
  readonly report: Report
  readonly signal: AbortSignal
  /** @throws not-confirmed */
  readonly confirm: (question: string) => Promise<void>
}

const HINT = 'nothing on it can be used now; put it back and format it again'
/** mkfs on a slow card. */
const LIMIT = 10 * 60_000

/**
 * Formats.
 * @throws card-refused, card-lost, process-missing, process-failed, not-confirmed, canceled
 */
export async function format(options: FormatOptions): Promise<Layout> {
  const { target, board, report, signal, confirm } = options
  report.step(`the card for ${board.name}`)
  for (const line of target.description) report.line(line)
  const layout = layoutFor(target.path, board, target.size, options.bootSize)
  report.line(
    `to be: boot ${formatSize(layout.boot.size)}, persist ${formatSize(layout.persist.size)} (${layout.table})`,
  )
  for (const { command } of formatCommands(target.path, layout, target.device))
    await requireTool(command, signal)
  // whether the kernel lets it be claimed is seen before anybody is asked
  await (await openTarget(target, HINT))[Symbol.asyncDispose]()
  await confirm(`Everything on ${target.path} will be lost. Format it?`)
  if (target.device) await confirm(`Are you sure that ${target.path} is the card?`)
  await clear(target)
  for (const { command, args, input, doing } of formatCommands(target.path, layout, target.device)) {
    report.line(doing)
    const given = input === undefined ? {} : { input }
    const { status, stderr, stdout } = await run(command, args, { signal, timeout: LIMIT, ...given })
    if (status !== 0) throw await toolFailed(target, command, doing, status, stderr.trim() || stdout.trim())
  }
  await writeBootloader(options)
  return layout
}

async function requireTool(command: string, signal: AbortSignal): Promise<void> {
  try {
    await run(command, ['--version'], { signal, timeout: 10_000 })
  } catch (error) {
    const packages: Record<string, string> = {
      sfdisk: 'fdisk (Debian) or util-linux',
      'mkfs.vfat': 'dosfstools',
      'mkfs.ext4': 'e2fsprogs',
    }
    if (!(error instanceof Error && 'code' in error && error.code === 'process-missing')) throw error
    throw failure('card-refused', {
      target: 'the card',
      problem: `${command} is not installed`,
      hint: `install ${packages[command]}; it may also be in /usr/sbin, which is not on the PATH`,
    })
  }
}

/** Whatever was there, an old bootloader and its environment too, must not speak for the new card. */
async function clear(target: Target): Promise<void> {
  await using disk: Disk = await openTarget(target, HINT)
  disk.doing = 'cleared'
  await disk.write(0, Buffer.alloc(Math.min(RESERVED, target.size)))
  await disk.sync()
}

/** @returns the error of a program that failed, or of the card when it is that which went away */
async function toolFailed(
  target: Target,
  command: string,
  doing: string,
  status: number | null,
  output: string,
): Promise<unknown> {
  try {
    await using disk = await openTarget(target, HINT)
    disk.doing = doing
    await disk.read(0, 512)
  } catch (error) {
    return lost(error, target.path, doing, HINT, target.device)
  }
  return failure('process-failed', { command, status: status ?? 'killed', output: output.slice(-500) })
}

/** With a set at hand, its bootloader; else install brings it. */
async function writeBootloader({ target, board, output, report }: FormatOptions): Promise<void> {
  if (board.layouts.length === 0) return
  const manifest = await readOutput(output)
  if (typeof manifest === 'string') {
    report.line(`no bootloader yet (${manifest}): install writes it`)
    return
  }
  const names = manifest.files.map(({ name }) => name)
  try {
    const pieces = await readPieces(board, names, output)
    await using disk = await openTarget(target, HINT)
    disk.doing = 'written to'
    report.line('bootloader')
    await writePieces(disk, pieces)
  } catch (error) {
    // a desktop may have mounted the new partitions at once, and a set may be for another board; the card is made
    if (!isFailure(error, 'card-refused') && !isFailure(error, 'set-invalid')) throw error
    report.warn(`no bootloader yet: ${messageOf(error)}`)
  }
}
