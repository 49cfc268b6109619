// Images that Crew makes of files: the engine loads an archive whose configuration says what the image is.
// `docker import` of engine 20.10 and its classic builder record the engine's own architecture instead.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import tarStream, { type Pack } from 'tar-stream'
import { failure, isFailure } from '../../core/errors.ts'
import { architectureOf, type Platform } from '../../core/platform.ts'
import { call } from './call.ts'
import type { Engine } from './engine.ts'
import { findImage } from './images.ts'
import { progressMessages } from './progress.ts'
import type { Layer } from './rootfs.ts'

/** What an image says of itself. */
export interface ImageFacts {
  readonly platform: Platform
  /** ISO 8601; with the same layer and the same date comes the same id. */
  readonly created: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the history: how its layer was made. */
  readonly madeBy: string
  readonly env?: readonly string[]
  readonly command?: readonly string[]
}

/** What an engine may take for a layer of some hundred megabytes on a slow card. */
const LOAD_LIMIT = 20 * 60_000

/** The configuration of an image of one layer, or of none (OCI image spec, config.md). Pure. */
export function imageConfig(facts: ImageFacts, layer?: Layer): string {
  const { goarch, variant } = architectureOf(facts.platform)
  const labels = Object.entries(facts.labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({
    architecture: goarch,
    ...(variant === '' ? {} : { variant }),
    os: 'linux',
    created: facts.created,
    config: {
      ...(facts.env ? { Env: facts.env } : {}),
      ...(facts.command ? { Cmd: facts.command } : {}),
      Labels: Object.fromEntries(labels),
    },
    rootfs: { type: 'layers', diff_ids: layer ? [layer.digest] : [] },
    history: [{ created: facts.created, created_by: facts.madeBy, ...(layer ? {} : { empty_layer: true }) }],
  })
}

/** An archive on its way to the engine. */
interface ImageArchive {
  readonly stream: Readable
  /** Aborts with the reason when a file of it cannot be read. */
  readonly broken: AbortSignal
}

// whoever ends a stream has the reason already; one that nobody listens to would end the daemon
const ignore = () => {}

/** The archive of an image, as `docker save` writes them. Its layer is read as the engine takes it. */
function imageArchive(
  config: string,
  tag: string,
  layer: (Layer & { readonly file: string }) | undefined,
): ImageArchive {
  const pack = tarStream.pack()
  const name = `${createHash('sha256').update(config).digest('hex')}.json`
  const broken = new AbortController()
  const fill = async () => {
    pack.entry({ name }, config)
    const layers = layer ? ['layer.tar'] : []
    pack.entry({ name: 'manifest.json' }, JSON.stringify([{ Config: name, RepoTags: [tag], Layers: layers }]))
    if (layer) await packFile(pack, layer)
    pack.finalize()
  }
  pack.on('error', ignore)
  fill().catch((error: unknown) => {
    broken.abort(error)
    pack.destroy()
  })
  return { stream: pack as unknown as Readable, broken: broken.signal }
}

function packFile(pack: Pack, { file, bytes }: Layer & { readonly file: string }): Promise<void> {
  const source = createReadStream(file)
  return new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    const sink = pack.entry({ name: 'layer.tar', size: bytes }, done)
    sink.on('error', ignore)
    source.once('error', reject)
    source.pipe(sink as unknown as NodeJS.WritableStream)
  }).finally(() => source.destroy())
}

/**
 * Loads an image and tags it. What held the tag before is left without it.
 * @returns the image's id
 * @throws engine-unreachable, engine-error with the engine's words, canceled
 */
export async function loadImage(
  engine: Engine,
  facts: ImageFacts,
  tag: string,
  layer: (Layer & { readonly file: string }) | undefined,
  signal?: AbortSignal,
): Promise<string> {
  const { stream, broken } = imageArchive(imageConfig(facts, layer), tag, layer)
  try {
    const stop = signal ? AbortSignal.any([signal, broken]) : broken
    await call(engine, LOAD_LIMIT, stop, async (abortSignal) => {
      const options = { quiet: true, abortSignal } as { quiet: boolean }
      const answer = await engine.docker.loadImage(stream, options)
      for await (const { error, errorDetail } of progressMessages(answer as AsyncIterable<Buffer>)) {
        if (error !== undefined) throw failure('engine-error', { problem: errorDetail?.message ?? error })
      }
    })
  } catch (error) {
    // that the archive broke off on its way is why the call was given up, unless that is why the archive did
    throw broken.aborted && isFailure(error, 'canceled') && !signal?.aborted ? broken.reason : error
  } finally {
    stream.destroy()
  }
  const image = await findImage(engine, tag, signal)
  if (!image) throw failure('engine-error', { problem: `it loaded ${tag} and does not have it` })
  return image.id
}

/**
 * An image without files for a platform. The classic builder of engine 20.10 finds `FROM scratch` in its cache
 * whatever the platform; a base that says its platform is recorded right by both builders.
 * @returns its id
 * @throws engine-unreachable, engine-error, canceled
 */
export function loadEmptyImage(
  engine: Engine,
  platform: Platform,
  tag: string,
  labels: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<string> {
  const facts = { platform, labels, created: '1970-01-01T00:00:00Z', madeBy: `nothing, for ${platform}` }
  return loadImage(engine, facts, tag, undefined, signal)
}
