// A root file system on its way into an image: one pass over its tar, nothing of it held, every entry judged.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tarStream, { type Extract, type Header, type Pack } from 'tar-stream'
import { failure } from '../../core/errors.ts'

/** Of an entry that is written. */
type EntryHeader = Partial<Header> & Pick<Header, 'name'>
type Source = Extract extends AsyncIterable<infer S> ? S : never

/** What is to become of the entries of a tar. */
export interface RootfsRules {
  /** No file of the layer is younger: what was made while the tar was made differs from run to run. */
  readonly latest: Date
  /** Whether the image goes without this path, as Docker writes them: etc/hostname. */
  readonly without: (path: string) => boolean
  /** Files whose content is wanted besides, also of those that are left out. */
  readonly read?: (path: string) => boolean
}

/** An entry that Crew adds. Folders end in no slash. */
export type AddedEntry = { readonly path: string; readonly mode?: number; readonly owner?: number } & (
  | { readonly content: string | Uint8Array }
  | { readonly link: string }
  | { readonly folder: true }
)

export interface Layer {
  /** Digest of the layer's tar, `sha256:…`, which is how a configuration names it. */
  readonly digest: string
  readonly bytes: number
}

/** Content of the files that were asked for, by path. */
export type ReadFiles = ReadonlyMap<string, Buffer>

/** Longest file that is read into memory: the status of some thousand packages, a static program. */
const MAX_READ = 8 * 2 ** 20
/** Names that the layers of an image give a meaning of their own (OCI image spec, layer.md). */
const WHITEOUT = '.wh.'

const refuse = (name: string, problem: string) =>
  failure('rootfs-invalid', { name: JSON.stringify(name.slice(0, 200)), problem })

/**
 * The path of an entry, without `./` and slashes at its end; empty for the root itself.
 * @throws rootfs-invalid for one that leads out
 */
function pathOf(name: string): string {
  if (name.startsWith('/')) throw refuse(name, 'its name is absolute')
  if (name.includes('\0')) throw refuse(name, 'its name has a NUL')
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refuse(name, 'its name leads out of the root')
  if (parts.some((part) => part.startsWith(WHITEOUT)))
    throw refuse(name, 'its name would remove another file')
  return parts.join('/')
}

/** Whether a relative link climbs above the root; an absolute one is inside, whoever follows it in the image. */
function leadsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false
  let depth = path.split('/').length - 1
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1
    else if (part !== '' && part !== '.') depth += 1
    if (depth < 0) return true
  }
  return false
}

// tar-stream reads records of pax as UTF-8, which a capability is not: one that does not survive is left out
const attributesOf = (pax: Header['pax']): Record<string, string> | null => {
  const kept = Object.entries(pax ?? {}).filter(
    (pair): pair is [string, string] =>
      pair[0].startsWith('SCHILY.xattr.') && typeof pair[1] === 'string' && !pair[1].includes('\ufffd'),
  )
  return kept.length > 0 ? Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))) : null
}

/**
 * What an entry is in the layer. Devices and sockets are what an engine makes for each container.
 * @returns undefined for one that is left out
 * @throws rootfs-invalid for one that no root file system has
 */
export function judgeEntry(header: Header, rules: RootfsRules): EntryHeader | undefined {
  const path = pathOf(header.name)
  const { type } = header
  if (path === '' || (type !== 'file' && type !== 'directory' && type !== 'symlink' && type !== 'link'))
    return undefined
  let linkname: string | undefined
  if (type === 'link') {
    linkname = pathOf(header.linkname)
    if (linkname === '') throw refuse(header.name, 'it is a second name of nothing')
    if (rules.without(linkname)) return undefined
  }
  if (type === 'symlink') {
    linkname = header.linkname
    if (linkname === '' || linkname.includes('\0') || leadsOut(path, linkname))
      throw refuse(header.name, 'it is a link that leads out of the root')
  }
  if (rules.without(path)) return undefined
  const mtime = new Date(Math.min(header.mtime.getTime(), rules.latest.getTime()))
  const pax = attributesOf(header.pax)
  return {
    name: path,
    type,
    // the type's bits keep tar-stream from taking a mode of 0 for one that is missing
    mode: header.mode | 0o100000,
    uid: header.uid,
    gid: header.gid,
    size: type === 'file' ? header.size : 0,
    mtime,
    ...(linkname === undefined ? {} : { linkname }),
    ...(pax === null ? {} : { pax }),
  }
}

