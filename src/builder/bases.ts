// The images a Dockerfile starts from: there already, or pulled before the build begins.
import { failure, isFailure } from '../core/errors.ts'
import type { Report } from '../core/report.ts'
import type { Engine } from '../host/docker/engine.ts'
import { findImage, pullImage } from '../host/docker/images.ts'
import type { NeededImage } from './dockerfile.ts'

/** What a processor of an engine's kind runs besides its own code. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = {
  'linux/amd64': ['linux/386'],
  'linux/arm64': ['linux/arm'],
}

/**
 * Sees to it that every image is on the engine, so that the build itself needs no registry.
 * @param platform the engine's
 * @throws base-missing naming the image
 */
export async function ensureBases(
  engine: Engine,
  images: readonly NeededImage[],
  platform: string,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const there = await Promise.all(images.map(({ reference }) => findImage(engine, reference, signal)))
  for (const [index, { reference, platform: asked }] of images.entries()) {
    const found = there[index]
    const wanted = asked === undefined ? platform : undefined
    if (found && (wanted === undefined || runsOn(found.platform, wanted))) continue
    if (reference.startsWith('sha256:') || /^[0-9a-f]{64}$/.test(reference))
      throw failure('base-missing', { image: reference, problem: 'an image id cannot be pulled' })
    report.line(`Pulling ${reference}`)
    try {
      await pullImage(engine, reference, (line) => report.line(line), signal)
    } catch (error) {
      if (!found || !isFailure(error, 'base-missing')) throw error
      const problem = `the one there is for ${found.platform}, the engine is ${platform}`
      throw failure('base-missing', { image: reference, problem }, error)
    }
  }
}

function runsOn(image: string, engine: string): boolean {
  return image === engine || (ALSO_RUNS[engine]?.includes(image) ?? false)
}
