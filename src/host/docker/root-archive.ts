// What an archive of a root file system is for: the processor of its programs and its distribution, read from the
// archive as it streams by. It comes from somebody's repository, so nothing of it touches the disk, and a path that
// leads out of it, or more bytes than a root file system has, ends the reading.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { addAbortSignal, PassThrough, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import tarStream from 'tar-stream'
import { failure, messageOf } from '../../core/errors.ts'
import type { Platform } from '../../core/platform.ts'
import { elfOf, platformsOf } from '../emulation/elf.ts'

export interface RootFilesystem {
  /** Platforms whose processors run its programs; undefined when it has no program. */
  readonly platforms: readonly Platform[] | undefined
  /** os-release(5): ID, and VERSION_CODENAME or VERSION_ID. */
  readonly distribution: { readonly id: string; readonly version: string } | undefined
}

const MOST_BYTES = 2 ** 30
const ELF_HEADER = 64
const OS_RELEASE = /^(etc|usr\/lib)\/os-release$/
const PROGRAMS = /^(usr\/)?s?bin\/[^/]+$/

/**
 * @param most bytes that are unpacked
 * @throws build-failed for an archive that cannot be read or leads out of itself, canceled
 */
export async function lookIntoArchive(
  content: AsyncIterable<Buffer>,
  name: string,
  signal: AbortSignal,
  most = MOST_BYTES,
): Promise<RootFilesystem> {
  const extract = tarStream.extract()
  const bad = (problem: string) => failure('build-failed', { problem: `${name}: ${problem}` })
  const enough = new AbortController()
  const found: { -readonly [K in keyof RootFilesystem]: RootFilesystem[K] } = {
    platforms: undefined,
    distribution: undefined,
  }
  const stop = AbortSignal.any([signal, enough.signal])
  const source = Readable.from(content, { objectMode: false })
  const opened = decompressed(source, name, stop)
  const reading = feed(opened, extract, { most, stop, bad }).catch((error: Error) => extract.destroy(error))
  try {
    for await (const entry of extract) {
      const { header } = entry
      const path = header.name.replace(/^(\.\/)+/, '')
      if (path.startsWith('/') || path.split('/').includes('..'))
        throw bad(`it has an entry ${JSON.stringify(header.name.slice(0, 200))} that leads out of it`)
      const isProgram = header.type === 'file' && PROGRAMS.test(path)
      const isRelease = header.type === 'file' && OS_RELEASE.test(path)
      const head = await firstBytes(entry, isRelease ? 4096 : isProgram ? ELF_HEADER : 0)
      const elf = isProgram ? elfOf(head) : undefined
      if (elf) found.platforms ??= platformsOf(elf)
      if (isRelease) found.distribution ??= parseOsRelease(head.toString())
      if (found.platforms && found.distribution) break
    }
  } catch (error) {
    if (signal.aborted) throw failure('canceled', { what: 'looking into an archive' }, error)
    throw error instanceof Error && 'code' in error && error.code === 'build-failed'
      ? error
      : bad(`it cannot be read: ${messageOf(error)}`)
  } finally {
    enough.abort()
    source.destroy()
    extract.destroy()
    await reading
  }
  return found
}

/** Values of os-release(5); undefined without an ID. */
export function parseOsRelease(text: string): RootFilesystem['distribution'] {
  const values = new Map(
    text.split('\n').map((line) => {
      const [key = '', ...rest] = line.split('=')
      return [
        key.trim(),
        rest
          .join('=')
          .trim()
          .replace(/^(["'])(.*)\1$/, '$2'),
      ] as const
    }),
  )
  const id = values.get('ID') ?? ''
  const version = values.get('VERSION_CODENAME') || values.get('VERSION_ID') || ''
  return /^[a-z0-9._-]+$/.test(id) && /^[\w.-]+$/.test(version) ? { id, version } : undefined
}

/** Reads an entry to its end, as the next one needs, and keeps its beginning. */
async function firstBytes(entry: AsyncIterable<unknown>, count: number): Promise<Buffer> {
  const kept: Buffer[] = []
  let size = 0
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    if (size < count) kept.push(chunk)
    size += chunk.length
  }
  return Buffer.concat(kept).subarray(0, count)
}

/** Hands an archive on piece by piece; more than any root file system has is not read. */
async function feed(
  content: AsyncIterable<Buffer>,
  extract: ReturnType<typeof tarStream.extract>,
  { most, stop, bad }: { most: number; stop: AbortSignal; bad: (problem: string) => Error },
): Promise<void> {
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    if (size > most) throw bad('it is larger than a root file system is')
    // one that was destroyed has nothing to say any more
    if (!extract.write(chunk)) await once(extract, 'drain', { signal: stop })
  }
  extract.end(undefined)
}

/** By its ending, as those who make them name them. */
function decompressed(source: Readable, name: string, stop: AbortSignal): AsyncIterable<Buffer> {
  if (/\.(xz|txz)$/.test(name)) return unxz(source, stop)
  const through = /\.(gz|tgz)$/.test(name)
    ? createGunzip()
    : /\.(zst|tzst)$/.test(name)
      ? createZstdDecompress()
      : new PassThrough()
  source.on('error', (error) => through.destroy(error))
  return source.pipe(addAbortSignal(stop, through))
}

/** Node has no xz; the program has, and ends with the signal. */
async function* unxz(source: Readable, stop: AbortSignal): AsyncGenerator<Buffer> {
  const child = spawn('xz', ['--decompress', '--stdout', '--memlimit=256MiB'], {
    signal: stop,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
    source.on('error', reject)
  })
  ended.catch(() => {}) // told below, or nobody asks any more
  let words = ''
  child.stderr.on('data', (text: Buffer) => {
    words = (words + text).slice(-300)
  })
  child.stdin.on('error', () => {}) // it ended before it had all: its words say why
  source.on('error', () => child.kill('SIGKILL')).pipe(child.stdin)
  yield* child.stdout
  const status = await ended
  if (status !== 0) throw new Error(words.trim().replace(/^xz: \(stdin\): /, '') || `xz ended with ${status}`)
}
