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
import { imageId, type Selection, selectMembers } from './image-archive.ts'
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
 * @throws transfer-failed, builder-unreachable, engine-unreachable, engine-error, not-found, timed-out, canceled
 */
export async function transferImage(
  from: Engine,
  to: Engine,
  image: string,
  tag: string,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<Transfer> {
  const name = parseImageReference(tag)
  try {
    const transfer = await bring(from, to, image, report, signal)
    await tagImage(to, transfer.image, familiarRepository(name), name.tag ?? 'latest')
    return transfer
  } catch (error) {
    if (!signal.aborted || isFailure(error, 'canceled')) throw error
    throw failure('canceled', { what: 'bringing the image here' }, error)
  }
}

/** What one transfer is about. */
interface Errand {
  readonly from: Engine
  readonly to: Engine
  readonly source: ImageLayers
  /** Whether `to` keeps the archive's files, and names an image by its manifest. */
  readonly files: boolean
  readonly report: Pick<Report, 'line'>
  readonly signal: AbortSignal
}

async function bring(
  from: Engine,
  to: Engine,
  image: string,
  report: Pick<Report, 'line'>,
  signal: AbortSignal,
): Promise<Transfer> {
  const source = await imageLayers(from, image, signal)
  const there = await imageLayers(to, source.id, signal).catch((error: unknown) => {
    if (isFailure(error, 'not-found')) return undefined
    throw error
  })
  if (there) {
    report.line('the image is here already')
    return { image: there.id, layersSent: 0, layersKept: source.layers.length, bytesSent: 0 }
  }
  const files = await keepsFiles(to, signal)
  const errand: Errand = { from, to, source, files, report, signal }
  if (files) return send(errand, null)
  try {
    return await send(errand, await heldChains(to, signal))
  } catch (error) {
    // a layer that was there when it was looked for, and went; what else the engine refuses it refuses again
    if (!isFailure(error, 'engine-error') || !/no such file/i.test(error.message)) throw error
    report.line('a layer that was here is gone; sending all of them')
    return await send(errand, null)
  }
}

/** @param held chains that are there; null: all is sent */
async function send(errand: Errand, held: ReadonlySet<string> | null): Promise<Transfer> {
  const { from, to, source, files, report, signal } = errand
  await using archive = from.ssh
    ? await exportOverSsh(from.ssh, source.id, signal)
    : await exportImage(from, source.id, signal)
  const selection = selectMembers(archive, source.layers, held)
  const { bytes, layersSent, layersKept } = selection
  const kept = layersKept === 0 ? '' : `; ${plural(layersKept, 'layer')} here already`
  report.line(`receiving ${plural(layersSent, 'layer')}, ${formatSize(bytes)}${kept}`)
  const loaded = await load(errand, archive, selection)
  const expected = imageId(archive)
  const arrived = await imageLayers(to, loaded ?? expected, signal)
  // an engine that names images by their manifest gives one that came in another form another name
  const same = arrived.layers.join() === source.layers.join() && (files || arrived.id === expected)
  if (!same) throw failure('engine-error', { problem: 'the image that arrived is not the one that was sent' })
  return { image: arrived.id, layersSent, layersKept, bytesSent: archive.received() }
}

/** A line of progress, such as `12 MiB of 48 MiB (25 %)`. */
export const progressLine = (seen: number, bytes: number): string =>
  // the tar around the files makes it a little more
  `${formatSize(Math.min(seen, bytes))} of ${formatSize(bytes)} (${bytes === 0 ? 100 : Math.min(100, Math.floor((100 * seen) / bytes))} %)`

/** @returns the id that the engine says it loaded */
async function load(
  { from, to, report, signal }: Errand,
  archive: ImageExport,
  { members, bytes }: Selection,
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
    report.line(progressLine(seen, bytes))
  })
  // this listener must not run off with what the request has not asked for
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
    const lost = stalled.signal.aborted ? `nothing came for ${STALLED / 1000} s` : undefined
    if (lost === undefined && broken === undefined) throw engineFailure(to, error)
    const problem = lost ?? `the connection broke after ${formatSize(archive.received())}`
    throw failure('transfer-failed', { address: from.address, problem }, broken ?? error)
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
