// For tests: a card that loses its power before its nth write.
import type { Disk } from './disk.ts'

/** Kills the process before the write of the given number, counted from 1; nothing happens without one. */
export function withFailpoint(disk: Disk, text: string | undefined): Disk {
  const last = Number(text)
  if (!Number.isInteger(last) || last < 1) return disk
  let writes = 0
  const { write } = disk
  disk.write = async (offset, data) => {
    writes += 1
    if (writes >= last) process.kill(process.pid, 'SIGKILL')
    await write(offset, data)
  }
  return disk
}
