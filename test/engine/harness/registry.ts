// A real registry for a test (Debian's docker-registry), on loopback, and images of any platform to put there.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tarStream from 'tar-stream'
import type { Engine } from '../../../src/host/docker/engine.ts'
import { freePort } from '../../../src/host/net/free-port.ts'
import { eventually } from './execute.ts'

export const LOGIN = { username: 'crew', password: 'open sesame' }
/** LOGIN as `htpasswd -B` writes it (crypt(5), bcrypt of cost 5). */
export const HTPASSWD = 'crew:$2b$05$7PYXQc.ZoOn4Q4Ja.ybkH.eFupVijcEp/uehFJ55Yu9maT3tfzgqu\n'

export interface MadeImage {
  readonly tag: string
  readonly architecture: string
  readonly variant?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly onBuild?: readonly string[]
  /** Bytes of its one file. */
  readonly content?: Buffer | string
}

const sha256 = (body: Buffer) => createHash('sha256').update(body).digest('hex')

async function tarOf(files: Readonly<Record<string, Buffer | string>>): Promise<Buffer> {
  const pack = tarStream.pack()
  for (const [name, content] of Object.entries(files)) pack.entry({ name }, content)
  pack.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of pack as unknown as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Puts an image on the engine by `docker load`, the one way that leaves its platform as it is. */
export async function loadImage(engine: Engine, image: MadeImage): Promise<void> {
  const { tag, architecture, variant, labels = {}, onBuild = [], content = tag } = image
  const layer = await tarOf({ content })
  const config = JSON.stringify({
    os: 'linux',
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: { Cmd: ['/content'], Labels: labels, OnBuild: onBuild },
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created_by: 'a test' }],
  })
  const manifest = JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }])
  const archive = await tarOf({ 'manifest.json': manifest, 'config.json': config, 'layer.tar': layer })
  const answer = (await engine.docker.loadImage(archive as unknown as string)) as NodeJS.ReadableStream
  await drain(answer, 'docker load')
}

/** Reads the engine's lines to their end. @throws Error with what went wrong */
async function drain(stream: NodeJS.ReadableStream, what: string): Promise<void> {
  let text = ''
  await pipeline(stream as Readable, async (chunks) => {
    for await (const chunk of chunks) text += chunk
  })
  if (/"error"/.test(text)) throw new Error(`${what}: ${text}`)
}

export class Registry implements AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string
  readonly #folder: string
  readonly #authorization: string | undefined
  #process: ChildProcess | undefined

  private constructor(folder: string, address: string, authorization: string | undefined) {
    this.#folder = folder
    this.address = address
    this.#authorization = authorization
  }

  /** @param htpasswd HTPASSWD, for a registry that only LOGIN may use */
  static async start({ htpasswd }: { htpasswd?: string } = {}): Promise<Registry> {
    const folder = mkdtempSync(join(tmpdir(), 'crew-registry-'))
    const address = `127.0.0.1:${await freePort()}`
    const passwords = join(folder, 'htpasswd')
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: address },
      ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'crew', path: passwords } } }),
    }
    if (htpasswd !== undefined) writeFileSync(passwords, htpasswd)
    // JSON is YAML
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(config))
    const basic = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')
    const registry = new Registry(folder, address, htpasswd === undefined ? undefined : `Basic ${basic}`)
    await registry.#start()
    return registry
  }

  async #start(): Promise<void> {
    const child = spawn('docker-registry', ['serve', join(this.#folder, 'config.yml')], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (log += chunk))
    await eventually('docker-registry to answer', async () => {
      if (child.exitCode !== null) throw new Error(`docker-registry ended:\n${log.slice(-3000)}`)
      return fetch(`http://${this.address}/v2/`).then(
        ({ status }) => status === 200 || status === 401,
        () => false,
      )
    })
  }

  /** Pushes an image of the engine as `<registry>/<name>`. @returns the digest of its manifest */
  async push(engine: Engine, image: string, name: string): Promise<string> {
    const [repository = '', tag = 'latest'] = name.split(':')
    const repo = `${this.address}/${repository}`
    await engine.docker.getImage(image).tag({ repo, tag })
    const pushed = engine.docker.getImage(`${repo}:${tag}`)
    await drain(await pushed.push({ authconfig: { ...LOGIN, serveraddress: this.address } }), 'docker push')
    await pushed.remove()
    return this.digest(name)
  }

  /** Makes an image and pushes it; the engine keeps nothing of it. @returns the digest of its manifest */
  async publish(engine: Engine, name: string, image: Omit<MadeImage, 'tag'>): Promise<string> {
    const tag = `crew-test-made/${name}`
    await loadImage(engine, { ...image, tag })
    const digest = await this.push(engine, tag, name)
    await engine.docker.getImage(tag).remove()
    return digest
  }

  async digest(name: string): Promise<string> {
    const [repository, tag = 'latest'] = name.split(':')
    const answer = await this.#fetch(`${repository}/manifests/${tag}`, { method: 'HEAD' })
    return answer.headers.get('docker-content-digest') ?? ''
  }

  /**
   * Puts a list of manifests that are there under a name.
   * @param entries digest and what the list says that it is for, true or not @returns the list's digest
   */
  async putList(
    name: string,
    entries: readonly { digest: string; architecture: string; variant?: string; os?: string }[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const [repository, tag = 'latest'] = name.split(':')
    const manifests = await Promise.all(
      entries.map(async ({ digest, architecture, variant, os = 'linux' }) => {
        const found = await this.#fetch(`${repository}/manifests/${digest}`)
        const mediaType = found.headers.get('content-type')
        const size = (await found.arrayBuffer()).byteLength
        return { mediaType, digest, size, annotations, platform: { os, architecture, variant } }
      }),
    )
    return this.putManifest(`${repository}:${tag}`, 'application/vnd.oci.image.index.v1+json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests,
    })
  }

  /** Puts any manifest. @returns its digest */
  async putManifest(name: string, mediaType: string, content: object): Promise<string> {
    const [repository, tag = 'latest'] = name.split(':')
    const body = JSON.stringify(content)
    await this.#fetch(`${repository}/manifests/${tag}`, {
      method: 'PUT',
      body,
      headers: { 'content-type': mediaType },
    })
    return `sha256:${sha256(Buffer.from(body))}`
  }

  /** A manifest as it is kept. */
  async manifest(name: string): Promise<{ config: object; layers: object[] }> {
    const [repository, tag = 'latest'] = name.split(':')
    return (await this.#fetch(`${repository}/manifests/${tag}`)).json() as never
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const accept = ['oci.image.index.v1', 'oci.image.manifest.v1', 'docker.distribution.manifest.v2']
    const answer = await fetch(`http://${this.address}/v2/${path}`, {
      ...init,
      headers: {
        accept: accept.map((type) => `application/vnd.${type}+json`).join(','),
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        ...init.headers,
      },
    })
    if (!answer.ok)
      throw new Error(`${init.method ?? 'GET'} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
