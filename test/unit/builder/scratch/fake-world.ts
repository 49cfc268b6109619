// A world for tests of the resolver: it knows what it was told, and throws when it is asked for anything else.
import type { Ground } from '../../../../src/builder/scratch/grounds.ts'
import type { RecipeSource } from '../../../../src/builder/scratch/plan.ts'
import { resolve } from '../../../../src/builder/scratch/resolve.ts'
import type { Substitute } from '../../../../src/builder/scratch/substitutes.ts'
import type {
  Facts,
  FoundRecipe,
  Present,
  Published,
  SourceFiles,
  World,
} from '../../../../src/builder/scratch/world.ts'
import { familiar, type ImageReference } from '../../../../src/core/image-reference.ts'
import { type Platform, parsePlatform } from '../../../../src/core/platform.ts'
import type { RootFilesystem } from '../../../../src/host/docker/root-archive.ts'

export const COMMIT = 'dbddc3f1'.repeat(5)
export const TODAY = '2026-11-24'
export const arm64 = parsePlatform('arm64')
export const armv7 = parsePlatform('arm/v7')

/** One who says how an image is made: a Dockerfile, or what goes wrong when he is asked, or his source is opened. */
export interface Maker {
  readonly from?: RecipeSource
  readonly dockerfile?: string | undefined
  readonly tags?: readonly string[]
  readonly builder?: FoundRecipe['recipe']['builder']
  readonly fails?: Error
  readonly opening?: Error
}

/** What is known of an image; nothing of it is said twice. */
export interface Known {
  readonly present?: Present
  /** `absent` by default. */
  readonly published?: Published
  readonly makers?: readonly Maker[]
  readonly substitute?: Substitute
}

const FROM = /^FROM (?:--platform=(\S+) )?(\S+)/gm

export class FakeWorld implements World {
  /** By the familiar name of an image, with ` for <platform>` behind it where one platform only is meant. */
  readonly images: Readonly<Record<string, Known>>
  /** Refusals by a piece of the Dockerfile that they are found in. */
  refusals: Readonly<Record<string, Facts['refusals'][number]>> = {}
  /** What archives are for, by their name. */
  archives: Readonly<Record<string, RootFilesystem>> = {}
  /** Keys of what was made, and the ids; a function for keys that no test can know. */
  made: (key: string) => Promise<string | undefined> = async () => undefined
  /** What was asked, one line for each question. */
  readonly asked: string[] = []

  constructor(images: Readonly<Record<string, Known>>) {
    this.images = images
  }

  #known(reference: ImageReference, platform: Platform): Known {
    const name = familiar(reference)
    const known = this.images[`${name} for ${platform}`] ?? this.images[name]
    if (!known) throw new Error(`${name} for ${platform} was not prepared`)
    return known
  }

  async present(reference: ImageReference, platform: Platform): Promise<Present> {
    this.asked.push(`present ${familiar(reference)} ${platform}`)
    return this.#known(reference, platform).present
  }

  async published(reference: ImageReference, platform: Platform): Promise<Published> {
    this.asked.push(`published ${familiar(reference)} ${platform}`)
    return this.#known(reference, platform).published ?? { state: 'absent' }
  }

  recipes(reference: ImageReference, platform: Platform) {
    const { makers = [] } = this.#known(reference, platform)
    return makers.map((maker) => async (): Promise<FoundRecipe | undefined> => {
      const { from = 'library', tags = [], builder = 'classic', dockerfile, fails } = maker
      this.asked.push(`recipe ${familiar(reference)} ${from}`)
      if (fails) throw fails
      if (dockerfile === undefined && maker.opening === undefined && builder === 'classic') return undefined
      const repository = `https://example.org/${makers.indexOf(maker)}/${familiar(reference)}`
      const where = { repository, fetch: '', commit: COMMIT, directory: 'x', file: 'Dockerfile' }
      return { recipe: { ...where, builder }, from, tags }
    })
  }

  async open({ recipe }: FoundRecipe): Promise<SourceFiles> {
    const [, number = '', name = ''] = /\/(\d+)\/(.+)$/.exec(recipe.repository) ?? []
    const maker = Object.entries(this.images).find(([image]) => image.split(' ')[0] === name)?.[1].makers?.[
      Number(number)
    ]
    if (maker?.opening) throw maker.opening
    return {
      exactness: 'pinned',
      readText: async () => maker?.dockerfile,
      contentId: async () => `content of ${name}`,
      lookInto: async (path) => {
        const found = this.archives[path]
        if (!found) throw new Error(`archive ${path} was not prepared`)
        return found
      },
    }
  }

  async facts(dockerfile: string): Promise<Facts> {
    const needs = [...dockerfile.matchAll(FROM)]
      .map(([, platform, reference = '']) => ({
        reference,
        platform: platform === undefined ? undefined : parsePlatform(platform),
      }))
      .filter(({ reference }) => reference !== 'scratch')
    const copied = [...dockerfile.matchAll(/^COPY --from=(\S+)/gm)].map(([, reference = '']) => ({
      reference,
      platform: undefined,
      copied: true,
    }))
    return {
      dockerfile,
      needs: [...needs, ...copied],
      refusals: Object.entries(this.refusals).flatMap(([text, refusal]) =>
        dockerfile.includes(text) ? [refusal] : [],
      ),
      rootFilesystems: [...dockerfile.matchAll(/^ADD (\S+\.tar\S*) \/$/gm)].map(([, path = '']) => path),
      rootAlone: !dockerfile.includes('RUN'),
    }
  }

  async substitute(image: string, tags: readonly string[]): Promise<Substitute | undefined> {
    this.asked.push(`substitute ${image} ${tags.join(',')}`)
    return Object.entries(this.images).find(([name]) => name.startsWith(`${image}:`))?.[1].substitute
  }

  groundKey({ kind, suite, platform, slim }: Ground): string {
    return `key of ${kind} ${suite} ${platform}${slim ? ' slim' : ''}`
  }

  /** Plans these images, for arm64 unless another platform is given. */
  plan(wanted: string | readonly string[], options: Partial<Parameters<typeof resolve>[2]> = {}) {
    const needs = [wanted].flat().map((reference) => ({ reference, platform: undefined }))
    const { signal } = new AbortController()
    return resolve(this, needs, { platform: arm64, substitutes: true, today: TODAY, signal, ...options })
  }
}
