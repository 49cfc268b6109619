// An image taken out of an engine that is in reach of its API: its archive is read twice, and nothing is stored.
import type { IncomingMessage } from 'node:http'
import { posix } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tarStream, { type Extract, type Pack } from 'tar-stream'
import { failure } from '../../core/errors.ts'
import { type Engine, engineFailure } from './engine.ts'
import { type ArchiveContent, isMember, parseManifest } from './image-archive.ts'

/** An archive that is ready to be sent in part. Disposing of it removes what was made for it. */
export interface ImageExport extends ArchiveContent, AsyncDisposable {
  /**
   * A tar of these files; can be had once. It fails rather than ends when something is missing at its end.
   * @param members paths that the archive has
   */
  send(members: readonly string[], signal: AbortSignal): Readable
  /** Bytes that came so far, as they were on their way. */
  received(): number
}

type Entry = Extract extends AsyncIterable<infer E> ? E : never

const LARGEST_MANIFEST = 4 * 2 ** 20

/** @param image id @throws engine-unreachable, engine-error */
export async function exportImage(engine: Engine, image: string, signal: AbortSignal): Promise<ImageExport> {
  const files = new Map<string, number>()
  const links = new Map<string, string>()
  let manifest = ''
  await eachEntry(await archiveOf(engine, image, signal), async (entry) => {
    const { name, size, type, linkname } = entry.header
    if (isMember(name)) {
      files.set(name, size)
      if (type === 'symlink' && linkname) links.set(name, posix.join(posix.dirname(name), linkname))
    }
    for await (const chunk of entry as AsyncIterable<Buffer>)
      if (name === 'manifest.json' && manifest.length < LARGEST_MANIFEST) manifest += chunk.toString('utf8')
  })
  for (const [name, target] of links) files.set(name, files.get(target) ?? 0)
  let received = 0
  return {
    manifest: parseManifest(manifest),
    files,
    received: () => received,
    send(members, stop) {
      // engines from 20.10 write a layer once and link to it where it comes again
      const wanted = new Set(members.flatMap((name) => [name, links.get(name) ?? name]))
      const pack = tarStream.pack()
      const count = new Transform({
        transform(chunk: Buffer, _, done) {
          received += chunk.length
          done(null, chunk)
        },
      })
      const filter = async () => {
        await eachEntry(await archiveOf(engine, image, stop), async (entry) => {
          if (wanted.has(entry.header.name)) await copyEntry(entry, pack)
          else for await (const _ of entry);
        })
        pack.finalize()
      }
      filter().catch((error: Error) => pack.destroy(error))
      pipeline(pack as unknown as Readable, count).catch(() => {})
      return count
    },
    async [Symbol.asyncDispose]() {},
  }
}

async function eachEntry(archive: IncomingMessage, take: (entry: Entry) => Promise<void>): Promise<void> {
  const extract = tarStream.extract()
  const feeding = pipeline(archive, extract as unknown as NodeJS.WritableStream)
  feeding.catch(() => {})
  try {
    for await (const entry of extract) await take(entry)
    await feeding
  } finally {
    archive.destroy()
  }
}

const copyEntry = (entry: Entry, pack: Pack) =>
  new Promise<void>((resolve, reject) => {
    const sink = pack.entry(entry.header, (error) => (error ? reject(error) : resolve()))
    entry.on('error', reject)
    entry.pipe(sink)
  })

/** GET /images/{id}/get; not through dockerode's, which takes no signal. */
const archiveOf = (engine: Engine, image: string, signal: AbortSignal) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    engine.docker.modem.dial(
      {
        path: `/images/${image}/get`,
        method: 'GET',
        isStream: true,
        abortSignal: signal,
        statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
      },
      (error: unknown, answer: unknown) => {
        if (signal.aborted) reject(failure('canceled', { what: 'the export of the image' }, error))
        else if (error) reject(engineFailure(engine, error))
        else resolve(answer as IncomingMessage) // docker-modem hands out the response when isStream is set
      },
    )
  })
