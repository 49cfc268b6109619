// What a program or library asks the dynamic loader for, read from the file itself: elf(5).

export interface ElfNeeds {
  /** Names of libraries, DT_NEEDED. */
  readonly needed: readonly string[]
  /** Path of the loader, PT_INTERP. */
  readonly interpreter: string | undefined
}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1
const DT_STRTAB = 5

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly size: number
}

function segmentsOf(file: Buffer, wide: boolean): Segment[] {
  const table = wide ? Number(file.readBigUInt64LE(32)) : file.readUInt32LE(28)
  const size = file.readUInt16LE(wide ? 54 : 42)
  const count = file.readUInt16LE(wide ? 56 : 44)
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size
    const word = (wideAt: number, narrowAt: number) =>
      wide ? Number(file.readBigUInt64LE(at + wideAt)) : file.readUInt32LE(at + narrowAt)
    return { type: file.readUInt32LE(at), offset: word(8, 4), address: word(16, 8), size: word(32, 16) }
  })
}

const textAt = (file: Buffer, at: number) => file.toString('latin1', at, file.indexOf(0, at))

/**
 * Pure. All of Debian's ports that a board may have are little-endian.
 * @returns undefined for what is no ELF file, or a damaged one
 */
export function readElfNeeds(file: Buffer): ElfNeeds | undefined {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[5] !== 1) return undefined
  const wide = file[4] === 2
  try {
    const segments = segmentsOf(file, wide)
    const interp = segments.find(({ type }) => type === PT_INTERP)
    const interpreter = interp && textAt(file, interp.offset)
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
    if (!dynamic) return { needed: [], interpreter }
    const step = wide ? 16 : 8
    const entries = Array.from({ length: Math.floor(dynamic.size / step) }, (_, index) => {
      const at = dynamic.offset + index * step
      return wide
        ? [Number(file.readBigInt64LE(at)), Number(file.readBigUInt64LE(at + 8))]
        : [file.readInt32LE(at), file.readUInt32LE(at + 4)]
    })
    const address = entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0
    const load = segments.find(
      (each) => each.type === PT_LOAD && each.address <= address && address < each.address + each.size,
    )
    if (!load) return { needed: [], interpreter }
    const strings = load.offset + (address - load.address)
    const needed = entries
      .filter(([tag]) => tag === DT_NEEDED)
      .map(([, offset = 0]) => textAt(file, strings + offset))
    return { needed, interpreter }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
