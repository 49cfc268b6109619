// The header of a program (elf(5)): what processor it is for, and the least program there is.
import { type Architecture, architectures, type Platform } from '../../core/platform.ts'

/** What a program is for, as the table of platforms writes it. */
export type Elf = Architecture['elf']

// elf(5): e_ident, then e_type and e_machine as half-words in the byte order that EI_DATA says
const MAGIC = [0x7f, 0x45, 0x4c, 0x46]
const IDENT = 16
const CLASS_32 = 1
const CLASS_64 = 2
const LITTLE = 1
const BIG = 2
const EXECUTABLE = 2
const PT_LOAD = 1
const PT_INTERP = 3

/** @param bytes the first of a file, 20 at least @returns undefined for what is no ELF file */
export function elfOf(bytes: Uint8Array): Elf | undefined {
  if (bytes.length < IDENT + 4 || MAGIC.some((byte, index) => bytes[index] !== byte)) return undefined
  const [size, order] = [bytes[4], bytes[5]]
  if ((size !== CLASS_32 && size !== CLASS_64) || (order !== LITTLE && order !== BIG)) return undefined
  const little = order === LITTLE
  const machine = view(bytes).getUint16(IDENT + 2, little)
  return { machine, bits: size === CLASS_64 ? 64 : 32, little }
}

/** Platforms whose processors such a program is for; those of ARM cannot be told apart by the header. */
export const platformsOf = ({ machine, bits, little }: Elf): Platform[] =>
  architectures
    .filter(({ elf }) => elf.machine === machine && elf.bits === bits && elf.little === little)
    .map(({ platform }) => platform)

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The bytes by which the kernel knows a program of an architecture: e_ident, e_type, e_machine. */
export function elfStart({ machine, bits, little }: Elf): Uint8Array {
  const bytes = new Uint8Array(IDENT + 4)
  bytes.set([...MAGIC, bits === 64 ? CLASS_64 : CLASS_32, little ? LITTLE : BIG, 1])
  view(bytes).setUint16(IDENT, EXECUTABLE, little)
  view(bytes).setUint16(IDENT + 2, machine, little)
  return bytes
}

/** Whether a program needs a dynamic linker, so that it does not run where its libraries are not. */
export function isDynamic(bytes: Uint8Array): boolean {
  const elf = elfOf(bytes)
  if (!elf || bytes.length < 64) return false
  const data = view(bytes)
  const wide = elf.bits === 64
  const offset = wide ? Number(data.getBigUint64(32, elf.little)) : data.getUint32(28, elf.little)
  const size = data.getUint16(wide ? 54 : 42, elf.little)
  const count = data.getUint16(wide ? 56 : 44, elf.little)
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * size
    if (at + 4 > bytes.length) return false
    if (data.getUint32(at, elf.little) === PT_INTERP) return true
  }
  return false
}

/** A whole program of 32 bits that is nothing but these instructions. */
export function tinyProgram(elf: Elf, code: readonly number[]): Uint8Array {
  const [header, segment, base] = [52, 32, 0x10000]
  const bytes = new Uint8Array(header + segment + code.length)
  bytes.set(elfStart(elf))
  bytes.set(code, header + segment)
  const data = view(bytes)
  const words = (at: number, values: readonly number[]) => {
    for (const [index, value] of values.entries()) data.setUint32(at + 4 * index, value, elf.little)
  }
  // e_version, e_entry, e_phoff, e_shoff, e_flags (of ARM: EABI version 5)
  words(20, [1, base + header + segment, header, 0, elf.machine === 40 ? 0x05000000 : 0])
  for (const [index, value] of [header, segment, 1, 0, 0, 0].entries())
    data.setUint16(40 + 2 * index, value, elf.little)
  // p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags (read, execute), p_align
  words(header, [PT_LOAD, 0, base, base, bytes.length, bytes.length, 5, 0x1000])
  return bytes
}
