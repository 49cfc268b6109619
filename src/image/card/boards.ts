// What each board wants of its card, as data: table, bootloader bytes and where they go, and what starts the kernel.

/** A file of the set that goes to a fixed place before the first partition. */
export interface BootPiece {
  /** In the set, below `boot/bootloader/`. */
  readonly file: string
  /** First sector of 512 bytes, counted from the start of the card. */
  readonly sector: number
  /** Sectors up to the next piece: what is longer would overwrite it. */
  readonly most: number
  /** What is longer is cut off: the maker's own script has the next piece overwrite it. */
  readonly cut?: boolean
  /**
   * Bytes of it that come before `sector`, at the start of the card: code that shares the first sector with the
   * partition table. The rest follows from the file's byte 512.
   */
  readonly head?: number
}

export interface BootLayout {
  /** Where the numbers are from. */
  readonly source: string
  readonly pieces: readonly BootPiece[]
}

/** What reads the boot partition first. */
export type Starter = 'extlinux' | 'pi'

export interface Board {
  /** Of the configuration package: `odroid/xu4`. */
  readonly name: string
  readonly table: 'dos' | 'gpt'
  readonly starter: Starter
  /** Tried in order: the first one whose files the set has. Empty when the board needs none. */
  readonly layouts: readonly BootLayout[]
  /** Words for the kernel, where the set's own command line names no console. */
  readonly console: string
  /** Base names of device trees, with `*`; empty for those of the set as they are. */
  readonly deviceTrees: readonly string[]
  /** U-Boot starts 64-bit kernels only when they are not compressed, or where it was told where to unpack. */
  readonly unpackKernel: boolean
  /** For the first line of boot.ini, which U-Boot of the board's maker reads in place of extlinux.conf. */
  readonly ini?: {
    readonly title: string
    readonly kernel: string
    readonly initramfs: string
    readonly tree: string
  }
}

/** Mainline's U-Boot with the BL2 that loads up to 1 MiB, as our Buildroot packages it. */
const XU4: BootLayout = {
  source: 'sd_fuse/hardkernel_1mb_uboot of the maker (branch odroidxu3-v2012.07): BL2 loads 2048 sectors',
  pieces: [
    { file: 'bl1.bin', sector: 1, most: 30, cut: true },
    { file: 'bl2.bin', sector: 31, most: 32 },
    { file: 'u-boot.bin', sector: 63, most: 2048 },
    { file: 'tzsw.bin', sector: 2111, most: 512 },
  ],
}

/** The maker's U-Boot with its smaller BL2. */
const XU4_SMALL: BootLayout = {
  source: 'sd_fuse/sd_fusing.sh and include/configs/odroid_xu4.h of the maker (branch odroidxu4-v2017.05)',
  pieces: [
    { file: 'bl1.bin', sector: 1, most: 30, cut: true },
    { file: 'bl2-720k.bin', sector: 31, most: 32 },
    { file: 'u-boot.bin', sector: 63, most: 1440 },
    { file: 'tzsw.bin', sector: 1503, most: 512 },
  ],
}

const U: BootLayout = {
  source: "doc/README.odroid of U-Boot, 'Boot media layout'",
  pieces: [
    { file: 'bl1.bin', sector: 1, most: 30, cut: true },
    { file: 'bl2.bin', sector: 31, most: 32 },
    { file: 'u-boot.bin', sector: 63, most: 2048 },
    { file: 'tzsw.bin', sector: 2111, most: 389 },
  ],
}

const C2: BootLayout = {
  source: "doc/board/amlogic/odroid-c2.rst of U-Boot, 'Image creation'",
  pieces: [
    { file: 'bl1.bin', sector: 1, most: 96, head: 442 },
    { file: 'u-boot.bin', sector: 97, most: 4096 },
  ],
}

const pi = (name: string, deviceTrees: readonly string[]): Board => ({
  name,
  table: 'dos',
  starter: 'pi',
  layouts: [],
  console: 'console=tty1 console=serial0,115200',
  deviceTrees,
  unpackKernel: false,
})

export const boards: readonly Board[] = [
  {
    name: 'odroid/xu4',
    table: 'dos',
    starter: 'extlinux',
    layouts: [XU4_SMALL, XU4],
    console: 'console=tty1 console=ttySAC2,115200n8',
    deviceTrees: ['exynos5422-odroid*'],
    unpackKernel: false,
    ini: {
      title: 'ODROIDXU-UBOOT-CONFIG',
      kernel: '0x40008000',
      initramfs: '0x46000000',
      tree: '0x44000000',
    },
  },
  {
    name: 'odroid/u',
    table: 'dos',
    starter: 'extlinux',
    layouts: [U],
    console: 'console=tty1 console=ttySAC1,115200n8',
    deviceTrees: ['exynos4412-odroid*'],
    unpackKernel: false,
  },
  {
    name: 'odroid/c2',
    table: 'dos',
    starter: 'extlinux',
    layouts: [C2],
    console: 'console=tty1 console=ttyAML0,115200n8',
    deviceTrees: ['meson-gxbb-odroidc2*'],
    unpackKernel: true,
  },
  pi('pi/3', ['bcm2710-rpi-*', 'bcm2837-rpi-*']),
  pi('pi/4', ['bcm2711-rpi-*']),
  pi('pi/5', ['bcm2712*-rpi-*']),
  {
    name: 'virt/qemu',
    table: 'gpt',
    starter: 'extlinux',
    layouts: [],
    console: 'console=ttyAMA0',
    // QEMU hands over its own
    deviceTrees: [],
    unpackKernel: true,
  },
  {
    name: 'generic/arm64',
    table: 'gpt',
    starter: 'extlinux',
    layouts: [],
    console: '',
    deviceTrees: [],
    unpackKernel: true,
  },
]

/**
 * The board of a chain: the last package of it that is one.
 * @param packages names of the chain's packages, in the order of layers
 * @returns for a chain without a known board, one that U-Boot starts and that brings its own bootloader
 */
export function boardOf(packages: readonly string[]): Board {
  const found = packages.findLast((name) => boards.some((board) => board.name === name))
  const board = boards.find(({ name }) => name === (found ?? 'generic/arm64'))
  if (!board) throw new TypeError('the table of boards lacks generic/arm64')
  return found === undefined ? { ...board, name: 'any board with U-Boot' } : board
}

export const SECTOR = 512

/** Bytes before the first partition that bootloaders and their environments have to themselves. */
export const RESERVED = 4 * 2 ** 20
