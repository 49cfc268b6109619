// Which layers an engine has already, so that nobody sends them again.
import * as z from 'zod'
import { failure, isFailure } from '../../core/errors.ts'
import { ASK_LIMIT, answered, call } from './call.ts'
import type { Engine } from './engine.ts'
import { chainsOf } from './image-archive.ts'

const layersShape = z.object({
  Id: z.string(),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }),
})

export interface ImageLayers {
  readonly id: string
  /** Digests of the unpacked layers from the lowest up. */
  readonly layers: readonly string[]
}

/** @param reference id or name @throws not-found, engine-unreachable, engine-error, canceled */
export async function imageLayers(
  engine: Engine,
  reference: string,
  signal: AbortSignal,
): Promise<ImageLayers> {
  try {
    const answer = await call(engine, ASK_LIMIT, signal, () => engine.docker.getImage(reference).inspect())
    const { Id, RootFS } = layersShape.parse(answer)
    return { id: Id, layers: RootFS.Layers ?? [] }
  } catch (error) {
    if (!answered(error, 404)) throw error
    const hint = `it is not on the engine at ${engine.address}`
    throw failure('not-found', { what: 'image', name: reference, hint }, error)
  }
}

/** Every chain of layers that an image of the engine has. @throws engine-unreachable, engine-error, canceled */
export async function heldChains(engine: Engine, signal: AbortSignal): Promise<ReadonlySet<string>> {
  // those without a tag too: intermediate images of the classic builder hold layers
  const listed = await call(engine, ASK_LIMIT, signal, () => engine.docker.listImages({ all: true }))
  const held = new Set<string>()
  for (const { Id } of listed) {
    try {
      const { layers } = await imageLayers(engine, Id, signal)
      for (const chain of chainsOf(layers)) held.add(chain)
    } catch (error) {
      // one that was removed meanwhile, or is damaged, has nothing that counts
      const lost = ['canceled', 'engine-unreachable', 'builder-unreachable'] as const
      if (lost.some((code) => isFailure(error, code))) throw error
    }
  }
  return held
}

const infoShape = z.object({ DriverStatus: z.array(z.array(z.string())).nullish() })

/**
 * Whether the engine keeps images in containerd's store: it keeps the archive's files as they are and wants each,
 * also those of layers that it has unpacked.
 */
export async function keepsFiles(engine: Engine, signal: AbortSignal): Promise<boolean> {
  const answer: unknown = await call(engine, ASK_LIMIT, signal, () => engine.docker.info())
  const { DriverStatus } = infoShape.parse(answer)
  return (DriverStatus ?? []).some(([, value]) => value?.startsWith('io.containerd.snapshotter') === true)
}
