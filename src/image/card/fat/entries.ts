// Entries of a FAT folder, with long names, as values; nothing is read or written here.

/** Bytes of a slot. An entry is its long name's slots and then the one with its short name. */
export const SLOT = 32
const FREE = 0xe5
const LONG = 0x0f
const VOLUME_LABEL = 0x08
const FOLDER = 0x10
const ARCHIVE = 0x20
/** Where the 13 UTF-16 units of a long name's slot are. */
const UNITS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]

export interface Entry {
  readonly name: string
  /** The 11 bytes of its short name. */
  readonly short: string
  readonly folder: boolean
  /** 0 for an empty file. */
  readonly cluster: number
  readonly size: number
  /** Numbers of its slots in the folder; the last one has the short name. */
  readonly firstSlot: number
  readonly lastSlot: number
}

/** The sum of a short name that its long name's slots carry. */
export function shortSum(short: string): number {
  let sum = 0
  for (const byte of Buffer.from(short, 'latin1')) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff
  return sum
}

/** Entries of a folder's bytes. `.` and `..`, the label and what is damaged are left out. Pure. */
export function readEntries(bytes: Buffer): Entry[] {
  const entries: Entry[] = []
  let units: (number | undefined)[] = []
  let sum = -1
  let first = -1
  for (let slot = 0; slot * SLOT < bytes.length; slot += 1) {
    const at = bytes.subarray(slot * SLOT, (slot + 1) * SLOT)
    const head = at.readUInt8(0)
    if (head === 0) break
    const attributes = at.readUInt8(11)
    if (head !== FREE && attributes === LONG) {
      if ((head & 0x40) !== 0) {
        units = []
        sum = at.readUInt8(13)
        first = slot
      }
      const place = ((head & 0x1f) - 1) * UNITS.length
      if (at.readUInt8(13) === sum)
        for (const [index, offset] of UNITS.entries()) units[place + index] = at.readUInt16LE(offset)
      continue
    }
    if (head !== FREE && (attributes & VOLUME_LABEL) === 0) {
      const short = at.toString('latin1', 0, 11)
      const long = sum === shortSum(short) ? nameOf(units) : undefined
      const name = long ?? familiar(short)
      if (name !== '.' && name !== '..')
        entries.push({
          name,
          short,
          folder: (attributes & FOLDER) !== 0,
          cluster: ((at.readUInt16LE(20) & 0x0fff) << 16) | at.readUInt16LE(26),
          size: at.readUInt32LE(28),
          firstSlot: long === undefined ? slot : first,
          lastSlot: slot,
        })
    }
    units = []
    sum = -1
  }
  return entries
}

function nameOf(units: readonly (number | undefined)[]): string | undefined {
  const end = units.indexOf(0)
  const own = end === -1 ? units : units.slice(0, end)
  // a missing part leaves a hole
  const known = own.filter((unit) => unit !== undefined)
  return own.length === 0 || known.length < own.length ? undefined : String.fromCharCode(...known)
}

const familiar = (short: string): string => {
  const [base, extension] = [short.slice(0, 8).trimEnd(), short.slice(8).trimEnd()]
  return extension === '' ? base : `${base}.${extension}`
}

/**
 * A short name for a long one that no other entry of the folder has. A name that is short enough keeps itself: boot ROMs
 * look for `BOOTCODE.BIN` and know nothing of long names. Pure.
 */
export function shortNameFor(name: string, taken: ReadonlySet<string>): string {
  const [, own = '', ownExtension = ''] = /^([A-Z0-9_-]{1,8})(?:\.([A-Z0-9_-]{1,3}))?$/i.exec(name) ?? []
  const itself = own.toUpperCase().padEnd(8) + ownExtension.toUpperCase().padEnd(3)
  if (own !== '' && !taken.has(itself)) return itself
  const dot = name.lastIndexOf('.')
  const clean = (text: string) => text.toUpperCase().replace(/[^A-Z0-9_-]/g, '')
  const base = clean(dot > 0 ? name.slice(0, dot) : name) || 'FILE'
  const extension = dot > 0 ? clean(name.slice(dot + 1)).slice(0, 3) : ''
  for (let number = 1; ; number += 1) {
    const tail = `~${number}`
    const short =
      base
        .slice(0, 8 - tail.length)
        .concat(tail)
        .padEnd(8) + extension.padEnd(3)
    if (!taken.has(short)) return short
  }
}

export interface NewEntry {
  readonly name: string
  readonly short: string
  readonly folder: boolean
  readonly cluster: number
  readonly size: number
  /** Of its last change. */
  readonly time: Date
}

/** The slots of an entry. Pure. */
export function writeEntry(entry: NewEntry): Buffer {
  const units = [...entry.name].flatMap((char) =>
    char.length === 1 ? [char.charCodeAt(0)] : [char.charCodeAt(0), char.charCodeAt(1)],
  )
  const count = Math.ceil(units.length / UNITS.length)
  const bytes = Buffer.alloc((count + 1) * SLOT)
  const sum = shortSum(entry.short)
  for (let part = count; part >= 1; part -= 1) {
    const at = bytes.subarray((count - part) * SLOT)
    at.writeUInt8(part | (part === count ? 0x40 : 0), 0)
    at.writeUInt8(LONG, 11)
    at.writeUInt8(sum, 13)
    for (const [index, offset] of UNITS.entries()) {
      const place = (part - 1) * UNITS.length + index
      at.writeUInt16LE(units[place] ?? (place === units.length ? 0 : 0xffff), offset)
    }
  }
  shortSlot(entry).copy(bytes, count * SLOT)
  return bytes
}

/** The slot with the short name, and in it where the data is. Pure. */
export function shortSlot({ short, folder, cluster, size, time }: Omit<NewEntry, 'name'>): Buffer {
  const at = Buffer.alloc(SLOT)
  at.write(short, 0, 'latin1')
  at.writeUInt8(folder ? FOLDER : ARCHIVE, 11)
  const [date, clock] = stamp(time)
  at.writeUInt16LE(clock, 14)
  at.writeUInt16LE(date, 16)
  at.writeUInt16LE(date, 18)
  at.writeUInt16LE(cluster >>> 16, 20)
  at.writeUInt16LE(clock, 22)
  at.writeUInt16LE(date, 24)
  at.writeUInt16LE(cluster & 0xffff, 26)
  at.writeUInt32LE(size, 28)
  return at
}

function stamp(time: Date): [number, number] {
  const year = Math.min(Math.max(time.getUTCFullYear(), 1980), 2107)
  return [
    ((year - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate(),
    (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1),
  ]
}

/** Marks slots as free. */
export const freed = (slot: Buffer): Buffer => {
  const copy = Buffer.from(slot)
  copy.writeUInt8(FREE, 0)
  return copy
}

/** The first of `count` free slots in a row; past the end when there are none. Pure. */
export function freeSlots(bytes: Buffer, count: number): number {
  let run = 0
  const slots = bytes.length / SLOT
  for (let slot = 0; slot < slots; slot += 1) {
    const head = bytes.readUInt8(slot * SLOT)
    // everything behind the end mark is free, and what is there may be anything
    if (head === 0) return slot - run
    run = head === FREE ? run + 1 : 0
    if (run === count) return slot - count + 1
  }
  return slots - run
}
