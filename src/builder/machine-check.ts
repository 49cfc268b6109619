// Whether an image's programs are for the processor that its configuration says. Some lie: whoever imports a root file
// system gets the engine's architecture written on it.
import { findArchitecture, type Platform, runsOn } from '../core/platform.ts'
import { machineOf } from '../host/docker/elf.ts'
import type { Engine } from '../host/docker/engine.ts'
import type { Image } from '../host/docker/images.ts'
import { platformsOf } from '../host/emulation/elf.ts'

const MOST_KEPT = 500

/** What a processor runs besides its own code, where somebody put it on the engine on purpose. */
const ALSO_RUNS: Readonly<Record<string, string>> = { 'linux/amd64': 'linux/386' }

/** Looks into each image once. */
export class MachineCheck {
  readonly #known = new Map<string, readonly Platform[] | undefined>()

  /** What an image is for that will not do for a platform; undefined when it will. */
  async whyNot(
    engine: Engine,
    image: Image,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const said = findArchitecture(image.platform)?.platform
    if (said === undefined || !(runsOn(said, platform) || ALSO_RUNS[platform] === said)) return image.platform
    const real = await this.#platforms(engine, image.id, signal)
    if (real === undefined || real.includes(said)) return undefined
    return `${real[0] ?? 'another processor'}, whatever its configuration says`
  }

  async #platforms(
    engine: Engine,
    id: string,
    signal: AbortSignal,
  ): Promise<readonly Platform[] | undefined> {
    if (this.#known.has(id)) return this.#known.get(id)
    const elf = await machineOf(engine, id, signal)
    const platforms = elf && platformsOf(elf)
    if (this.#known.size >= MOST_KEPT) this.#known.clear()
    this.#known.set(id, platforms)
    return platforms
  }
}
