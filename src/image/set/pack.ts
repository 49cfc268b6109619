// Trees and kernels become the files of an image: squashfs, initramfs, packed kernels.
import { spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { failure } from '../../core/errors.ts'
import type { Tree } from '../../host/archive/entry.ts'
import { writeTar } from '../../host/archive/tar.ts'
import { runOrThrow } from '../../host/process/run.ts'
import { readingOrder } from './order.ts'

const LIMIT = 15 * 60_000
const WORDS = 2000

export interface Packing {
  readonly compression: 'xz' | 'zstd'
  /** Of zstd; its highest useful one by default. */
  readonly level?: number
  /** Larger blocks pack better, and cost more to read a part of. */
  readonly block: string
}

/** How core, engine image and firmware are packed, by what it is to be good at. */
export const packings = {
  small: {
    core: { compression: 'xz', block: '256K' },
    engine: { compression: 'zstd', block: '256K' },
    firmware: { compression: 'xz', block: '256K' },
  },
  fast: {
    core: { compression: 'zstd', level: 15, block: '256K' },
    engine: { compression: 'zstd', level: 3, block: '256K' },
    firmware: { compression: 'zstd', level: 3, block: '256K' },
  },
} as const satisfies Record<string, Record<'core' | 'engine' | 'firmware', Packing>>

/** Arguments of mksquashfs, which reads a tar from stdin; sqfstar 4.5 trips over a compressor's own options. Pure. */
export function squashfsArguments(file: string, packing: Packing, time: number): string[] {
  const { compression, level = 19, block } = packing
  const how = compression === 'xz' ? [] : ['-Xcompression-level', String(level)]
  return [
    ...['-', file, '-tar', '-comp', compression, ...how, '-b', block, '-no-xattrs', '-noappend', '-quiet'],
    // the root folder is in no tar
    ...['-no-progress', '-reproducible', '-mkfs-time', String(time), '-all-time', String(time)],
  ]
}

/**
 * Writes a squashfs file. Same tree, order and time, same bytes.
 * @throws process-missing, process-failed, timed-out, canceled
 */
export async function writeSquashfs(
  tree: Tree,
  file: string,
  how: Packing & {
    readonly time: number
    readonly signal: AbortSignal
    /** Patterns of the files that are read first, in that order; see `readingOrder`. */
    readonly order?: readonly string[]
  },
): Promise<void> {
  const limit = AbortSignal.timeout(LIMIT)
  const signal = AbortSignal.any([how.signal, limit])
  await rm(file, { force: true })
  // the variable and the options exclude each other (sqfstar(1))
  const { SOURCE_DATE_EPOCH: _, ...env } = process.env
  const child = spawn('mksquashfs', squashfsArguments(file, how, how.time), {
    stdio: ['pipe', 'ignore', 'pipe'],
    env,
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-WORDS)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? failure('process-missing', { command: 'mksquashfs' }, error) : error),
    )
    child.once('close', resolve)
  })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  child.stdin.on('error', () => {})
  const inOrder = (whole: Tree) => readingOrder(whole, how.order ?? [])
  try {
    // when it ends early, its exit status says why, not the pipe
    const fed = pipeline(writeTar(tree, how.time, inOrder), child.stdin).catch(() => {})
    const [status] = await Promise.all([ended, fed])
    if (limit.aborted) throw failure('timed-out', { what: 'mksquashfs', seconds: LIMIT / 1000, hint: '' })
    if (how.signal.aborted) throw failure('canceled', { what: 'mksquashfs' })
    if (status !== 0)
      throw failure('process-failed', {
        command: 'mksquashfs',
        status: status ?? 'killed',
        output: words.trim(),
      })
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** Bytes packed by a program that packs a file beside itself. Its folder is `work`. */
async function packed(content: Buffer, work: string, ending: string, command: string[], signal: AbortSignal) {
  const [program = '', ...args] = command
  const file = join(work, `packing${ending}.part`)
  try {
    await writeFile(file, content)
    await runOrThrow(program, [...args, file], { signal, timeout: LIMIT })
    return await readFile(`${file}${ending}`)
  } finally {
    await Promise.all([rm(file, { force: true }), rm(`${file}${ending}`, { force: true })])
  }
}

/** For the kernel's own unpacker, which knows one kind of checksum only (kernel: Documentation/staging/xz.rst). */
export const xzForKernel = (content: Buffer, work: string, signal: AbortSignal): Promise<Buffer> =>
  packed(content, work, '.xz', ['xz', '--keep', '-9', '--check=crc32', '--threads=1'], signal)

/** For U-Boot, which unpacks the older form. */
export const lzma = (content: Buffer, work: string, signal: AbortSignal): Promise<Buffer> =>
  packed(content, work, '.lzma', ['xz', '--keep', '--format=lzma', '-9', '--threads=1'], signal)

/** For QEMU and firmware; without name and time, which would differ. */
export const gzip = (content: Buffer, work: string, signal: AbortSignal): Promise<Buffer> =>
  packed(content, work, '.gz', ['gzip', '--keep', '--no-name', '-9'], signal)
