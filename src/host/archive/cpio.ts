// Archives as the kernel unpacks them at its start: cpio in the form newc (kernel: driver-api/early-userspace/buffer-format).
import { completed, type Entry, type Tree } from './entry.ts'

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
/** Bits of the type in a mode, stat(2). */
const TYPES: Record<Entry['kind'], number> = { file: 0o100000, folder: 0o040000, link: 0o120000 }

const field = (value: number) => value.toString(16).padStart(8, '0').toUpperCase()
const padded = (length: number) => Math.ceil(length / 4) * 4

function record(number: number, path: string, mode: number, time: number, owner: number[], content: Buffer) {
  const name = Buffer.from(`${path}\0`)
  const [uid = 0, gid = 0] = owner
  // ino, mode, uid, gid, nlink, mtime, filesize, two pairs of device numbers, namesize, check
  const numbers = [number, mode, uid, gid, 1, time, content.length, 0, 0, 0, 0, name.length, 0]
  const head = Buffer.from(MAGIC + numbers.map(field).join(''))
  const start = padded(head.length + name.length)
  const whole = Buffer.alloc(start + padded(content.length))
  head.copy(whole)
  name.copy(whole, head.length)
  content.copy(whole, start)
  return whole
}

/**
 * The archive of a tree: same tree and time, same bytes. Pure.
 * @param time seconds since 1970, of every entry
 */
export function writeCpio(tree: Tree, time: number): Buffer {
  const records: Buffer[] = []
  for (const [path, entry] of completed(tree)) {
    const content =
      entry.kind === 'file' ? entry.content : Buffer.from(entry.kind === 'link' ? entry.target : '')
    const mode = TYPES[entry.kind] | entry.mode
    records.push(record(records.length + 1, path, mode, time, [entry.uid, entry.gid], content))
  }
  records.push(record(0, TRAILER, 0, 0, [0, 0], Buffer.alloc(0)))
  return Buffer.concat(records)
}
