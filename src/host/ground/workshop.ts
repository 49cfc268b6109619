// What the maker of a ground is given, and what it hands over.
import type { Layer } from '../docker/rootfs.ts'
import type { KeyRing } from './alpine-keys.ts'
import type { GroundSettings } from './mmdebstrap.ts'

/** What a maker works with. */
export interface Workshop {
  readonly settings: GroundSettings
  /** A folder of its own that goes when it is done; the layer is a file in it. */
  readonly folder: string
  readonly line: (text: string) => void
  readonly signal: AbortSignal
  /** Keys that Alpine's packages may be signed with; Alpine's own by default. */
  readonly alpineKeys?: KeyRing | undefined
}

/** A layer, and where it came from. */
export interface MadeLayer extends Layer {
  readonly file: string
  readonly packages: readonly string[]
  readonly mirror: string
}
