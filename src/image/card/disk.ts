// The card itself, opened: a device that nobody else may use meanwhile, or an image file.
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { failure, messageOf } from '../../core/errors.ts'
import { run } from '../../host/process/run.ts'
import type { Blocks } from './fat/blocks.ts'

/** What the kernel says when there is no card any more, or none that answers. */
const GONE = new Set(['EIO', 'ENODEV', 'ENXIO', 'ENOMEDIUM', 'EREMOTEIO', 'ENOENT', 'ETIMEDOUT'])

export interface Disk extends Blocks, AsyncDisposable {
  readonly path: string
  /** Makes the next reads come from the card and not from memory. */
  forget(): Promise<void>
  /** What is being done, for the error when the card goes away. */
  doing: string
}

export interface DiskOptions {
  readonly device: boolean
  /** Bytes. */
  readonly size: number
  /** What to do when the card goes away. */
  readonly hint: string
}

/**
 * Opens a card for reading and writing. Of a device, the kernel lets nobody mount or claim any part of it until it is
 * closed (O_EXCL without O_CREAT, open(2)).
 * @throws card-refused, card-lost
 */
export async function openDisk(path: string, options: DiskOptions): Promise<Disk> {
  const file = await openFile(path, options.device)
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw lost(error, path, disk.doing, options.hint, options.device)
    }
  }
  const disk: Disk = {
    path,
    size: options.size,
    doing: 'read',
    read: (offset, length) => guard(readAll(file, offset, length)),
    write: (offset, data) => guard(writeAll(file, offset, data)),
    sync: () => guard(file.sync()),
    forget: async () => {
      if (options.device) await run('blockdev', ['--flushbufs', path], { timeout: 120_000 })
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
  return disk
}

/**
 * The error for a card that went away, or the error as it was.
 * @param device a device that says it is full has none of what it promised; an image file may be on a full disk
 */
export function lost(error: unknown, target: string, doing: string, hint: string, device: boolean): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!GONE.has(code) && !(device && code === 'ENOSPC')) return error
  return failure('card-lost', { target, doing, problem: messageOf(error), hint }, error)
}

async function openFile(path: string, device: boolean): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | (device ? constants.O_EXCL : 0))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const [problem, hint] = {
      EBUSY: ['something on this machine uses it', 'unmount it: lsblk shows what does'],
      EACCES: ['it may not be written to', 'run it as root'],
      EPERM: ['it may not be written to', 'run it as root'],
      EROFS: ['it is write-protected', 'look for a small slider on the card or its adapter'],
      ENOMEDIUM: ['there is no card in it', ''],
      ENXIO: ['there is no card in it', ''],
    }[code] ?? [messageOf(error), '']
    throw failure('card-refused', { target: path, problem: problem ?? '', hint: hint ?? '' }, error)
  }
}

async function readAll(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
    if (bytesRead === 0) throw Object.assign(new Error('it ended before its end'), { code: 'EIO' })
    at += bytesRead
  }
  return bytes
}

async function writeAll(file: FileHandle, offset: number, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await file.write(data, at, data.length - at, offset + at)
    at += bytesWritten
  }
}