/** The header of an entry that Crew adds. */
function addedHeader(entry: AddedEntry, mtime: Date): EntryHeader {
  const uid = entry.owner ?? 0
  const common = { name: entry.path, uid, gid: uid, mtime }
  if ('folder' in entry) return { ...common, type: 'directory', mode: entry.mode ?? 0o755 }
  if ('link' in entry) return { ...common, type: 'symlink', mode: 0o777, linkname: entry.link }
  return { ...common, type: 'file', mode: entry.mode ?? 0o644 }
}

/** What a root file system leaves behind on its way. */
export interface PackedRootfs extends Layer {
  readonly read: ReadFiles
}

/**
 * Writes the layer of a root file system to a file of mode 0600 that must not be there.
 * @param input its tar; destroyed when an entry is refused or the disk is full
 * @param add what comes behind its entries, made of the files that were read
 * @throws rootfs-invalid, and what the disk says
 */
export async function packRootfs(
  input: Readable,
  file: string,
  rules: RootfsRules,
  add: (read: ReadFiles) => Promise<readonly AddedEntry[]> = async () => [],
): Promise<PackedRootfs> {
  const pack = tarStream.pack()
  const extract = tarStream.extract()
  const hash = createHash('sha256')
  const read = new Map<string, Buffer>()
  let bytes = 0
  const writing = pipeline(
    async function* () {
      for await (const chunk of pack as AsyncIterable<Buffer>) {
        hash.update(chunk)
        bytes += chunk.length
        yield chunk
      }
    },
    createWriteStream(file, { flags: 'wx', mode: 0o600 }),
  )
  const fail = (error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error))
    input.destroy()
    extract.destroy(cause)
    pack.destroy(cause)
  }
  for (const stream of [pack, extract]) stream.on('error', ignore)
  // whoever fails first ends the other two
  writing.catch(fail)
  input.on('error', fail)
  let ended = false
  input.once('end', () => {
    ended = true
  })
  input.once('close', () => {
    if (!ended) fail(new Error('the tar ended before its end'))
  })
  input.pipe(extract as unknown as NodeJS.WritableStream)
  const copying = (async () => {
    for await (const entry of extract) await copyEntry(entry, pack, rules, read)
    for (const entry of await add(read))
      await writeEntry(pack, addedHeader(entry, rules.latest), 'content' in entry ? entry.content : '')
    pack.finalize()
  })()
  copying.catch(fail)
  const [copied, written] = await Promise.allSettled([copying, writing])
  const error = firstFailure(copied, written)
  if (error !== undefined) throw error
  return { digest: `sha256:${hash.digest('hex')}`, bytes, read }
}

/** Of both, what says why: the disk's own word before that of the tar it broke off, a refusal before both. */
function firstFailure(copied: PromiseSettledResult<void>, written: PromiseSettledResult<void>): unknown {
  const reasons = [written, copied].flatMap((each) =>
    each.status === 'rejected' ? [each.reason as unknown] : [],
  )
  return reasons.find((reason) => (reason as NodeJS.ErrnoException).code === 'ENOSPC') ?? reasons.at(-1)
}

async function copyEntry(
  entry: Source,
  pack: Pack,
  rules: RootfsRules,
  read: Map<string, Buffer>,
): Promise<void> {
  const { header } = entry
  const kept = judgeEntry(header, rules)
  const path = pathOf(header.name)
  const wanted = header.type === 'file' && header.size <= MAX_READ && rules.read?.(path) === true
  if (wanted) {
    const chunks: Buffer[] = []
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(Buffer.from(chunk))
    const content = Buffer.concat(chunks)
    read.set(path, content)
    if (kept) await writeEntry(pack, kept, content)
  } else if (kept?.type === 'file' && header.size > 0) await writeEntry(pack, kept, entry)
  else {
    entry.resume()
    if (kept) await writeEntry(pack, kept, '')
  }
}

/** @param content all of it, or what it is read from as it is written */
function writeEntry(pack: Pack, header: EntryHeader, content: Uint8Array | string | Source): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    if (typeof content === 'string' || content instanceof Uint8Array) pack.entry(header, content, done)
    else content.pipe(pack.entry(header, done), ignore)
  })
}

// whoever ends a stream has the reason already; one that nobody listens to would end the daemon
const ignore = () => {}
