// An image goes from the engine that built it to the one that runs it, with no registry between: only the layers
// that the other lacks. Engines load an image whole or not at all, so one that is broken off leaves nothing.
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { failure, isFailure, messageOf } from '../../core/errors.ts'
import { familiarRepository, parseImageReference } from '../../core/image-reference.ts'
import type { Report } from '../../core/report.ts'
import { formatSize } from '../../core/units.ts'
import { exportImage, type ImageExport } from './archive-export.ts'
import { exportOverSsh } from './archive-ssh.ts'
import { type Engine, engineFailure } from './engine.ts'
import { selectMembers } from './image-archive.ts'
import { tagImage } from './images.ts'
import { heldChains, type ImageLayers, imageLayers, keepsFiles } from './layers.ts'
import { progressMessages } from './progress.ts'

export interface Transfer {
  /** Id on the engine that got it. */
  readonly image: string
  readonly layersSent: number
  readonly layersKept: number
  /** Bytes that crossed the network, which were compressed over ssh. */
  readonly bytesSent: number
}

/** Milliseconds in which neither a byte nor a word of the engine came: also a slow card takes less. */
const STALLED = 300_000
/** Milliseconds between two lines of progress. */
const PROGRESS = 5_000

const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/**
 * Brings an image to another engine and tags it there.
 * @param image id or name on `from`
 * @param tag `repository:tag` on `to`
 * @throws transfer-failed, builder-unreachable, engine-unreachable, engine-error, not-found, canceled
 */
export async function transferImage(
  from: Engine,
  to: Engine,
  image: string,
  tag: string,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<Transfer> {
  try {
    return await bring(from, to, image, tag, report, signal)
  } catch (error) {
    if (!signal.aborted || isFailure(error, 'canceled')) throw error
    throw failure('canceled', { what: 'bringing the image here' }, error)
  }
}

async function bring(
  from: Engine,
  to: Engine,
  image: string,
  tag: string,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<Transfer> {
  const source = await imageLayers(from, image, signal)
  const there = await imageLayers(to, source.id, signal).catch((error: unknown) => {
    if (isFailure(error, 'not-found')) return undefined
    throw error
  })
  if (there) {
    await tagAs(to, there.id, tag)
    report.line('the image is here already')
    return { image: there.id, layersSent: 0, layersKept: source.layers.length, bytesSent: 0 }
  }
  const held = (await keepsFiles(to, signal)) ? null : await heldChains(to, signal)
  try {
    return await send(from, to, source, tag, held, report, signal)
  } catch (error) {
    // a layer that was there when it was looked for, and went; what else the engine refuses it refuses again
    if (held === null || !isFailure(error, 'engine-error') || !/no such file/i.test(error.message))
      throw error
    report.line('a layer that was here is gone; sending all of them')
    return await send(from, to, source, tag, null, report, signal)
  }
}

async function send(
  from: Engine,
  to: Engine,
  source: ImageLayers,
  tag: string,
  held: ReadonlySet<string> | null,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<Transfer> {
  await using archive = from.ssh
    ? await exportOverSsh(from.ssh, source.id, signal)
    : await exportImage(from, source.id, signal)
  const { members, bytes, layersSent, layersKept } = selectMembers(archive, source.layers, held)
  const kept = layersKept === 0 ? '' : `; ${plural(layersKept, 'layer')} here already`
  report.line(`receiving ${plural(layersSent, 'layer')}, ${formatSize(bytes)}${kept}`)
  const loaded = await load(to, from, archive, members, bytes, report, signal)
  const arrived = await imageLayers(to, loaded ?? source.id, signal)
  // ids differ between engines that name an image by its configuration and by its manifest; layers do not
  if (arrived.layers.join() !== source.layers.join())
    throw failure('engine-error', { problem: 'the image that arrived is not the one that was sent' })
  await tagAs(to, arrived.id, tag)
  return { image: arrived.id, layersSent, layersKept, bytesSent: archive.received() }
}

/** @returns the id that the engine says it loaded */
async function load(
  to: Engine,
  from: Engine,
  archive: ImageExport,
  members: readonly string[],
  bytes: number,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const stalled = new AbortController()
  const stall = setTimeout(() => stalled.abort(), STALLED)
  const stop = AbortSignal.any([signal, stalled.signal])
  const body = archive.send(members, stop)
  let broken: Error | undefined
  let seen = 0
  let next = performance.now() + PROGRESS
  body.on('error', (error: Error) => {
    broken ??= error
  })
  body.on('data', (chunk: Buffer) => {
    stall.refresh()
    seen += chunk.length
    if (performance.now() < next) return
    next = performance.now() + PROGRESS
    const percent = Math.min(100, Math.floor((100 * seen) / Math.max(bytes, 1)))
    report.line(`${formatSize(seen)} of ${formatSize(bytes)} (${percent} %)`)
  })
  // the data listener must not run off with what the request has not asked for
  body.pause()
  try {
    let id: string | undefined
    for await (const message of progressMessages(await startLoad(to, body, stop))) {
      stall.refresh()
      if (message.error !== undefined)
        throw failure('engine-error', { problem: message.errorDetail?.message ?? message.error })
      id = /^Loaded image ID: (sha256:[0-9a-f]{64})/.exec(message.stream ?? '')?.[1] ?? id
    }
    return id
  } catch (error) {
    if (isFailure(error, 'engine-error') && broken === undefined) throw error
    const lost = stalled.signal.aborted ? `nothing came for ${STALLED / 1000} s` : undefined
    if (lost !== undefined || broken !== undefined) {
      const problem = lost ?? `the connection broke after ${formatSize(archive.received())}`
      throw failure('transfer-failed', { address: from.address, problem }, broken ?? error)
    }
    throw engineFailure(to, error)
  } finally {
    clearTimeout(stall)
    body.destroy()
  }
}

/** POST /images/load; not through dockerode's, which leaves the request open when the signal comes. */
const startLoad = (engine: Engine, body: Readable, signal: AbortSignal) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    engine.docker.modem.dial(
      {
        path: '/images/load',
        method: 'POST',
        file: body,
        isStream: true,
        abortSignal: signal,
        statusCodes: { 200: true, 500: 'server error' },
      },
      (error: unknown, answer: unknown) => {
        if (error) reject(error instanceof Error ? error : new Error(messageOf(error)))
        else resolve(answer as IncomingMessage) // docker-modem hands out the response when isStream is set
      },
    )
  })

async function tagAs(engine: Engine, image: string, name: string): Promise<void> {
  const reference = parseImageReference(name)
  await tagImage(engine, image, familiarRepository(reference), reference.tag ?? 'latest')
}
