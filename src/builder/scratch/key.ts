// The name of a build by its content: what went in decides, so equal keys mean that nothing need be built again.
import { createHash } from 'node:crypto'
import type { Platform } from '../../core/platform.ts'
import type { Ground } from './grounds.ts'

/** Raised when the way of building changes so that images of before must not be used. */
const FORM = 1

const digest = (parts: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([FORM, parts]))
    .digest('hex')
    .slice(0, 32)

export interface BuildInputs {
  /** As it is sent to the engine, but with the names it had. */
  readonly dockerfile: string
  /** Git's id of the build context; empty for none. */
  readonly context: string
  readonly platform: Platform
  /** Image ids by the names that the Dockerfile has for them. */
  readonly bases: Readonly<Record<string, string>>
}

/** Key of an image that is built from a Dockerfile. */
export const buildKey = ({ dockerfile, context, platform, bases }: BuildInputs): string =>
  digest([
    'build',
    dockerfile,
    context,
    platform,
    Object.entries(bases).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ])

/**
 * Key of a ground. The day is not in it, unless the image's name had one: a ground stays until it is pruned or made
 * anew, as an image that was pulled stays.
 * @param mirror as the settings have it; another mirror may have other packages
 */
export const groundKey = (
  { kind, suite, slim, platform, date }: Ground,
  mirror: string,
  today: string,
): string => digest(['ground', kind, suite, slim, platform, mirror, date === today ? '' : date])

/** Key of an image that was pulled under a name of ours: one of a platform that is not the engine's. */
export const pullKey = (published: string, platform: Platform): string =>
  digest(['pull', published, platform])
