// A repository in Alpine's form, signed with a key of the test: index, packages, a server on loopback.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import tarStream from 'tar-stream'
import type { KeyRing } from '../../../src/host/ground/alpine-keys.ts'

export interface TestKey {
  readonly name: string
  readonly ring: KeyRing
  sign(data: Uint8Array, digest: 'sha1' | 'sha256'): Buffer
}

export function makeKey(name: string): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return {
    name,
    ring: { [name]: pem },
    sign: (data, digest) => sign(digest, data, privateKey),
  }
}

export interface TestFile {
  readonly name: string
  readonly content: string | Uint8Array
  readonly mode?: number
}

/** @param cut without the end of an archive, so that another may be put behind it */
export async function tarOf(files: readonly TestFile[], cut: boolean): Promise<Buffer> {
  const pack = tarStream.pack()
  // apk wants an entry of every folder
  const folders = files.flatMap(({ name }) =>
    name
      .split('/')
      .slice(0, -1)
      .map((_, depth, parts) => parts.slice(0, depth + 1).join('/')),
  )
  for (const name of new Set(folders))
    pack.entry({ name, type: 'directory', mode: 0o755, mtime: new Date(0) })
  for (const { name, content, mode = 0o644 } of files) {
    const bytes = Buffer.from(content)
    // as Alpine's own packages have it: without, apk takes a file to be damaged
    const pax = cut
      ? {}
      : { pax: { 'APK-TOOLS.checksum.SHA1': createHash('sha1').update(bytes).digest('hex') } }
    pack.entry({ name, mode, mtime: new Date(0), ...pax }, bytes)
  }
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  return cut ? whole.subarray(0, whole.length - 1024) : whole
}

/** A signed file: the signature's member, then the one that is signed, then others. */
export async function signedFile(
  key: TestKey,
  signed: Buffer,
  rest: readonly Buffer[] = [],
  digest: 'sha1' | 'sha256' = 'sha1',
): Promise<Buffer> {
  const name = `.SIGN.RSA${digest === 'sha256' ? '256' : ''}.${key.name}`
  const signature = await tarOf([{ name, content: key.sign(signed, digest) }], true)
  return Buffer.concat([gzipSync(signature), signed, ...rest])
}

export interface TestPackage {
  readonly name: string
  readonly version: string
  readonly file: Buffer
  /** As the index has it. */
  readonly checksum: string
}

export async function makePackage(
  key: TestKey,
  name: string,
  version: string,
  files: readonly TestFile[],
  architecture = 'x86_64',
): Promise<TestPackage> {
  const data = gzipSync(await tarOf(files, false))
  const info = [
    ...[`pkgname = ${name}`, `pkgver = ${version}`, `arch = ${architecture}`, 'size = 1', 'license = none'],
    ...['pkgdesc = of a test', 'url = none', `datahash = ${createHash('sha256').update(data).digest('hex')}`],
  ]
  const control = gzipSync(await tarOf([{ name: '.PKGINFO', content: `${info.join('\n')}\n` }], true))
  const checksum = `Q1${createHash('sha1').update(control).digest('base64')}`
  return { name, version, checksum, file: await signedFile(key, control, [data]) }
}

export async function makeIndex(
  key: TestKey,
  packages: readonly TestPackage[],
  architecture = 'x86_64',
): Promise<Buffer> {
  const text = packages
    .map(({ name, version, checksum, file }) =>
      [
        ...[
          `C:${checksum}`,
          `P:${name}`,
          `V:${version}`,
          `A:${architecture}`,
          `S:${file.length}`,
          'I:1',
          'T:of a test',
        ],
        ...['U:none', 'L:none', ''],
      ].join('\n'),
    )
    .join('\n')
  const files = [
    { name: 'DESCRIPTION', content: 'test' },
    { name: 'APKINDEX', content: `${text}\n` },
  ]
  return signedFile(key, gzipSync(await tarOf(files, false)), [], 'sha1')
}

/** Serves files by path. What is a string is where a request is sent on to. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, Uint8Array | string>()
  readonly asked: string[] = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '')
      this.asked.push(path)
      const file = this.files.get(path)
      if (file === undefined) response.writeHead(404).end()
      else if (typeof file === 'string') response.writeHead(302, { location: file }).end()
      else response.writeHead(200).end(file)
    })
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not started')
    return `http://127.0.0.1:${address.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Puts a repository of a release where apk looks for it. */
export function publish(
  server: FileServer,
  release: string,
  index: Buffer,
  packages: readonly TestPackage[],
  architecture = 'x86_64',
): void {
  const folder = `/${release}/main/${architecture}`
  server.files.set(`${folder}/APKINDEX.tar.gz`, index)
  for (const { name, version, file } of packages) server.files.set(`${folder}/${name}-${version}.apk`, file)
}
