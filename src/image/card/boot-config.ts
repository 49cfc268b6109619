// The files that lead a board's first program to a set. Pure: text from a board and a set.
import { failure } from '../../core/errors.ts'
import type { Board } from './boards.ts'

/** What a starter needs to know of a set on the card. */
export interface SetOnCard {
  /** Its folder on the boot partition, without a slash at its ends. */
  readonly folder: string
  /** Files in it, paths from there. */
  readonly files: readonly string[]
  readonly commandLine: string
}

export interface Pointers {
  readonly board: Board
  readonly set: SetOnCard
  /** The set that was there before and stays; tried when the new one cannot be loaded. */
  readonly previous: SetOnCard | undefined
  /** Lines of the set's own boot/config.txt. */
  readonly piLines: string
  /** Names that this set's firmware has on the card, by the names it has in the set. */
  readonly firmware: ReadonlyMap<string, string>
}

/** A line of a file that a bootloader reads ends where the line does. @throws set-invalid */
export function requireOneLine(text: string, folder: string): string {
  const line = text.trim()
  // U-Boot's own parsers know no quoting
  if (/^[\x20-\x7e]*$/.test(line)) return line
  throw failure('set-invalid', {
    folder,
    problem: 'its kernel command line is not one line of ASCII',
    hint: '',
  })
}

/** extlinux.conf as U-Boot reads it (doc/README.pxe): the default first; when it cannot be loaded, the next. */
export function extlinuxConf({ board, set, previous }: Pointers): string {
  const entry = (label: string, { folder, files, commandLine }: SetOnCard) => [
    '',
    `label ${label}`,
    `  menu label Skiff ${folder.split('/').at(-1)}`,
    `  kernel /${folder}/kernel`,
    `  initrd /${folder}/initramfs`,
    ...treeLine(board, folder, files),
    `  append ${commandLine}`,
  ]
  return [
    '# written by skiff; it leads to the image that was installed last',
    ...beforeLine(previous),
    'default skiff',
    'prompt 0',
    ...entry('skiff', set),
    ...(previous ? entry('previous', previous) : []),
    '',
  ].join('\n')
}

/** So that the next install knows which set this one took the place of. */
const beforeLine = (previous: SetOnCard | undefined): string[] =>
  previous ? [`# before it: ${previous.folder}`] : []

function treeLine({ deviceTrees }: Board, folder: string, files: readonly string[]): string[] {
  const trees = files.filter((file) => file.startsWith('dtbs/') && file.endsWith('.dtb'))
  // none: U-Boot hands on its own. One that is known: that one. Else U-Boot knows which board it is on.
  if (trees.length === 0) return []
  if (trees.length === 1 && deviceTrees.length > 0) return [`  fdt /${folder}/${trees[0]}`]
  return [`  fdtdir /${folder}/dtbs`]
}

/** boot.ini for U-Boot of the board's maker, which has no extlinux.conf; undefined for other boards. */
export function bootIni({ board, set }: Pointers): string | undefined {
  const { ini } = board
  if (!ini) return undefined
  const tree = set.files.find((file) => file.endsWith('odroidxu4.dtb'))
  if (tree === undefined) return undefined
  return [
    ini.title,
    '# written by skiff; it leads to the image that was installed last',
    `setenv bootargs "${set.commandLine}"`,
    'setenv fdt_high "0xffffffff"',
    `fatload mmc 0:1 ${ini.kernel} ${set.folder}/kernel`,
    `fatload mmc 0:1 ${ini.tree} ${set.folder}/${tree}`,
    // last, so that filesize is that of the initramfs
    `fatload mmc 0:1 ${ini.initramfs} ${set.folder}/initramfs`,
    `bootz ${ini.kernel} ${ini.initramfs}:\${filesize} ${ini.tree}`,
    '',
  ].join('\n')
}

/** Lines of config.txt that say what is started; they are ours. */
const OURS =
  /^\s*(kernel|cmdline|os_prefix|start_file|fixup_file|upstream_kernel|ramfsfile|ramfsaddr)\s*=|^\s*initramfs\s/

/**
 * config.txt of the Pi: `os_prefix` leads to the folder with kernel, initramfs, cmdline.txt and device trees, so one file
 * decides which set starts.
 */
export function piConfig({ set, previous, piLines, firmware }: Pointers): string {
  const kept = piLines.split('\n').filter((line) => !OURS.test(line))
  const named = [...firmware].flatMap(([from, to]) => {
    if (/^start4?\.elf$/.test(from)) return [`start_file=${to}`]
    if (/^fixup4?\.dat$/.test(from)) return [`fixup_file=${to}`]
    return []
  })
  // mainline's device trees have other names than the maker's, and only this makes the firmware look for them
  const mainline = set.files.some((file) => file.startsWith('bcm2837-'))
  return [
    '# written by skiff; its lines at the end lead to the image that was installed last',
    ...beforeLine(previous),
    ...kept.join('\n').trim().split('\n'),
    '[all]',
    ...named,
    ...(mainline ? ['upstream_kernel=1'] : []),
    `os_prefix=${set.folder}/`,
    'kernel=kernel',
    'initramfs initramfs followkernel',
    '',
  ].join('\n')
}
