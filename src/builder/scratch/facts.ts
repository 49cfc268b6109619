// What the resolver needs to know of a Dockerfile, read once for each text and platform.
import { createHash } from 'node:crypto'
import { type Platform, parsePlatform } from '../../core/platform.ts'
import { type Dockerfile, readDockerfile } from '../dockerfile/read.ts'
import { findRefusals } from '../refusals/find.ts'
import { applyReplacements } from '../refusals/replace.ts'
import { isRootAlone, rootArchives } from './root-archives.ts'
import type { Facts } from './world.ts'

export interface FactsOptions {
  /** Of the machine that builds. */
  readonly buildPlatform: Platform
  /** Made with the classic builder, which makes every stage. */
  readonly classic: boolean
}

const MOST_KEPT = 4000

export class FactsReader {
  readonly #options: FactsOptions
  readonly #known = new Map<string, Promise<Facts>>()

  constructor(options: FactsOptions) {
    this.#options = options
  }

  /** @throws dockerfile-invalid */
  read(text: string, path: string, platform: Platform): Promise<Facts> {
    const key = `${createHash('sha1').update(text).digest('base64')} ${platform} ${path}`
    const known = this.#known.get(key)
    if (known) return known
    const facts = this.#read(text, path, platform)
    if (this.#known.size < MOST_KEPT) this.#known.set(key, facts)
    return facts
  }

  async #read(text: string, path: string, platform: Platform): Promise<Facts> {
    const { buildPlatform, classic } = this.#options
    const dockerfile = await readDockerfile(text, { path, buildArgs: {}, platform, buildPlatform, classic })
    const refusals = findRefusals(dockerfile, platform)
    return {
      dockerfile: applyReplacements(text, dockerfile, refusals),
      needs: needsOf(dockerfile),
      refusals,
      rootFilesystems: rootArchives(dockerfile),
      rootAlone: isRootAlone(dockerfile),
    }
  }
}

/** Images that a Dockerfile needs, the one that `# syntax=` names left out: another platform's will not do there. */
export const needsOf = ({ images, stages, uses }: Pick<Dockerfile, 'images' | 'stages' | 'uses'>) => {
  const needed = new Set(stages.filter((stage) => stage.needed).map(({ index }) => index))
  const timesNamed = (reference: string) =>
    uses.filter((use) => use.reference === reference && needed.has(use.stage)).length
  return images.map(({ reference, platform }) => ({
    reference,
    platform: platform === undefined ? undefined : parsePlatform(platform),
    // named more often than as a base: by a COPY --from as well
    copied: timesNamed(reference) > baseUses(stages, reference),
  }))
}

const baseUses = (stages: Dockerfile['stages'], reference: string) =>
  stages.filter(({ needed, base }) => needed && base.kind === 'image' && base.reference === reference).length
