// An image taken out of an engine of another machine: its archive is made and sifted there, so that only what is
// wanted crosses the network, compressed.
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { failure } from '../../core/errors.ts'
import type { SshHost } from '../ssh/host.ts'
import type { SshSession } from '../ssh/session.ts'
import type { ImageExport } from './archive-export.ts'
import { isMember, parseManifest } from './image-archive.ts'

/** Milliseconds for docker save over there, of a large image on a slow disk. */
const EXPORT_LIMIT = 1_800_000
const LARGEST_LISTING = 4 * 2 ** 20
const BEGIN = 'crew-archive'
const READY = 'crew-ready'

/**
 * What runs there. It is constant: the image's id is its only word, and names of files reach it as lines of its
 * input, which no shell reads. It says which files there are, waits for the names of those that are wanted, and
 * removes the archive however it ends; /var/tmp is on a disk where /tmp is memory. One line without backslash,
 * exclamation mark and single quote: the login shell may be a fish or a csh.
 */
const SCRIPT = [
  'set -e',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell over there fills it in
  'd=$(mktemp -d "${TMPDIR:-/var/tmp}/crew-image-XXXXXX")',
  'gone() { cd / && rm -rf "$d"; }',
  'trap gone EXIT',
  'trap "exit 1" HUP INT TERM PIPE',
  'cd "$d"',
  'docker save "$1" | tar -xf -',
  `echo ${BEGIN}`,
  // a layer that comes twice is a link; the size of what it leads to counts, and -h sends that
  'find -L . -type f -exec wc -c {} ";"',
  'echo',
  'cat manifest.json',
  'echo',
  `echo ${READY}`,
  'set --',
  'while IFS= read -r name && [ -n "$name" ]; do set -- "$@" "$name"; done',
  '[ $# -gt 0 ]',
  'tar -chf - "$@" | gzip -1',
].join('; ')

/**
 * @param image id
 * @throws builder-unreachable, engine-error (the engine there refused), timed-out, canceled
 */
export async function exportOverSsh(host: SshHost, image: string, signal: AbortSignal): Promise<ImageExport> {
  if (!/^sha256:[0-9a-f]{64}$/.test(image)) throw new TypeError(`${image} is no id of an image`)
  const limit = AbortSignal.timeout(EXPORT_LIMIT)
  const stop = AbortSignal.any([signal, limit])
  const session = await host.start(['sh', '-c', SCRIPT, 'crew', image], stop)
  const end = () => session.terminate()
  stop.addEventListener('abort', end)
  try {
    if (stop.aborted) end()
    const content = parseListing(await readListing(session))
    let received = 0
    return {
      ...content,
      received: () => received,
      send: (members, stopSending) =>
        Readable.from(
          sendOver(session, members, stopSending, (bytes) => {
            received += bytes
          }),
          { objectMode: false },
        ),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    }
  } catch (error) {
    session.terminate()
    const ended = await session.exited
    if (signal.aborted) throw failure('canceled', { what: 'the export of the image' }, error)
    if (limit.aborted) {
      const hint = 'is its disk full, or slow?'
      throw failure('timed-out', { what: 'docker save', seconds: EXPORT_LIMIT / 1000, hint }, error)
    }
    const refused = /Error response from daemon: (.*)/.exec(ended.stderr)?.[1]
    if (refused !== undefined) throw failure('engine-error', { problem: refused }, error)
    throw ended.status === null ? error : host.failure(ended, error)
  } finally {
    stop.removeEventListener('abort', end)
  }
}

/** Output up to the line that says that it is all. @throws Error when it ends before */
async function readListing({ stdout }: SshSession): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  const read = Promise.withResolvers<string>()
  const take = (chunk: Buffer) => {
    text += decoder.decode(chunk, { stream: true })
    if (text.endsWith(`\n${READY}\n`)) read.resolve(text)
    else if (text.length > LARGEST_LISTING) read.reject(new Error('the listing has no end'))
  }
  const ended = () => read.reject(new Error('it ended before the archive was listed'))
  stdout.on('data', take).once('end', ended)
  try {
    return await read.promise
  } finally {
    stdout.pause()
    stdout.off('data', take).off('end', ended)
  }
}

/** Exported for tests. @throws engine-error */
export function parseListing(text: string) {
  // a login may say something first
  const [, listing = ''] = text.split(`${BEGIN}\n`)
  const [sizes = '', manifest = ''] = listing.split('\n\n')
  const files = new Map<string, number>()
  for (const line of sizes.split('\n')) {
    const [, bytes = '', path = ''] = /^\s*(\d+)\s+\.\/(\S+)$/.exec(line) ?? []
    if (isMember(path)) files.set(path, Number(bytes))
  }
  return { manifest: parseManifest(manifest.replace(`\n${READY}\n`, '')), files }
}

/** @throws canceled, transfer-failed when the session ends before all came */
async function* sendOver(
  session: SshSession,
  members: readonly string[],
  signal: AbortSignal,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const end = () => session.terminate()
  signal.addEventListener('abort', end)
  try {
    if (signal.aborted) end()
    session.stdin.write(`${members.join('\n')}\n\n`)
    session.stdout.on('data', (chunk: Buffer) => count(chunk.length))
    const unpacked = session.stdout.pipe(createGunzip({ chunkSize: 2 ** 18 }))
    for await (const chunk of unpacked as AsyncIterable<Buffer>) yield chunk
    // the end of gzip's stream is not yet the end of tar's work
    const { status } = await session.exited
    if (status !== 0) throw new Error(`the archive ended with status ${status}`)
  } finally {
    signal.removeEventListener('abort', end)
    session.terminate()
  }
}
