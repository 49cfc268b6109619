// How a card is divided. Pure: a board and sizes become sectors and the programs that make them so.
import { failure } from '../../core/errors.ts'
import { formatSize } from '../../core/units.ts'
import { type Board, RESERVED, SECTOR } from './boards.ts'

const MIB = 2 ** 20
/** Two images of some 140 MB and what a third needs while it is written. */
export const BOOT_SIZE = 512 * MIB
/** FAT32 has at least 65525 clusters. */
export const LEAST_BOOT = 36 * MIB
/** Keys, host keys and a journal; Docker wants much more. */
export const LEAST_PERSIST = 64 * MIB
/** The copy of a GPT at the end of the card. */
const GPT_END = MIB
/** Beyond it a DOS table has no numbers. */
const DOS_MOST = 2 ** 32 * SECTOR

export interface Extent {
  /** Bytes from the start of the card. */
  readonly start: number
  readonly size: number
}

export interface Layout {
  readonly table: Board['table']
  readonly boot: Extent
  readonly persist: Extent
}

/**
 * Divides a card.
 * @param size bytes of the card
 * @throws card-refused when it is too small
 */
export function layoutFor(target: string, board: Board, size: number, bootSize = BOOT_SIZE): Layout {
  const down = (bytes: number) => Math.floor(bytes / MIB) * MIB
  const boot = { start: RESERVED, size: down(bootSize) }
  if (boot.size < LEAST_BOOT)
    throw failure('value-invalid', {
      what: 'boot size',
      value: formatSize(bootSize),
      rule: `it is at least ${formatSize(LEAST_BOOT)}`,
    })
  const start = boot.start + boot.size
  const end = down(
    Math.min(size, board.table === 'dos' ? DOS_MOST : size) - (board.table === 'gpt' ? GPT_END : 0),
  )
  if (end - start < LEAST_PERSIST)
    throw failure('card-refused', {
      target,
      problem: `it has ${formatSize(size)}, and ${formatSize(start + LEAST_PERSIST + GPT_END)} are needed`,
      hint: 'take a larger card, or a smaller boot partition (--boot-size)',
    })
  return { table: board.table, boot, persist: { start, size: end - start } }
}

/** The table for sfdisk(8) to write. Pure. */
export function sfdiskScript({ table, boot, persist }: Layout): string {
  const line = ({ start, size }: Extent, rest: string) =>
    `start=${start / SECTOR}, size=${size / SECTOR}, ${rest}`
  // type U is the EFI system partition, which firmware with UEFI looks for; c is FAT32 with LBA, L is Linux
  return table === 'gpt'
    ? [
        'label: gpt',
        'unit: sectors',
        line(boot, 'type=U, name="boot", attrs="LegacyBIOSBootable"'),
        line(persist, 'type=L, name="persist"'),
        '',
      ].join('\n')
    : ['label: dos', 'unit: sectors', line(boot, 'type=c, bootable'), line(persist, 'type=L'), ''].join('\n')
}

/**
 * What an older e2fsck, as the one in an image may be, knows too: mkfs of a newer machine would add features that it
 * refuses, and a board that cannot check its partition does without it.
 */
const EXT4_FEATURES =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum'

/** One run of a program. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly input?: string
  /** What it does, for the person who waits. */
  readonly doing: string
}

/** The programs that divide a card and make its file systems, by offsets: no partition's device is needed. Pure. */
export function formatCommands(path: string, layout: Layout, device: boolean): Command[] {
  const { boot, persist } = layout
  return [
    {
      command: 'sfdisk',
      args: [
        ...['--quiet', '--wipe', 'always', '--wipe-partitions', 'always'],
        // udev looks at a device whenever something was written to it, and has it locked meanwhile
        ...(device ? ['--lock=yes'] : ['--no-reread', '--no-tell-kernel']),
        path,
      ],
      input: sfdiskScript(layout),
      doing: `writing the partition table (${layout.table})`,
    },
    {
      command: 'mkfs.vfat',
      args: [
        ...['-F', '32', '-n', 'boot', '-I', '-h', String(boot.start / SECTOR)],
        // one sector is the least that every reader takes, and small partitions need it to be FAT32 at all
        ...['-s', boot.size >= 300 * MIB ? '8' : '1', '--offset', String(boot.start / SECTOR)],
        ...[path, String(boot.size / 1024)],
      ],
      doing: `making the file system boot (vfat, ${formatSize(boot.size)})`,
    },
    {
      command: 'mkfs.ext4',
      args: [
        ...['-q', '-F', '-L', 'persist', '-m', '0', '-O', EXT4_FEATURES],
        ...['-E', `offset=${persist.start},nodiscard`, path, `${persist.size / 1024}k`],
      ],
      doing: `making the file system persist (ext4, ${formatSize(persist.size)})`,
    },
  ]
}
