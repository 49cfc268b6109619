// What the properties of an app say about its build.
import type { Properties } from '../config/properties.ts'
import type { Platform } from '../core/platform.ts'
import type { ScratchMode } from './scratch/judge.ts'

export interface BuildChoices {
  /** Path of the Dockerfile in the repository. */
  readonly dockerfile: string
  /** What it is for; undefined for what the engine that runs the apps is. */
  readonly platform: Platform | undefined
  /** `ssh://…` of the engine that builds; undefined for the one that runs the apps. */
  readonly host: string | undefined
  readonly scratch: ScratchMode
  readonly substitutes: boolean
}

export const buildChoices = (properties: Properties): BuildChoices => ({
  dockerfile: properties['builder-dockerfile.dockerfile-path'],
  platform: properties['apps.platform'],
  host: properties['builder.host'],
  scratch: properties['builder.scratch'],
  substitutes: properties['builder.substitutes'] === 'on',
})
