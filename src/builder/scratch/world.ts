// What the resolver may ask: the engine, the registries, the sources, the table of substitutes. A port, so that the
// same resolver plans one push on a board and the whole library on a desk.
import type { ImageReference } from '../../core/image-reference.ts'
import type { Platform } from '../../core/platform.ts'
import type { RootFilesystem } from '../../host/docker/root-archive.ts'
import type { Recipe } from '../library/library-file.ts'
import type { Refusal } from '../refusals/refusal.ts'
import type { Ground } from './grounds.ts'
import type { Exactness, RecipeSource } from './plan.ts'
import type { Substitute } from './substitutes.ts'

/** What the engine has under a name. `wrong` is the platform of one that will not do. */
export type Present =
  | {
      readonly image: string
      readonly platform: Platform
      /** Our own name of it, where its name leads to another one or nowhere. */
      readonly tag?: string
    }
  | { readonly wrong: string }
  | undefined

/** What a registry says of an image. */
export type Published =
  | { readonly state: 'published'; readonly platform: Platform; readonly digest: string }
  | { readonly state: 'other'; readonly platforms: readonly Platform[] }
  | { readonly state: 'absent' }
  | { readonly state: 'denied' }
  | { readonly state: 'unreachable'; readonly problem: string }

export interface FoundRecipe {
  readonly recipe: Recipe
  readonly from: RecipeSource
  /** Every tag of the image, where the library says them. */
  readonly tags: readonly string[]
}

/** A Dockerfile's need of an image. */
export interface ImageNeed {
  readonly reference: string
  /** Asked for by `FROM --platform`; undefined for the platform that is built for. */
  readonly platform: Platform | undefined
  /** Files are taken from it (`COPY --from`), so they must run beside another base's libraries. */
  readonly copied?: boolean
  /** What of the Dockerfile is done with it: the steps on it, and the copies. */
  readonly text?: string
}

/** What a Dockerfile says that decides whether and from what it can be built. */
export interface Facts {
  /** The Dockerfile, with steps that would refuse the platform replaced where that is possible. */
  readonly dockerfile: string
  readonly needs: readonly ImageNeed[]
  readonly refusals: readonly Refusal[]
  /** Archives that the last stage adds to nothing (`FROM scratch`, `ADD rootfs.tar.xz /`), as paths in the context. */
  readonly rootFilesystems: readonly string[]
  /** Such an archive is all there is to the image, so another root file system can be put in its place. */
  readonly rootAlone: boolean
}

export interface SourceFiles {
  readonly exactness: Exactness
  /** @returns undefined when there is no such file @throws build-failed when it is larger than a Dockerfile may be */
  readText(path: string): Promise<string | undefined>
  /** Id of what lies at a path of the context: equal content has the same id. */
  contentId(): Promise<string>
  /** The processor and distribution that an archive of the context is for, as far as it tells. */
  lookInto(path: string): Promise<RootFilesystem>
}

export interface World {
  present(reference: ImageReference, platform: Platform): Promise<Present>
  published(reference: ImageReference, platform: Platform): Promise<Published>
  /** Everybody who says how the image is made, the one to believe first; each is asked when the one before failed. */
  recipes(reference: ImageReference, platform: Platform): readonly (() => Promise<FoundRecipe | undefined>)[]
  /** @throws source-failed, source-commit-gone */
  open(found: FoundRecipe, image: string): Promise<SourceFiles>
  /** @throws dockerfile-invalid */
  facts(dockerfile: string, path: string, platform: Platform): Promise<Facts>
  substitute(image: string, tags: readonly string[], platform: Platform): Promise<Substitute | undefined>
  /** Id of an image that was made with this key, if it is still there. */
  made(key: string): Promise<string | undefined>
  groundKey(ground: Ground): string
}
