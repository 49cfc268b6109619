// Alpine's signed files. An index and a package are gzip members one behind the other: a signature, then what it is
// for, and in a package the data whose digest the signed part has (apk-package(5), apk-index(5) of apk-tools).
import { createHash, createPublicKey, verify } from 'node:crypto'
import { type InflateRaw, inflateRawSync } from 'node:zlib'
import { filesOfTar } from '../docker/tar-files.ts'
import type { KeyRing } from './alpine-keys.ts'

/** What is not as it was signed, or not signed by anybody who is trusted. */
export class UntrustedError extends Error {
  override readonly name = 'UntrustedError'
}

/** One member: as it is in the file, which is what is signed, and what is in it. */
interface Member {
  readonly raw: Uint8Array
  readonly content: Buffer
}

const MOST_INFLATED = 64 * 2 ** 20
const MOST_MEMBERS = 16
// RFC 1952: fixed header, flags
const HEADER = 10
const TRAILER = 8
const [HAS_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT] = [2, 4, 8, 16] as const

/** Where the compressed bytes of a member begin. */
function headerEnd(bytes: Uint8Array): number {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new UntrustedError('it is no gzip file')
  const flags = bytes[3] ?? 0
  let at = HEADER
  if (flags & HAS_EXTRA) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0)
  for (const flag of [HAS_NAME, HAS_COMMENT]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length
  return flags & HAS_CRC ? at + 2 : at
}

/**
 * The members of a gzip file.
 * @throws UntrustedError for what is none, or is cut
 */
export function gzipMembers(file: Uint8Array): Member[] {
  const members: Member[] = []
  for (let rest = file; rest.length > 0; ) {
    if (members.length === MOST_MEMBERS) throw new UntrustedError('it has too many parts')
    const start = headerEnd(rest)
    let inflated: { buffer: Buffer; engine: InflateRaw }
    try {
      const options = { info: true, maxOutputLength: MOST_INFLATED } as const
      inflated = inflateRawSync(rest.subarray(start), options) as unknown as typeof inflated
    } catch (error) {
      throw new UntrustedError('it is damaged', { cause: error })
    }
    const end = start + inflated.engine.bytesWritten + TRAILER
    if (end > rest.length) throw new UntrustedError('it is cut')
    members.push({ raw: rest.subarray(0, end), content: inflated.buffer })
    rest = rest.subarray(end)
  }
  return members
}

const SIGNATURE = /^\.SIGN\.RSA(?<sha256>256)?\.(?<key>[\w@.-]+\.rsa\.pub)$/

/**
 * Checks the signature that a file begins with.
 * @returns the members behind it, the first of which is what was signed
 * @throws UntrustedError
 */
export async function verifySigned(file: Uint8Array, keys: KeyRing): Promise<Member[]> {
  const [signature, signed, ...rest] = gzipMembers(file)
  if (!signature || !signed) throw new UntrustedError('it is not signed')
  const found = await filesOfTar(signature.content, (name) => name.startsWith('.SIGN.')).catch(
    () => new Map(),
  )
  const unknown: string[] = []
  for (const [name, bytes] of found as ReadonlyMap<string, Buffer>) {
    const { sha256, key = name } = SIGNATURE.exec(name)?.groups ?? {}
    const pem = keys[key]
    if (pem === undefined) {
      unknown.push(key)
      continue
    }
    if (verify(sha256 ? 'RSA-SHA256' : 'RSA-SHA1', signed.raw, createPublicKey(pem), bytes))
      return [signed, ...rest]
    throw new UntrustedError(`it is not as it was signed with ${key}`)
  }
  if (unknown.length === 0) throw new UntrustedError('it is not signed')
  throw new UntrustedError(
    `it is signed with ${unknown.join(', ').slice(0, 200)}, which is none of Alpine's keys`,
  )
}

/** A package as an index has it. */
export interface IndexedPackage {
  readonly name: string
  readonly version: string
  /** Of its signed part, as the index has it; empty where it has none. */
  readonly checksum: string
}

/** Packages of an index, or of a database of what is installed: the form is the same. Pure. */
export function parsePackages(text: string): IndexedPackage[] {
  const packages: IndexedPackage[] = []
  for (const paragraph of text.split(/\n{2,}/)) {
    const field = (letter: string) => new RegExp(`^${letter}:(.+)$`, 'm').exec(paragraph)?.[1]?.trim()
    const [name, version] = [field('P'), field('V')]
    if (name && version) packages.push({ name, version, checksum: field('C') ?? '' })
  }
  return packages
}

/** @throws UntrustedError */
export async function readIndex(file: Uint8Array, keys: KeyRing): Promise<IndexedPackage[]> {
  const [signed] = await verifySigned(file, keys)
  const files = await filesOfTar(signed?.content ?? Buffer.alloc(0), (name) => name === 'APKINDEX')
  return parsePackages(files.get('APKINDEX')?.toString() ?? '')
}

/**
 * One file of a package, after its signature, its checksum in the index and the digest of its data were checked.
 * @throws UntrustedError
 */
export async function readPackage(
  file: Uint8Array,
  keys: KeyRing,
  { name, version, checksum }: IndexedPackage,
  path: string,
): Promise<Buffer> {
  const [control, ...data] = await verifySigned(file, keys)
  if (!control || data.length === 0) throw new UntrustedError('it has no data')
  // Q1: SHA-1, which the index's own signature covers
  const sum = `Q1${createHash('sha1').update(control.raw).digest('base64')}`
  if (checksum.startsWith('Q1') && checksum !== sum)
    throw new UntrustedError('it is not the one in the index')
  const info =
    (await filesOfTar(control.content, (each) => each === '.PKGINFO')).get('.PKGINFO')?.toString() ?? ''
  const field = (key: string) => new RegExp(`^${key} = (.+)$`, 'm').exec(info)?.[1]?.trim()
  if (field('pkgname') !== name || field('pkgver') !== version)
    throw new UntrustedError('it is another package than its name says')
  const digest = createHash('sha256')
  for (const { raw } of data) digest.update(raw)
  if (field('datahash') !== digest.digest('hex')) throw new UntrustedError('its data is not what was signed')
  const content = (
    await filesOfTar(Buffer.concat(data.map((each) => each.content)), (each) => each === path)
  ).get(path)
  if (!content) throw new UntrustedError(`it has no ${path}`)
  return content
}
