// What the resolver needs to know of a Dockerfile, read once for each text and platform.
import { createHash } from 'node:crypto'
import type { Platform } from '../../core/platform.ts'
import { readDockerfile } from '../dockerfile/read.ts'
import { findRefusals } from '../refusals/find.ts'
import { applyReplacements } from '../refusals/replace.ts'
import { needsOf } from './needs.ts'
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
