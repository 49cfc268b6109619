// A ground: the root file system of a distribution, made here for a platform, on which images are built.
import type { Platform } from '../../core/platform.ts'

export interface Ground {
  readonly kind: 'debian' | 'ubuntu' | 'alpine' | 'busybox'
  /** trixie, noble, 3.22; of busybox the suite of Debian whose busybox-static it is. */
  readonly suite: string
  /** Without documentation and translations, as Debian's -slim images. */
  readonly slim: boolean
  readonly platform: Platform
  /** YYYY-MM-DD: no file is younger, and the image was created at its beginning. */
  readonly date: string
}

/** How errors and images call it. */
export const describeGround = ({ kind, suite, slim, platform }: Ground): string =>
  `${kind} ${suite}${slim && kind !== 'busybox' && kind !== 'alpine' ? '-slim' : ''} for ${platform}`
