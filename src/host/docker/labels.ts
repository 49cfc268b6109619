// Labels by which Crew knows its own images, containers and networks. What lacks them is never touched.
import type { App } from '../../core/app.ts'

export const labels = {
  /** Store.instance; several instances may share an engine. */
  instance: 'crew.instance',
  /** App.id, which outlives a rename. */
  appId: 'crew.app-id',
  /** App.name when the thing was made; for people. */
  app: 'crew.app',
  release: 'crew.release',
  commit: 'crew.commit',
  deployment: 'crew.deployment',
  process: 'crew.process',
  index: 'crew.index',
  /** The image that one made here stands for; what is built on it inherits this. */
  madeFor: 'crew.made-for',
} as const

/** Labels that an image, a container and a network of an app share. */
export const appLabels = (instance: string, app: App): Record<string, string> => ({
  [labels.instance]: instance,
  [labels.appId]: String(app.id),
  [labels.app]: app.name,
})

/**
 * Repository of an app's images; the tag is `r<release>`. Docker's references end no part with a dash, which an
 * app's name may; the underscore that then comes in is in no app's name.
 */
export const imageRepository = (instance: string, { id, name }: App) =>
  `crew-${instance}/${name.replace(/-+$/, `_${id}`)}`

/** Repository of images that were made for others to be built on; the tag is their key. No app's name has a dot. */
export const madeRepository = (instance: string) => `crew-${instance}/base.made`
