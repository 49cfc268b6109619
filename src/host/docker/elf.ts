// What processor an image's programs are really for. Its configuration is what somebody wrote; the programs are what
// would run. They are looked at in a container that is made and never started.
import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import tarStream from 'tar-stream'
import * as z from 'zod'
import { type Elf, elfOf } from '../emulation/elf.ts'
import { ASK_LIMIT, answered, call } from './call.ts'
import { Containers } from './containers.ts'
import type { Engine } from './engine.ts'

export { elfOf }

/** Label of the containers that are only looked into. */
const LOOK = 'crew.look'
/** One that is older was left by a daemon that was killed. */
const STALE = 10 * 60_000
/** A script's first line, or a program's header, is in the first of these. */
const HEAD = 256
const MOST_STEPS = 12
const PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

const words = z.array(z.string()).nullish()
const configShape = z.object({ Config: z.object({ Entrypoint: words, Cmd: words }).nullish() })

/**
 * The processor of an image's shell, or of what it runs where it has none. Asks for a container, reads the first
 * bytes of a file or some more, removes the container.
 * @returns undefined for an image that has neither, such as one without files
 * @throws engine-unreachable, engine-error, canceled
 */
export async function machineOf(
  engine: Engine,
  image: string,
  signal?: AbortSignal,
): Promise<Elf | undefined> {
  const inspected = await call(engine, ASK_LIMIT, signal, () => engine.docker.getImage(image).inspect())
  const { Config } = configShape.parse(inspected)
  const containers = new Containers(engine)
  const id = await containers.create({
    name: `crew-look-${randomBytes(6).toString('hex')}`,
    Image: image,
    // an image without files has no command either, and none is run
    Cmd: ['look'],
    Labels: { [LOOK]: '1' },
  })
  try {
    const command = (Config?.Entrypoint?.[0] ?? Config?.Cmd?.[0] ?? '').trim()
    const places = command.includes('/')
      ? [posix.join('/', command)]
      : PATH.map((each) => `${each}/${command}`)
    for (const path of ['/bin/sh', ...(command === '' ? [] : places)]) {
      const elf = await elfAt(engine, id, path, signal)
      if (elf) return elf
    }
    return undefined
  } finally {
    await containers.remove(id)
  }
}

/** Removes the containers that a daemon left which was killed while it looked. */
export async function removeStaleLooks(engine: Engine): Promise<void> {
  const containers = new Containers(engine)
  for (const { Id, Created } of await containers.list([LOOK]))
    if (Date.now() - Created * 1000 > STALE) await containers.remove(Id)
}

/** Follows links, and scripts to what runs them. */
async function elfAt(
  engine: Engine,
  id: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Elf | undefined> {
  let at = path
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const found = await headOf(engine, id, at, signal)
    if (found === undefined) return undefined
    if (found.link !== undefined) at = posix.resolve(posix.dirname(at), found.link)
    else {
      const script = /^#!\s*(\/[^\s\0]+)/.exec(found.head.toString('latin1'))?.[1]
      if (script === undefined) return elfOf(found.head)
      at = posix.resolve('/', script)
    }
  }
  return undefined
}

type Found = { readonly link: string } | { readonly link?: undefined; readonly head: Buffer }

const statShape = z.object({ linkTarget: z.string().min(1) })

/**
 * Where a link leads as the engine found it, folders that are links themselves considered: the text of the link does
 * not say.
 */
function targetOf(answer: NodeJS.ReadableStream): string | undefined {
  const { headers } = answer as { headers?: NodeJS.Dict<string | string[]> }
  const stat = headers?.['x-docker-container-path-stat']
  try {
    return statShape.parse(JSON.parse(Buffer.from(String(stat), 'base64').toString())).linkTarget
  } catch {
    return undefined
  }
}

/** The first bytes of a file of a container, or where a link leads; undefined for anything else, and for nothing. */
async function headOf(
  engine: Engine,
  id: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Found | undefined> {
  try {
    return await call(engine, ASK_LIMIT, signal, async (abortSignal) => {
      const options = { path, abortSignal }
      const archive = await engine.docker.getContainer(id).getArchive(options)
      const extract = tarStream.extract()
      archive.on('error', (error) => extract.destroy(error))
      archive.pipe(extract as unknown as NodeJS.WritableStream)
      try {
        for await (const entry of extract) {
          const { type, linkname } = entry.header
          if (type === 'symlink') return { link: targetOf(archive) ?? linkname }
          if (type !== 'file') return undefined
          const chunks: Buffer[] = []
          let length = 0
          for await (const chunk of entry as AsyncIterable<Buffer>) {
            chunks.push(Buffer.from(chunk))
            length += chunk.length
            if (length >= HEAD) break
          }
          return { head: Buffer.concat(chunks).subarray(0, HEAD) }
        }
        return undefined
      } finally {
        // the rest of a large program is not asked for
        ;(archive as unknown as { destroy(): void }).destroy()
        extract.destroy()
      }
    })
  } catch (error) {
    // older engines answer 400 for a path through a file
    if (answered(error, 404, 400)) return undefined
    throw error
  }
}
